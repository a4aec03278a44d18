// The tuning loop: which parameters to try next, until the trials or the time are spent.
//
//   TuneOptions options{.trials = 40, .fold_weight = {180, 180, 180, 180, 180}};
//   TuneResult result = tune(space, {{}, {{"num_leaves", "31"}}}, evaluate, options, context);   // docs/tuning.md
//
// The first trials are the warm start (the model's default and its candidates), then a Latin hypercube, then the maxima of the expected
// improvement under a Gaussian process over all trials so far. `evaluate(set, trial, fold)` gives the AUC on one inner fold, higher is
// better. After its first and its second fold a trial is pruned when it is hopeless: with d the mean difference, over the folds done, to
// the best finished trial and s the scatter of such differences by fold (pooled over the finished trials), d + 2 s sqrt(1/done -
// 1/folds) < 0. No trial is pruned before five have finished. A pruned trial tells the surrogate the best trial's value plus d.
// Contract: the trials depend on the space, the seed and the values alone, so that the first n of more trials are the same; a kept trial
// (one JSON line each in `file`) is taken up when it is the one that would be tried now. The folds of a trial after the second run in
// parallel. A trial that throws is `failed` and counts as the worst; a stop on request is rethrown; when all trials fail, the first
// error is. A time budget ends the loop between trials, never before the first has finished.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "study/tune/space.h"

namespace obligor {

enum class TrialOrigin { kDefault, kCandidate, kDesign, kModel, kRandom };
enum class TrialStatus { kOk, kPruned, kFailed };
enum class TuneMethod { kBayes, kRandom };

[[nodiscard]] std::string_view name_of(TrialOrigin origin);
[[nodiscard]] std::string_view name_of(TrialStatus status);

struct Trial {
  int number = 0;
  ParamValues set;
  Point point;
  TrialOrigin origin = TrialOrigin::kModel;
  TrialStatus status = TrialStatus::kOk;
  std::vector<double> fold_auc;  // of the folds done
  double value = 0;              // mean by the folds' weights; of a pruned trial: what it is taken for
  double seconds = 0;
  std::string reason;     // of a failure
  bool taken_up = false;  // from an earlier run
};

struct TuneOptions {
  int trials = 40;
  double minutes = 0;  // 0: no limit
  TuneMethod method = TuneMethod::kBayes;
  std::vector<double> fold_weight;             // one a fold
  std::filesystem::path file;                  // where trials are kept; empty: nowhere
  std::string label = "tune";                  // of the progress
  std::function<void(const Trial&)> finished;  // told of each trial, in order
};

struct TuneResult {
  std::vector<Trial> trials;
  std::string ended;  // "trials", "time" or "space" (nothing new is left to try)
};

using EvaluateFold = std::function<double(const ParamValues& set, int trial, size_t fold)>;

[[nodiscard]] TuneResult tune(const SearchSpace& space, const std::vector<ParamValues>& warm_start, const EvaluateFold& evaluate,
                              const TuneOptions& options, const Context& context);

// Whether a trial with these folds done cannot be expected to pass the best of `finished` (all of its folds done).
[[nodiscard]] bool hopeless(const std::vector<double>& done, const std::vector<Trial>& trials);

[[nodiscard]] Json trial_json(const Trial& trial);
// The whole lines of a file of trials, each that can be read up to the first that cannot.
[[nodiscard]] std::vector<Trial> kept_trials(const std::filesystem::path& file);

}  // namespace obligor
