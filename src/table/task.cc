#include "table/task.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace obligor {
namespace {

// One value of the target: its text, how often it occurs, and what orders it.
struct Level {
  std::string text;
  size_t count = 0;
};

std::optional<double> parse_number(const std::string& text) {
  if (text == "true" || text == "TRUE" || text == "True") return 1;
  if (text == "false" || text == "FALSE" || text == "False") return 0;
  try {
    size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size()) return value;
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return std::nullopt;
}

// A key that is equal exactly for equal target values, and orders them.
std::vector<double> target_keys(const Table& table, const Column& column) {
  switch (column.kind()) {
    case ColumnKind::kNumber: {
      const auto values = column.numbers();
      return {values.begin(), values.end()};
    }
    case ColumnKind::kCategory: {
      // Levels are ordered by their text, so that nothing depends on the order of the rows.
      std::vector<size_t> order(column.dictionary().size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return column.dictionary()[a] < column.dictionary()[b]; });
      std::vector<double> rank(order.size());
      for (size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<double>(i);
      std::vector<double> keys;
      keys.reserve(column.size());
      for (const int32_t code : column.codes()) keys.push_back(code == kMissingCode ? std::nan("") : rank[static_cast<size_t>(code)]);
      return keys;
    }
    default:
      throw Error(ErrorCode::kData, fmt::format("{}: target '{}' is a {} column; a binary target is a number or a category of two values",
                                                table.source(), column.name(), kind_name(column.kind())));
  }
}

std::string list_levels(const std::map<double, Level>& levels) {
  std::vector<std::string> shown;
  for (const auto& [key, level] : levels) {
    if (shown.size() == 5) {
      shown.emplace_back("...");
      break;
    }
    shown.push_back(fmt::format("'{}'", level.text));
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

double positive_key(const Table& table, const Column& column, const TaskSpec& spec, const std::map<double, Level>& levels, Task& task) {
  if (!spec.positive.empty()) {
    task.positive_from = spec.from_registry ? "registry" : "given";
    const auto number = column.kind() == ColumnKind::kNumber ? parse_number(spec.positive) : std::nullopt;
    for (const auto& [key, level] : levels) {
      const bool same = number ? static_cast<float>(*number) == static_cast<float>(key) : level.text == spec.positive;
      if (same) return key;
    }
    throw Error(ErrorCode::kData, fmt::format("{}: positive value '{}' does not occur in target '{}'; it has {}", table.source(), spec.positive,
                                              column.name(), list_levels(levels)));
  }
  task.positive_from = "rarer";
  // Of two equally frequent values the later one, so that 1 wins over 0.
  const auto first = levels.begin();
  const auto second = std::next(first);
  return second->second.count <= first->second.count ? second->first : first->first;
}

// Whether the cell holds the value that a person wrote.
bool holds(const Column& column, size_t row, const std::string& value, const std::optional<double>& number) {
  if (column.kind() == ColumnKind::kNumber && number) return column.numbers()[row] == static_cast<float>(*number);
  return column.cell_text(row) == value;
}

void find_rejects(const Table& table, const TaskSpec& spec, Task& task) {
  if (spec.reject_flag.empty() && spec.reject_value.empty()) return;
  if (spec.reject_flag.empty() || spec.reject_value.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("{}: a reject flag needs its column and the value that means rejected; give both --reject-flag and "
                                                 "--reject-value",
                                                 table.source()));
  }
  if (!table.find(spec.reject_flag)) throw unknown_name("reject flag", spec.reject_flag, table.names());
  const Column& column = table.column(spec.reject_flag);
  if (column.kind() != ColumnKind::kNumber && column.kind() != ColumnKind::kCategory) {
    throw Error(ErrorCode::kData, fmt::format("{}: reject flag '{}' is a {} column; a number or a category is wanted", table.source(), column.name(),
                                              kind_name(column.kind())));
  }
  const auto number = parse_number(spec.reject_value);
  std::set<std::string> others;
  for (size_t row = 0; row < table.rows(); ++row) {
    if (column.is_missing(row)) {
      throw Error(ErrorCode::kData, fmt::format("{}:row {}: reject flag '{}' is missing; every row is accepted or rejected", table.source(),
                                                table.source_row(row), column.name()));
    }
    if (holds(column, row, spec.reject_value, number)) task.rejects.push_back(static_cast<uint32_t>(row));
    else if (others.size() < 5) others.insert(column.cell_text(row));
  }
  if (task.rejects.empty()) {
    throw Error(ErrorCode::kData, fmt::format("{}: reject value '{}' does not occur in reject flag '{}'; it has {}", table.source(),
                                              spec.reject_value, column.name(), fmt::join(others, ", ")));
  }
  if (task.rejects.size() == table.rows()) {
    throw Error(ErrorCode::kData, fmt::format("{}: every row is '{}' in reject flag '{}'; without accepted rows there is nothing to learn from",
                                              table.source(), spec.reject_value, column.name()));
  }
}

void code_target(const Table& table, const TaskSpec& spec, Task& task) {
  const Column& column = table.column(spec.target);
  std::vector<double> keys = target_keys(table, column);
  std::vector<uint8_t> rejected(table.rows(), 0);
  for (const uint32_t row : task.rejects) {
    rejected[row] = 1;
    if (!std::isnan(keys[row])) ++task.rejects_with_target;
  }
  std::map<double, Level> levels;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (rejected[row] != 0) {
      keys[row] = std::nan("");
      continue;
    }
    if (std::isnan(keys[row])) {
      ++task.missing_target;
      continue;
    }
    Level& level = levels[keys[row]];
    if (level.count++ == 0) level.text = column.cell_text(row);
  }
  if (levels.empty()) {
    throw Error(ErrorCode::kData, fmt::format("{}: target '{}' is missing in all {} rows{}; name another column with --target", table.source(),
                                              column.name(), table.rows() - task.rejects.size(), task.rejects.empty() ? "" : " that were accepted"));
  }
  if (levels.size() == 1) {
    throw Error(ErrorCode::kData, fmt::format("{}: target '{}' has one value only, {}; a binary task needs both good and bad rows", table.source(),
                                              column.name(), list_levels(levels)));
  }
  if (levels.size() > 2) {
    throw Error(ErrorCode::kData, fmt::format("{}: target '{}' has {} values ({}); a binary task needs exactly two: name another column "
                                              "with --target, or choose rows with --select",
                                              table.source(), column.name(), levels.size(), list_levels(levels)));
  }
  const double bad = positive_key(table, column, spec, levels, task);
  task.positive = levels.at(bad).text;
  task.target.assign(table.rows(), 0);
  for (size_t row = 0; row < keys.size(); ++row) {
    if (std::isnan(keys[row])) continue;
    task.rows.push_back(static_cast<uint32_t>(row));
    if (keys[row] == bad) task.target[row] = 1;
  }
}

void read_weights(const Table& table, const TaskSpec& spec, Task& task) {
  if (spec.weight.empty()) return;
  const Column& column = table.column(spec.weight);
  if (column.kind() != ColumnKind::kNumber) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: weight '{}' is a {} column; weights are numbers", table.source(), column.name(), kind_name(column.kind())));
  }
  const auto values = column.numbers();
  double sum = 0;
  std::vector<uint32_t> rows = task.rows;
  rows.insert(rows.end(), task.rejects.begin(), task.rejects.end());
  for (const uint32_t row : rows) {
    const float value = values[row];
    if (!(value >= 0) || std::isinf(value)) {
      throw Error(ErrorCode::kData, fmt::format("{}:row {}: weight '{}' is {}; weights are finite and not negative", table.source(),
                                                table.source_row(row), column.name(), std::isnan(value) ? "missing" : column.cell_text(row)));
    }
    sum += static_cast<double>(value);
  }
  if (sum <= 0) throw Error(ErrorCode::kData, fmt::format("{}: weight '{}' is 0 in every row", table.source(), column.name()));
  task.weight.assign(table.rows(), 0);
  for (const uint32_t row : rows) task.weight[row] = static_cast<double>(values[row]);
}

