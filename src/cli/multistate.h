// `obligor compare --task multistate`: models of the state in which an account stands next period, compared with each other.
//
//   MultistateOptions options;  add_multistate_options(app, options);
//   if (kind == TaskKind::kMultistate) return run_multistate(options, ...);
//
// Errors: kInvalid for a role that is missing or an option that such a task does not take.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/frame.h"
#include "cli/task_run.h"

namespace obligor::cli {

struct MultistateOptions {
  std::string state;
  std::string event;
  std::vector<size_t> within;
  int horizon = 12;
  std::vector<std::string> advance;
};

void add_multistate_options(CLI::App& app, MultistateOptions& options);

[[nodiscard]] int run_multistate(const MultistateOptions& options, const TaskRun& run, const Globals& globals);

}  // namespace obligor::cli
