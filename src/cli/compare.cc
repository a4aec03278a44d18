#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/read_options.h"
#include "cli/train_commands.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "emit/native/native.h"
#include "study/compare.h"
#include "study/document.h"
#include "study/finish.h"
#include "study/report/report.h"
#include "table/guard.h"
#include "table/registry.h"
#include "table/source.h"
#include "table/split.h"
#include "table/task.h"
#include "zoo/bind.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string data;
  std::string sql;
  ReadOptions read;
  TaskSpec task;
  SplitSpec split;
  std::string folds_file;
  std::string out_of_time;
  std::string cutoff;
  std::string group;
  double hold_out = 0;
  int folds = 5;
  std::vector<std::string> models;
  std::vector<std::string> params;
  PipelineOptions pipeline;
  bool no_search = false;
  int resamples = 200;
  std::string oof;
  std::string report;
  std::string save;
  std::string mirror;
  std::string run_folder;
  bool resume = false;
  bool json = false;
};

std::filesystem::path state_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') return std::filesystem::path(state) / "obligor";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return std::filesystem::path(home) / ".local/state/obligor";
  return std::filesystem::temp_directory_path() / "obligor";
}

// "dnn.layers=3" to the model it is for.
void give_param(std::vector<ModelRequest>& requests, const std::string& text) {
  const size_t dot = text.find('.');
  const size_t equals = text.find('=');
  if (dot == std::string::npos || equals == std::string::npos || equals < dot) {
    throw Error(ErrorCode::kInvalid, fmt::format("--param {}: MODEL.NAME=VALUE is wanted, as in dnn.layers=3", text));
  }
  const std::string model = text.substr(0, dot);
  for (auto& request : requests) {
    if (request.entry.name == model) {
      request.given.emplace_back(text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1));
      return;
    }
  }
  throw Error(ErrorCode::kInvalid, fmt::format("--param {}: model '{}' is not compared; name it in --models", text, model));
}

std::vector<ModelRequest> make_requests(const Options& options) {
  const auto entries = zoo::bound_registry();
  std::vector<ModelRequest> requests;
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const auto& entry : entries) names.push_back(entry.name);
  for (const auto& name : options.models.empty() ? names : options.models) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
    if (found == entries.end()) throw unknown_name("model", name, names);
    requests.push_back({*found, {}});
  }
  for (const auto& text : options.params) give_param(requests, text);
  return requests;
}

SplitSpec split_spec(const Options& options, TaskSpec& task) {
  SplitSpec spec;
  spec.folds = options.folds;
  if (!options.folds_file.empty()) {
    spec.kind = SplitKind::kFile;
    spec.file = options.folds_file;
  } else if (!options.out_of_time.empty()) {
    spec.kind = SplitKind::kOutOfTime;
    task.time = options.out_of_time;
    spec.cutoff = options.cutoff;
    if (options.hold_out > 0) spec.test_share = options.hold_out;
  } else if (!options.group.empty()) {
    spec.kind = SplitKind::kGrouped;
  } else if (options.hold_out > 0) {
    spec.kind = SplitKind::kHoldOut;
    spec.test_share = options.hold_out;
  }
  if (!options.group.empty()) task.group = options.group;
  return spec;
}

// A name of the registry brings its own way to be read and its task; what the user says wins.
Table read_data(Options& options, std::vector<ReadNote>* notes) {
  TaskSpec& task = options.task;
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
    return read_data_set(set, options.mirror, notes);
  }
  if (task.target.empty()) throw Error(ErrorCode::kInvalid, "compare: --target COLUMN is wanted (a set of the registry needs none)");
  return options.sql.empty() ? read_table(options.data, options.read, notes) : read_sql(options.sql, options.read, notes);
}

// Says what the leak guards found, and leaves out what they drop unless the user or the registry chose the columns.
std::vector<Guard> guard(const Table& table, Task& task, const Split& split) {
  auto guards = leak_guards(table, task, split);
  const bool chosen = !task.spec.features.empty() || task.spec.from_registry;
  for (auto& finding : guards) {
    finding.drop = finding.drop && !chosen;
    if (finding.drop) {
      std::erase(task.features, finding.column);
      finding.message += "; it is left out";
    }
    log_warn(fmt::format("{}: {}", finding.kind, finding.message));
  }
  return guards;
}

