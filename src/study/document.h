// The document of a comparison: metrics with intervals, tests, curves and all that the report and --json show.
//
//   Json document = comparison_document(comparison, table, task, split, guards, facts, context);
//
// Each metric is the mean over the folds of the fold's own value, with the interval of that mean (DeLong for AUC and Gini, stratified
// bootstrap elsewhere). Pairs of models are compared by DeLong on the same rows, adjusted by Holm; over three folds or more also by
// Friedman's test with Nemenyi's critical difference. Curves pool the folds' out-of-fold probabilities. docs/compare-json.md.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "core/json.h"
#include "study/compare.h"
#include "table/guard.h"

namespace obligor {

struct RunFacts {
  std::string command;
  std::string started;  // ISO 8601, UTC
  double seconds = 0;
  std::string source;
  std::vector<std::string> notes;  // of reading
  int resamples = 200;
  bool diagnose = false;  // each model's gradients and activations are judged (model/diagnosis.h)
};

[[nodiscard]] Json comparison_document(const Comparison& comparison, const Table& table, const Task& task, const Split& split,
                                       const std::vector<Guard>& guards, const RunFacts& facts, const Context& context);

// `row,fold,model,p`, row = 0-based data row of the source.
[[nodiscard]] std::string out_of_fold_csv(const Comparison& comparison, const Table& table, const Split& split);

}  // namespace obligor
