// `obligor compare --task rating|ranking`: models of pairs of customer and product, compared with each other.
//
//   RecommendOptions options;  add_recommend_options(app, options);
//   if (options.kind != TaskKind::kBinary) return run_recommend(options, ...);
//
// Errors: kInvalid for a role that is missing or an option that such a task does not take.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/frame.h"
#include "cli/task_run.h"

namespace obligor::cli {

struct RecommendOptions {
  TaskKind kind = TaskKind::kBinary;
  std::string customer;
  std::string product;
  int negatives = 99;
  std::string negatives_file;
  int k = 10;
};

void add_recommend_options(CLI::App& app, RecommendOptions& options);

[[nodiscard]] int run_recommend(const RecommendOptions& options, const TaskRun& run, const Globals& globals);

}  // namespace obligor::cli
