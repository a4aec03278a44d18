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

#include "cli/data_options.h"
#include "cli/frame.h"
#include "cli/model_options.h"

namespace obligor::cli {

struct MultistateOptions {
  std::string state;
  int horizon = 12;
  std::vector<std::string> advance;
};

void add_multistate_options(CLI::App& app, MultistateOptions& options);

struct MultistateRun {
  const DataOptions& data;
  const std::vector<std::string>& models;
  const ModelOptions& model;
  int resamples = 200;
  std::string save;
  bool json = false;
};
[[nodiscard]] int run_multistate(const MultistateOptions& options, const MultistateRun& run, const Globals& globals);

}  // namespace obligor::cli