void choose_features(const Table& table, const TaskSpec& spec, Task& task) {
  std::unordered_set<std::string> held{spec.target};
  const auto hold = [&](const std::string& name) {
    if (name.empty()) return;
    held.insert(table.column(name).name());
  };
  if (!spec.time_is_feature) hold(spec.time);
  hold(spec.weight);
  hold(spec.group);
  hold(spec.reject_flag);
  for (const auto* names : {&spec.ids, &spec.protect, &spec.ignore}) {
    for (const std::string& name : *names) hold(name);
  }
  if (spec.features.empty()) {
    for (const std::string& name : table.names()) {
      if (!held.contains(name)) task.features.push_back(name);
    }
  } else {
    std::unordered_set<std::string> wanted;
    for (const std::string& name : spec.features) {
      if (held.contains(table.column(name).name())) {
        throw Error(ErrorCode::kInvalid, fmt::format("{}: column '{}' is named as a feature and has another role (target, id, time, weight, "
                                                     "group, protected or ignored); name it once",
                                                     table.source(), name));
      }
      wanted.insert(name);
    }
    for (const std::string& name : table.names()) {
      if (wanted.contains(name)) task.features.push_back(name);
    }
  }
  if (task.features.empty()) {
    throw Error(ErrorCode::kData, fmt::format("{}: no column is left as a feature beside target '{}'", table.source(), spec.target));
  }
}