// The best model, fitted on all rows, as a bundle.
void save_best(const Options& options, const std::vector<ModelRequest>& requests, const Json& document, const Table& table, const Task& task,
               const Split& split, const Context& context) {
  if (document["best"].is_null()) return;
  const auto best = std::find_if(requests.begin(), requests.end(), [&](const auto& request) { return request.entry.name == document["best"]; });
  const Context fit_context = context.with_seed(derive_seed(context.seed(), best->entry.name));
  const FittedPipeline fitted = fit_pipeline(best->entry, best->given, table, task, split, task.rows, options.pipeline, fit_context);
  save_bundle(make_bundle(fitted, best->entry, table, task, document, context, options.pipeline.executor), options.save);
}

std::string cell(const Json& metric) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", metric["value"].get<double>(), metric["low"].get<double>(), metric["high"].get<double>());
}

void print_leaderboard(const Json& document) {
  fmt::print("{} rows, {} bad ({:.1f} %), {}, seed {}\n\n", document["rows"].get<size_t>(), document["task"]["bad"].get<size_t>(),
             100 * document["task"]["bad_rate"].get<double>(), document["split"]["detail"].get<std::string>(), document["seed"].get<uint64_t>());
  fmt::print("{:<12} {:<22} {:<22} {:<22} {:>9} {:>12}\n", "model", "auc", "ks", "brier", "fit s", "rows/s");
  for (const auto& model : document["models"]) {
    if (model["status"] != "ok") {
      fmt::print("{:<12} failed: {}\n", model["name"].get<std::string>(), model["reason"].get<std::string>());
      continue;
    }
    fmt::print("{:<12} {:<22} {:<22} {:<22} {:>9.1f} {:>12.0f}\n", model["name"].get<std::string>(), cell(model["metrics"]["auc"]),
               cell(model["metrics"]["ks"]), cell(model["metrics"]["brier"]), model["fit_seconds"].get<double>(),
               model["score_rows_per_second"].get<double>());
  }
  for (const auto& test : document["tests"]) {
    if (test["kind"] != "delong") continue;
    for (const auto& pair : test["pairs"]) {
      if (pair["a"] != document["best"] && pair["b"] != document["best"]) continue;
      fmt::print("\n{} - {}: {:+.4f} [{:+.4f}, {:+.4f}], p {:.3g} (DeLong, Holm)", pair["a"].get<std::string>(), pair["b"].get<std::string>(),
                 pair["difference"].get<double>(), pair["low"].get<double>(), pair["high"].get<double>(), pair["p_adjusted"].get<double>());
    }
  }
  fmt::print("\n");
}

