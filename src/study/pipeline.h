// fit_pipeline: from raw training rows to one ScorePlan, with the inner folds that early stopping and choice need.
//
//   FittedPipeline fitted = fit_pipeline(entry, {{"learning_rate", "0.05"}}, table, task, split, train_rows, options, context);
//   std::vector<double> p = score(fitted.plan, table, test_rows);
//
// The training rows are parted in inner folds by the rules of the outer split. Each candidate (a set of parameter overrides of the
// model's registry row) is fitted once an inner fold: the preprocessor on the inner train part, early stopping on the inner valid
// part. The inner out-of-fold log-odds choose. A model with early stopping keeps its members (one an inner fold) and averages their
// log-odds, over the candidates that a forward selection with replacement (Caruana et al. 2004) takes; any other model is refitted
// on all training rows with the one best candidate. No row outside `train` is looked at.
// Errors: those of the model and of prep; Error{kData} when the training rows have one class.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/context.h"
#include "model/model.h"
#include "plan/executor.h"
#include "plan/plan.h"
#include "table/split.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

struct PipelineOptions {
  int inner_folds = 5;
  bool search = true;                           // try the entry's candidates; false: the defaults alone
  int selection_steps = 6;                      // of the forward selection
  ExecutorFactory executor = make_interpreter;  // what runs the plans; the program gives the native one
};

using ParamValues = std::vector<std::pair<std::string, std::string>>;

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
};

[[nodiscard]] FittedPipeline fit_pipeline(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split,
                                          Rows train, const PipelineOptions& options, const Context& context);

// Probabilities of bad from a plan's "probability" output.
[[nodiscard]] std::vector<double> score(const ScorePlan& plan, const Table& table, Rows rows, const ExecutorFactory& executor = make_interpreter);

}  // namespace obligor
