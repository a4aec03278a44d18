// Comparison: models on the same folds, run in parallel, kept as they finish, and told as one document.
//
//   Comparison comparison = run_comparison(requests, table, task, split, options, context);
//   Json document = comparison_document(comparison, ...);          // study/document.h
//
// Contract: jobs (model x fold) run on the context's pool, one thread each; the order of results does not depend on it. With a run
// folder each finished job is kept there and `resume` takes it up again; the folder's key ties it to the data, the task, the split,
// the seed and the parameters. After a stop on request the finished jobs are there and `stopped` is set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/job.h"

namespace obligor {

struct ModelRequest {
  ModelEntry entry;
  ParamValues given;
};

struct CompareOptions {
  PipelineOptions pipeline;
  std::filesystem::path run_folder;  // empty: nothing is kept. The comparison's own: emptied at a start without `resume`
  bool resume = false;
};

struct ModelOutcome {
  ModelEntry entry;
  ParamValues given;
  std::vector<JobResult> jobs;  // finished ones, by fold
  bool ok = false;              // finished on all folds
  std::string reason;           // when not
};

struct Comparison {
  std::vector<ModelOutcome> models;
  bool stopped = false;
};

[[nodiscard]] Comparison run_comparison(const std::vector<ModelRequest>& requests, const Table& table, const Task& task, const Split& split,
                                        const CompareOptions& options, const Context& context);

// Where a run keeps the trials of its models' tuning.
[[nodiscard]] inline std::filesystem::path trial_folder(const std::filesystem::path& run_folder) { return run_folder / "trials"; }

// What a kept job depends on: a digest of data, task, split, seed, options, and every model's given parameters.
[[nodiscard]] std::string run_key(const std::vector<ModelRequest>& requests, const Table& table, const Task& task, const Split& split,
                                  const PipelineOptions& options, uint64_t seed);

}  // namespace obligor
