// Task: what is to be predicted from a table, and what each column is for.
//
//   TaskSpec spec;  spec.target = "default";  spec.positive = "1";      // from flags or TOML
//   Task task = make_task(table, spec);                                 // resolves, checks, codes the target as 1 = bad
//   task.target[row];                                                   // 1 = bad, 0 = good
//
// Rules: without `positive` the rarer class is taken, and `positive_from` says so. Rows whose target is missing are left out of
// `rows` and counted. Every column that is neither target, id, time, weight, group, reject flag nor ignored is a feature.
// With `reject_flag` the rows that hold `reject_value` in it are applications that were turned down: they are in `rejects` and never in
// `rows`, and a target that they have all the same is not read (`rejects_with_target` counts them).
// Errors: Error{kNotFound} target or role column absent; Error{kData} target of one class, or of more than two values (for a
// binary task), or all missing; weight negative or missing; a flag that is missing in a row, or never or always `reject_value`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "table/table.h"

namespace obligor {

enum class TaskKind { kBinary, kMultistate, kSurvival, kRegression, kRating, kRanking, kAnomaly, kCluster };
[[nodiscard]] std::string_view task_kind_name(TaskKind kind);

// Columns that are one borrower's history: a channel (a balance, a payment) is a column a step, oldest first. Every channel has as many steps.
struct SequenceSpec {
  struct Channel {
    std::string name;
    std::vector<std::string> columns;
  };
  std::string name;
  std::vector<Channel> channels;
  [[nodiscard]] size_t steps() const { return channels.empty() ? 0 : channels.front().columns.size(); }
};

// What the user (or the registry) says. Empty = not said.
struct TaskSpec {
  TaskKind kind = TaskKind::kBinary;
  std::string target;
  std::string positive;          // the level of the target that is bad
  std::vector<std::string> ids;  // keys: never features
  std::string time;              // for out-of-time splits; not a feature unless `time_is_feature`
  bool time_is_feature = false;
  std::string weight;
  std::string group;                  // kept whole by grouped splits
  std::vector<std::string> protect;   // protected attributes: reported by fairness, not used as features
  std::vector<std::string> ignore;    // left out, e.g. outcomes known only later
  std::vector<std::string> features;  // when given, only these
  std::string reject_flag;            // tells accepted applications from rejected ones, which have no target
  std::string reject_value;           // of the flag, where rejected
  double cost_false_negative = 0;     // cost of a bad taken as good; 0 = not given
  double cost_false_positive = 0;
  std::vector<SequenceSpec> sequences;  // of the features
  bool from_registry = false;
};

struct Task {
  TaskKind kind = TaskKind::kBinary;
  std::string target_name;
  std::string positive;
  std::string positive_from;            // "given", "rarer", "registry"
  std::vector<std::string> features;    // names, in table order
  std::vector<SequenceSpec> sequences;  // what `spec` declares, of features only
  std::vector<uint8_t> target;          // a value a table row; 1 = bad; 0 where not in `rows`
  std::vector<double> weight;           // a value a table row, or empty = 1
  std::vector<uint32_t> rows;           // rows with a known target, ascending
  size_t missing_target = 0;
  std::vector<uint32_t> rejects;  // rejected applications, ascending; none without a flag
  size_t rejects_with_target = 0;
  TaskSpec spec;
  [[nodiscard]] size_t bad_count() const;
};

[[nodiscard]] Task make_task(const Table& table, const TaskSpec& spec);
[[nodiscard]] Json task_json(const Task& task);

// Rows to fit on, with what is known or assumed of each. A row may occur more than once: fuzzy reject inference takes a rejected
// application as bad and as good, each with a part of its weight.
struct TrainingRows {
  std::vector<uint32_t> rows;
  std::vector<uint8_t> target;  // by position; 1 = bad
  std::vector<double> weight;   // by position, or empty = 1
};
[[nodiscard]] TrainingRows training_rows(const Task& task, Rows rows);

}  // namespace obligor
