// What `obligor compare` hands to a task that is not a binary target: the data, the models, and what becomes of the result.
#pragma once

#include <string>
#include <vector>

#include "cli/data_options.h"
#include "cli/model_options.h"
#include "core/context.h"
#include "table/table.h"

namespace obligor::cli {

struct TaskRun {
  const DataOptions& data;
  const std::vector<std::string>& models;
  const ModelOptions& model;
  int resamples = 200;
  std::string save;
  bool json = false;
};

// The table of DATA or --sql, with some columns read as categories whatever they hold; what was noted on the way is logged.
// Errors: those of reading; kInvalid unless one of the two is given.
[[nodiscard]] Table read_task_table(const DataOptions& data, const std::vector<std::string>& categories, const Context& context);

}  // namespace obligor::cli
