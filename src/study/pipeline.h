// fit_pipeline: from raw training rows to one ScorePlan, with the inner folds that early stopping and choice need.
//
//   FittedPipeline fitted = fit_pipeline(entry, {{"learning_rate", "0.05"}}, table, task, split, train_rows, options, context);
//   std::vector<double> p = score(fitted.plan, table, test_rows);
//
// The training rows are parted in inner folds by the rules of the outer split. Each candidate (a set of parameter overrides of the
// model's registry row, and with tuning the trials that study/tune makes of it) is fitted once an inner fold: the preprocessor on the
// inner train part, early stopping on the inner valid part. Of the trials the best few go on to the choice. The inner out-of-fold log-odds choose. A
// model with early stopping keeps its members (one an inner fold) and averages their log-odds, over the candidates that a forward selection with
// replacement (Caruana et al. 2004) takes (those of a blend are the candidates of its parts); any other model is refitted on all training rows with
// the one best candidate. No row outside `train` is looked at, but for the features of rejected applications where reject inference is on
// (study/reject.h): every fit is then made twice, and the inner folds' test rows are accepted ones. Errors: those of the model and of prep;
// Error{kData} when the training rows have one class.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/context.h"
#include "model/model.h"
#include "plan/executor.h"
#include "plan/plan.h"
#include "study/reject.h"
#include "study/tune/tune.h"
#include "table/split.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

struct PipelineOptions {
  int inner_folds = 5;
  bool search = true;       // try the entry's candidates; false: the defaults alone
  int selection_steps = 6;  // of the forward selection
  int tune = 0;             // trials, the candidates among them; 0: as many as the model's row says, none without `search`
  double tune_minutes = 0;  // at most, of one fit; 0: no limit
  TuneMethod tune_method = TuneMethod::kBayes;
  RejectOptions reject;
  std::filesystem::path tune_folder;            // where the trials of a fit are kept and taken up again; empty: nowhere
  ExecutorFactory executor = make_interpreter;  // what runs the plans; the program gives the native one
};

struct MemberLearning {
  int member = 0;
  Learning learning;
};

struct FeatureImportance {
  std::string feature;  // raw column
  double share = 0;     // of the sum
};

struct FittedPipeline {
  ScorePlan plan;                // outputs "log_odds" and "probability"
  Json params = Json::object();  // of the (first) chosen candidate, with `candidates` and their weights
  std::vector<std::string> notes;
  std::vector<MemberLearning> learning;
  std::vector<FeatureImportance> importance;  // sorted, shares sum to 1; empty when the model has none
  Json details = Json::object();              // of the (first) member
  double inner_auc = 0;                       // 0 when no inner fold was fitted
  Json tuning;                                // space, trials and how they ended, docs/compare-json.md; null without tuning
};

[[nodiscard]] FittedPipeline fit_pipeline(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split,
                                          Rows train, const PipelineOptions& options, const Context& context);

// The rows that a blend with these values is made of, in the order named; empty for any other model. Errors: kInvalid for a name that
// is not among entry.parts, stands twice, or is missing.
[[nodiscard]] std::vector<const ModelEntry*> parts_of(const ModelEntry& entry, const ParamValues& given);

// Probabilities of bad from a plan's "probability" output.
[[nodiscard]] std::vector<double> score(const ScorePlan& plan, const Table& table, Rows rows, const ExecutorFactory& executor = make_interpreter);

}  // namespace obligor
