// What the commands that train share: where the rows come from, what is predicted, and how rows are parted for an honest estimate.
//
//   DataOptions options;  add_data_options(app, options);  add_split_options(app, options);
//   const LoadedData data = load_data(options, "compare", context);       // read, checked, split, looked at by the leak guards
//
// Contract: what the guards find is said on stderr, and what they drop leaves the task's features unless the user or the registry
// chose the columns. A name of the registry brings its own way to be read and its task; what the user says wins.
// Options of group kTaskGroup (cli/toml_config.h) are the keys of the table [task] in a config file.
// Errors: Error{kInvalid} neither or both of DATA and --sql, no target; those of table/source.h, task.h and split.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/context.h"
#include "core/json.h"
#include "table/guard.h"
#include "table/source.h"
#include "table/split.h"
#include "table/task.h"

namespace obligor::cli {

struct DataOptions {
  std::string data;
  std::string sql;
  ReadOptions read;
  std::string mirror;
  TaskSpec task;
  std::vector<std::string> sequences;  // as table/sequence.h reads them
  int folds = 5;
  std::string folds_file;
  double hold_out = 0;
  std::string out_of_time;
  std::string cutoff;
};

// Each takes what must live as long as the app's parsing.
void add_data_options(CLI::App& app, DataOptions& options);
void add_split_options(CLI::App& app, DataOptions& options);

// The table alone. A name of the registry brings its own way to be read and its task, which `task` takes up; what the user says wins.
[[nodiscard]] Table read_data(const DataOptions& options, TaskSpec& task, const std::string& command, int threads, std::vector<ReadNote>* notes);

struct LoadedData {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();  // of the work
  std::string source;                                                              // as the user named it
  Table table;
  Task task;
  Split split;
  std::vector<Guard> guards;
  std::vector<std::string> notes;  // of reading
  Json children = Json::array();   // the child tables that widened the table (table/child.h)
};

[[nodiscard]] LoadedData load_data(const DataOptions& options, const std::string& command, const Context& context);

}  // namespace obligor::cli