void find_sequences(const Table& table, const TaskSpec& spec, Task& task) {
  const std::unordered_set<std::string> features(task.features.begin(), task.features.end());
  for (const SequenceSpec& sequence : spec.sequences) {
    const auto same = [&](const SequenceSpec& other) { return other.name == sequence.name; };
    if (std::any_of(task.sequences.begin(), task.sequences.end(), same)) {
      throw Error(ErrorCode::kInvalid, fmt::format("{}: two sequences are named '{}'; name each once", table.source(), sequence.name));
    }
    for (const auto& channel : sequence.channels) {
      for (const std::string& column : channel.columns) {
        const std::string what = fmt::format("sequence '{}', channel '{}': column", sequence.name, channel.name);
        if (!table.find(column)) throw unknown_name(what, column, table.names());
        if (features.contains(column)) continue;
        throw Error(ErrorCode::kInvalid,
                    fmt::format("{}: {} '{}' is no feature of the task (it is the target, left out or has another role); leave it "
                                "out of the sequence",
                                table.source(), what, column));
      }
    }
    task.sequences.push_back(sequence);
  }
}

}  // namespace

std::string_view task_kind_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::kBinary: return "binary";
    case TaskKind::kMultistate: return "multistate";
    case TaskKind::kSurvival: return "survival";
    case TaskKind::kRegression: return "regression";
    case TaskKind::kRating: return "rating";
    case TaskKind::kRanking: return "ranking";
    case TaskKind::kAnomaly: return "anomaly";
    case TaskKind::kCluster: return "cluster";
  }
  return "unknown";
}

size_t Task::bad_count() const {
  size_t count = 0;
  for (const uint32_t row : rows) count += target[row];
  return count;
}

Task make_task(const Table& table, const TaskSpec& spec) {
  if (spec.kind != TaskKind::kBinary) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("tasks of kind '{}' cannot be prepared from a table; binary ones can", task_kind_name(spec.kind)));
  }
  if (spec.target.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("{}: no target is named; name the column with --target", table.source()));
  }
  Task task;
  task.kind = spec.kind;
  task.spec = spec;
  task.target_name = spec.target;
  if (!table.find(spec.target)) throw unknown_name("target column", spec.target, table.names());
  find_rejects(table, spec, task);
  code_target(table, spec, task);
  read_weights(table, spec, task);
  choose_features(table, spec, task);
  find_sequences(table, spec, task);
  return task;
}

Json task_json(const Task& task) {
  const size_t bad = task.bad_count();
  Json json{{"kind", task_kind_name(task.kind)},
            {"target", task.target_name},
            {"positive", task.positive},
            {"positive_from", task.positive_from},
            {"rows", task.rows.size()},
            {"bad", bad},
            {"bad_rate", static_cast<double>(bad) / static_cast<double>(task.rows.size())},
            {"missing_target", task.missing_target},
            {"features", task.features}};
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  const auto put_all = [&](const char* key, const std::vector<std::string>& values) {
    if (!values.empty()) json[key] = values;
  };
  put("time", task.spec.time);
  put("weight", task.spec.weight);
  put("group", task.spec.group);
  if (!task.rejects.empty()) {
    put("reject_flag", task.spec.reject_flag);
    put("reject_value", task.spec.reject_value);
    json["rejects"] = task.rejects.size();
    if (task.rejects_with_target > 0) json["rejects_with_target"] = task.rejects_with_target;
  }
  put_all("ids", task.spec.ids);
  put_all("protect", task.spec.protect);
  put_all("ignore", task.spec.ignore);
  for (const auto& sequence : task.sequences) {
    Json channels = Json::array();
    for (const auto& channel : sequence.channels) channels.push_back({{"name", channel.name}, {"columns", channel.columns}});
    json["sequences"].push_back({{"name", sequence.name}, {"channels", std::move(channels)}});
  }
  if (task.spec.cost_false_negative > 0) json["cost_false_negative"] = task.spec.cost_false_negative;
  if (task.spec.cost_false_positive > 0) json["cost_false_positive"] = task.spec.cost_false_positive;
  return json;
}

TrainingRows training_rows(const Task& task, Rows rows) {
  TrainingRows train;
  train.rows.assign(rows.begin(), rows.end());
  train.target.reserve(rows.size());
  for (const uint32_t row : rows) train.target.push_back(task.target[row]);
  if (task.weight.empty()) return train;
  train.weight.reserve(rows.size());
  for (const uint32_t row : rows) train.weight.push_back(task.weight[row]);
  return train;
}

}  // namespace obligor
