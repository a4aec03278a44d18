// One job of a comparison: a model on a fold, what came of it, and how it is kept so that a run can go on after a stop.
//
//   JobResult result = run_job(entry, given, table, task, split, fold, options, context);
//   keep_job(folder, result);                                    // one JSON file, written beside and renamed
//   std::optional<JobResult> earlier = kept_job(folder, "dnn", 3);
//
// Errors of a model become `reason` (status failed); a stop on request is rethrown.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "study/pipeline.h"

namespace obligor {

struct JobResult {
  std::string model;
  int fold = 0;
  bool ok = false;
  std::string reason;
  std::vector<double> probability;  // of the fold's test rows, in their order
  double threshold = 0;             // the training bad rate
  double fit_seconds = 0;
  double score_seconds = 0;  // raw test columns to probabilities, through the plan
  Json params = Json::object();
  std::vector<std::string> notes;
  std::vector<MemberLearning> learning;
  std::vector<FeatureImportance> importance;
  double inner_auc = 0;
  Json details = Json::object();  // what the fit says of itself: coefficients, trees
  Json tuning;                    // null without
};

[[nodiscard]] JobResult run_job(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split, int fold,
                                const PipelineOptions& options, const Context& context);

void keep_job(const std::filesystem::path& folder, const JobResult& job);
// Nothing when there is no such file or it cannot be read (then the job is done again).
[[nodiscard]] std::optional<JobResult> kept_job(const std::filesystem::path& folder, const std::string& model, int fold);

[[nodiscard]] Json learning_json(const Learning& learning);

}  // namespace obligor
