#include "cli/data_options.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/read_options.h"
#include "cli/toml_config.h"
#include "core/error.h"
#include "core/log.h"
#include "table/child.h"
#include "table/registry.h"
#include "table/sequence.h"

namespace obligor::cli {
namespace {

SplitSpec split_spec(const DataOptions& options) {
  SplitSpec spec;
  spec.folds = options.folds;
  if (options.hold_out > 0) spec.test_share = options.hold_out;
  if (!options.folds_file.empty()) {
    spec.kind = SplitKind::kFile;
    spec.file = options.folds_file;
  } else if (!options.out_of_time.empty()) {
    spec.kind = SplitKind::kOutOfTime;
    spec.cutoff = options.cutoff;
  } else if (!options.task.group.empty()) {
    spec.kind = SplitKind::kGrouped;
  } else if (options.hold_out > 0) {
    spec.kind = SplitKind::kHoldOut;
  }
  return spec;
}

// What the registry declares of the columns that are still features.
std::vector<SequenceSpec> registry_sequences(const DataSet& set, const TaskSpec& task) {
  const auto held = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<SequenceSpec> sequences = set.task.sequences;
  for (auto& sequence : sequences) {
    std::erase_if(sequence.channels, [&](const auto& channel) {
      return std::any_of(channel.columns.begin(), channel.columns.end(), [&](const std::string& column) {
        const bool has_role = column == task.target || column == task.weight || column == task.group || column == task.time ||
                              column == task.reject_flag || held(task.ids, column) || held(task.protect, column) || held(task.ignore, column);
        return has_role || (!task.features.empty() && !held(task.features, column));
      });
    });
  }
  std::erase_if(sequences, [](const auto& sequence) { return sequence.channels.empty(); });
  return sequences;
}

// A channel with a column that is left out goes with it.
void leave_out(Task& task, const std::string& name) {
  std::erase(task.features, name);
  for (auto& sequence : task.sequences) {
    std::erase_if(sequence.channels,
                  [&](const auto& channel) { return std::find(channel.columns.begin(), channel.columns.end(), name) != channel.columns.end(); });
  }
  std::erase_if(task.sequences, [](const auto& sequence) { return sequence.channels.empty(); });
}

// Says what the leak guards found, and leaves out what they drop unless the user or the registry chose the columns.
std::vector<Guard> guard(const Table& table, Task& task, const Split& split) {
  auto guards = leak_guards(table, task, split);
  const bool chosen = !task.spec.features.empty() || task.spec.from_registry;
  for (auto& finding : guards) {
    finding.drop = finding.drop && !chosen;
    if (finding.drop) {
      leave_out(task, finding.column);
      finding.message += "; it is left out";
    }
    log_warn(fmt::format("{}: {}", finding.kind, finding.message));
  }
  return guards;
}

}  // namespace

Table read_data(const DataOptions& options, TaskSpec& task, const std::string& command, int threads, std::vector<ReadNote>* notes) {
  const bool named = options.sql.empty() && !std::filesystem::exists(options.data) && is_data_set(options.data);
  if (named) {
    const DataSet& set = find_data_set(options.data);
    if (task.target.empty() || task.target == set.task.target) {
      task.from_registry = task.positive.empty();
      task.target = set.task.target;
      if (task.positive.empty()) task.positive = set.task.positive;
    }
    task.ids.insert(task.ids.end(), set.task.ids.begin(), set.task.ids.end());
    task.ignore.insert(task.ignore.end(), set.task.ignore.begin(), set.task.ignore.end());
    if (task.sequences.empty()) task.sequences = registry_sequences(set, task);
    return read_data_set(set, options.mirror, notes);
  }
  if (task.target.empty()) throw Error(ErrorCode::kInvalid, fmt::format("{}: --target COLUMN is wanted (a set of the registry needs none)", command));
  ReadOptions read = options.read;
  read.threads = threads;
  return options.sql.empty() ? read_table(options.data, read, notes) : read_sql(options.sql, read, notes);
}

void add_data_options(CLI::App& app, DataOptions& options) {
  app.add_option("data", options.data, "CSV (also .gz, .zst), Parquet, ARFF or JSON lines, or a set of the registry by name");
  app.add_option("--sql", options.sql, "a query instead of a file: \"select ... from read_parquet('loans/*.parquet')\"")->group("Data");
  app.add_option("--mirror", options.mirror, "the folder that holds the registry's files; default: OBLIGOR_DATA_DIR, or what was downloaded")
      ->group("Data");
  add_read_options(app, options.read);
  TaskSpec& task = options.task;
  app.add_option("--target", task.target, "the column to predict")->group(kTaskGroup);
  app.add_option("--positive", task.positive, "the value of the target that is bad; default: the rarer one")->group(kTaskGroup);
  app.add_option("--id", task.ids, "key columns, never features")->delimiter(',')->group(kTaskGroup);
  app.add_option("--ignore", task.ignore, "columns to leave out, such as outcomes known only later")->delimiter(',')->group(kTaskGroup);
  app.add_option("--features", task.features, "only these columns")->delimiter(',')->group(kTaskGroup);
  app.add_option("--protect", task.protect, "protected attributes: never features")->delimiter(',')->group(kTaskGroup);
  app.add_option("--weight", task.weight, "a column of row weights")->group(kTaskGroup);
  app.add_option("--time", task.time, "a date column that is no feature")->group(kTaskGroup);
  app.add_option("--group", task.group, "a column whose groups stay whole in every split")->group(kTaskGroup);
  app.add_option("--sequence", options.sequences,
                 "columns that are one history, oldest first, as in \"history: paid=pay_6..pay_1, bill=bill_6..bill_1\"; or a table of events, as in "
                 "\"payments: table=payments.csv, key=account, order=date, until=decided, steps=16\" (docs/sequences.md)")
      ->group("Data");
  app.add_option("--reject-flag", task.reject_flag, "a column that tells accepted applications from rejected ones, which have no target")
      ->group(kRejectGroup);
  app.add_option("--reject-value", task.reject_value, "the value of the flag that means rejected")->group(kRejectGroup);
}

void add_split_options(CLI::App& app, DataOptions& options) {
  app.add_option("--cv", options.folds, "number of stratified folds")->check(CLI::Range(2, 1000))->capture_default_str()->group("Split");
  app.add_option("--folds", options.folds_file, "a CSV row,fold that says which rows test together")->group("Split");
  app.add_option("--hold-out", options.hold_out, "one test part of this share instead of folds")->check(CLI::Range(0.01, 0.9))->group("Split");
  app.add_option("--out-of-time", options.out_of_time, "a date column: the newest rows test")->group("Split");
  app.add_option("--cutoff", options.cutoff, "with --out-of-time: the first test date")->group("Split");
}

LoadedData load_data(const DataOptions& options, const std::string& command, const Context& context) {
  if (options.data.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, fmt::format("{}: one of DATA and --sql is wanted", command));
  LoadedData data;
  data.source = options.sql.empty() ? options.data : "--sql";
  TaskSpec spec = options.task;
  if (!options.out_of_time.empty()) spec.time = options.out_of_time;
  DataOptions reading = options;
  std::vector<ChildSpec> children;
  for (const auto& text : options.sequences) {
    if (!declares_child(text)) {
      spec.sequences.push_back(parse_sequence(text));
      continue;
    }
    children.push_back(parse_child(text));
    const std::string& key = children.back().key;
    // As text, so that long numbers stay apart; and never a feature.
    for (auto* names : {&reading.read.categories, &spec.ids}) {
      if (std::find(names->begin(), names->end(), key) == names->end()) names->push_back(key);
    }
  }
  std::vector<ReadNote> notes;
  data.table = read_data(reading, spec, command, context.threads(), &notes);
  for (ChildSpec& child : children) {
    ReadOptions read = options.read;
    read.threads = context.threads();
    const ChildHistory history(std::move(child), read, &notes);
    data.table = history.widen(data.table, true);
    spec.sequences.push_back(history.sequence());
    data.children.push_back(child_json(history.spec(), history.order_kind()));
  }
  for (const auto& note : notes) data.notes.push_back(note.column.empty() ? note.message : fmt::format("column '{}': {}", note.column, note.message));
  data.task = make_task(data.table, spec);
  if (data.task.positive_from == "rarer") {
    log_warn(fmt::format("--positive was not given: '{}' of '{}', the rarer class, is taken as bad", data.task.positive, data.task.target_name));
  }
  if (data.task.rejects_with_target > 0) {
    log_warn(fmt::format("{} of {} rejected applications have a target in '{}'; it is not read", data.task.rejects_with_target,
                         data.task.rejects.size(), data.task.target_name));
  }
  data.split = make_split(data.table, data.task, split_spec(options), context.seed());
  data.guards = guard(data.table, data.task, data.split);
  return data;
}

}  // namespace obligor::cli
