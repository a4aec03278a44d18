// Reject inference: what the applications that were turned down may add to a model of those that were accepted.
//
//   RejectOptions options;  options.method = RejectMethod::kFuzzy;
//   const Inferred inferred = infer_rejects(accepted, rejects, options, seed);    // rows, targets and weights to fit on
//
// A model that knows accepted applications alone is fitted first; its probabilities p of bad (and, for augmentation, those of being
// rejected) decide how the second fit sees the rest. With f = `odds_factor`, a rejected application has the odds f p / (1 - p) of bad:
// f says by how much rejected ones are worse than accepted ones that look the same, which no data of the bank can tell.
//   augmentation   accepted rows are reweighted by (accepted + rejected) / accepted in their band of the probability of being
//                  rejected (Hsia 1978); no rejected row is fitted on. It takes for granted that f = 1.
//   parcelling     in each band of p, rejected rows are bad at random with the observed bad rate of the accepted rows there, the odds
//                  raised by f (Siddiqi 2006, ch. 7)
//   fuzzy          each rejected row enters twice: as bad with weight p', as good with 1 - p' (fuzzy augmentation)
//   hard_cutoff    rejected rows above a cut are bad, the others good; the cut gives as many bads as the p' promise
// What comes of each method is measured against a known truth in docs/reject-inference.md.
// Contract: pure functions of what is given and the seed. Errors: those of check_reject_options.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "table/task.h"

namespace obligor {

enum class RejectMethod { kNone, kAugmentation, kParcelling, kFuzzy, kHardCutoff };
[[nodiscard]] std::string_view reject_method_name(RejectMethod method);
[[nodiscard]] RejectMethod parse_reject_method(std::string_view name);  // Error{kNotFound} with near candidates

struct RejectOptions {
  RejectMethod method = RejectMethod::kNone;
  double odds_factor = 1;
  int bands = 20;  // of augmentation and parcelling
};

// Error{kInvalid}: a method without rejected applications in the task; a factor that is not positive, or that the method does not use.
void check_reject_options(const RejectOptions& options, const Task& task);

// What a kept result depends on: the options and the rejected applications. Empty where there is no inference.
[[nodiscard]] std::string reject_key(const RejectOptions& options, const Task& task);

// `score` is what the first stage says: the probability of bad, for augmentation that of being rejected. Those of accepted rows come
// from fits that did not see them.
struct ScoredAccepted {
  TrainingRows rows;
  std::vector<double> score;  // read by augmentation and parcelling
};
struct ScoredRejects {
  std::vector<uint32_t> rows;
  std::vector<double> weight;  // or empty = 1
  std::vector<double> score;
};

struct Inferred {
  TrainingRows rows;
  Json summary;  // method, rejects, and what was inferred of them; docs/compare-json.md
};

[[nodiscard]] Inferred infer_rejects(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options, uint64_t seed);

}  // namespace obligor