int run_compare(Options options, const Globals& globals) {
  const Context context = globals.context();
  const auto start = std::chrono::steady_clock::now();
  const auto requests = make_requests(options);
  if (options.data.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, "compare: one of DATA and --sql is wanted");
  options.read.threads = context.threads();
  std::vector<ReadNote> notes;
  const Table table = read_data(options, &notes);
  options.split = split_spec(options, options.task);
  Task task = make_task(table, options.task);
  if (task.positive_from == "rarer")
    log_warn(fmt::format("--positive was not given: '{}' of '{}', the rarer class, is taken as bad", task.positive, task.target_name));
  const Split split = make_split(table, task, options.split, context.seed());
  const auto guards = guard(table, task, split);

  options.pipeline.search = !options.no_search;
  options.pipeline.executor = make_native;
  CompareOptions compare;
  compare.pipeline = options.pipeline;
  compare.resume = options.resume;
  // A folder of its own under the one that is named: what else lies there is never touched, and another run's jobs never match.
  const std::filesystem::path runs = options.run_folder.empty() ? state_folder() / "runs" : std::filesystem::path(options.run_folder);
  compare.run_folder = runs / run_key(requests, table, task, split, options.pipeline, context.seed());
  const Comparison comparison = run_comparison(requests, table, task, split, compare, context);

  RunFacts facts;
  facts.command = globals.command;
  facts.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  facts.source = options.sql.empty() ? options.data : "--sql";
  facts.resamples = options.resamples;
  for (const auto& note : notes)
    facts.notes.push_back(note.column.empty() ? note.message : fmt::format("column '{}': {}", note.column, note.message));
  const Json document = comparison_document(comparison, table, task, split, guards, facts, context);

  if (!options.oof.empty()) write_file(options.oof, out_of_fold_csv(comparison, table, split));
  if (!options.report.empty()) write_file(options.report, render_report(document));
  if (!options.save.empty() && !comparison.stopped) save_best(options, requests, document, table, task, split, context);
  if (options.json) {
    fmt::print("{}\n", dump_json(document));
  } else {
    print_leaderboard(document);
    if (!options.report.empty()) fmt::print("\nreport: {}\n", options.report);
    if (!options.save.empty() && !comparison.stopped)
      fmt::print("bundle: {} ({}, fitted on all rows)\n", options.save, document["best"].get<std::string>());
  }
  if (comparison.stopped) {
    fmt::print(stderr, "stopped on request; --resume goes on from {}\n", compare.run_folder.string());
    return obligor::facts(ErrorCode::kCancelled).exit_status;
  }
  const bool any = std::any_of(comparison.models.begin(), comparison.models.end(), [](const auto& model) { return model.ok; });
  const bool all = std::all_of(comparison.models.begin(), comparison.models.end(), [](const auto& model) { return model.ok; });
  if (all) {
    std::error_code ignored;
    std::filesystem::remove_all(compare.run_folder, ignored);
  }
  return any ? 0 : 1;
}

}  // namespace

Run setup_compare(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("data", options->data, "CSV (also .gz, .zst), Parquet, ARFF or JSON lines, or a set of the registry by name");
  app.add_option("--sql", options->sql, "a query instead of a file: \"select ... from read_parquet('loans/*.parquet')\"");
  app.add_option("--target", options->task.target, "the column to predict");
  app.add_option("--positive", options->task.positive, "the value of the target that is bad; default: the rarer one");
  app.add_option("--models", options->models, "which models, separated by commas; default: all")->delimiter(',');
  app.add_option("--param", options->params, "MODEL.NAME=VALUE, repeatable");
  app.add_option("--cv", options->folds, "number of stratified folds")->check(CLI::Range(2, 1000))->capture_default_str();
  app.add_option("--folds", options->folds_file, "a CSV row,fold that says which rows test together");
  app.add_option("--hold-out", options->hold_out, "one test part of this share instead of folds")->check(CLI::Range(0.01, 0.9));
  app.add_option("--out-of-time", options->out_of_time, "a date column: the newest rows test");
  app.add_option("--cutoff", options->cutoff, "with --out-of-time: the first test date");
  app.add_option("--group", options->group, "a column whose groups stay whole");
  app.add_option("--weight", options->task.weight, "a column of row weights");
  app.add_option("--id", options->task.ids, "key columns, never features")->delimiter(',');
  app.add_option("--ignore", options->task.ignore, "columns to leave out")->delimiter(',');
  app.add_option("--features", options->task.features, "only these columns")->delimiter(',');
  add_read_options(app, options->read);
  app.add_option("--inner-folds", options->pipeline.inner_folds, "for early stopping and choice")->check(CLI::Range(2, 50))->capture_default_str();
  app.add_flag("--no-search", options->no_search, "the models' defaults, without the choice among their candidates");
  app.add_option("--resamples", options->resamples, "of the bootstrap")->check(CLI::Range(10, 100'000))->capture_default_str();
  app.add_option("--oof", options->oof, "write every out-of-fold prediction here (row,fold,model,p)");
  app.add_option("--report", options->report, "write the HTML report here");
  app.add_option("--save", options->save, "fit the best model on all rows and write it here, as NAME.obligor");
  app.add_option("--mirror", options->mirror, "the folder that holds the registry's files; default: OBLIGOR_DATA_DIR, or what was downloaded");
  app.add_option("--run-folder", options->run_folder, "where finished jobs are kept until the run ends, in a folder of their own");
  app.add_flag("--resume", options->resume, "take up the finished jobs of a stopped run");
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options, &globals] { return run_compare(*options, globals); };
}

}  // namespace obligor::cli
