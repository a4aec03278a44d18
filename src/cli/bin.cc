#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/read_options.h"
#include "core/date.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/parallel.h"
#include "prep/binning/binning.h"
#include "prep/binning/stream.h"
#include "study/report/report.h"
#include "table/source.h"
#include "table/task.h"

namespace obligor::cli {
namespace {

struct Options : DataOptions {
  BinningSpec spec;
  std::string divergence = "iv";
  std::string trend = "auto";
  std::string prebins = "both";
  std::vector<std::string> columns;
  std::vector<std::string> special;
  std::vector<std::string> fixed;
  std::vector<std::string> only;
  int show = 0;
  std::string out;
  std::string html;
  bool continuous = false;
  bool stream = false;
  bool summary = false;
  bool json = false;
};

// What the user says of one column, or ("" = every number column) of all:
// "age=25,31" or "-9999,365243".
using ByColumn = std::vector<std::pair<std::string, std::vector<float>>>;

ByColumn parse_numbers(const std::vector<std::string>& items, std::string_view option, bool column_wanted) {
  ByColumn result;
  for (const std::string& item : items) {
    const size_t equals = item.rfind('=');
    if (equals == std::string::npos && column_wanted) {
      throw Error(ErrorCode::kInvalid, fmt::format("{} {}: COLUMN=NUMBER,NUMBER,... is wanted", option, item));
    }
    std::vector<float> numbers;
    size_t at = equals == std::string::npos ? 0 : equals + 1;
    while (at <= item.size()) {
      const size_t comma = std::min(item.find(',', at), item.size());
      const std::string word = item.substr(at, comma - at);
      char* end = nullptr;
      const float value = std::strtof(word.c_str(), &end);
      if (word.empty() || end != word.c_str() + word.size() || !std::isfinite(value)) {
        throw Error(ErrorCode::kInvalid, fmt::format("{} {}: '{}' is not a finite number", option, item, word));
      }
      numbers.push_back(value);
      at = comma + 1;
    }
    result.emplace_back(equals == std::string::npos ? std::string() : item.substr(0, equals), std::move(numbers));
  }
  return result;
}

std::vector<float> numbers_for(const ByColumn& given, const std::string& column) {
  std::vector<float> result;
  for (const auto& [name, numbers] : given) {
    if (name.empty() || name == column) result.insert(result.end(), numbers.begin(), numbers.end());
  }
  return result;
}

void check_columns(const Table& table, const ByColumn& given) {
  for (const auto& [name, numbers] : given) {
    if (!name.empty()) (void)table.column(name);
  }
}

// The target as numbers, with the rows that have one.
struct Outcome {
  std::vector<uint32_t> rows;
  std::vector<uint8_t> bad;   // by position in rows
  std::vector<double> value;  // continuous
  std::vector<double> weight;
  std::vector<std::string> features;
  std::string positive;
  size_t missing_target = 0;
};

Outcome binary_outcome(const Table& table, const Options& options) {
  TaskSpec spec = options.task;
  spec.features = options.columns;
  const Task task = make_task(table, spec);
  Outcome outcome{task.rows, {}, {}, {}, task.features, task.positive, task.missing_target};
  for (const uint32_t row : task.rows) outcome.bad.push_back(task.target[row]);
  for (const uint32_t row : task.rows) {
    if (!task.weight.empty()) outcome.weight.push_back(task.weight[row]);
  }
  return outcome;
}

Outcome continuous_outcome(const Table& table, const Options& options) {
  const TaskSpec& task = options.task;
  const Column& target = table.column(task.target);
  if (target.kind() != ColumnKind::kNumber) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: target '{}' is a {}; --continuous wants a number", table.source(), task.target, kind_name(target.kind())));
  }
  const auto weights = task.weight.empty() ? std::span<const float>{} : table.column(task.weight).numbers();
  Outcome outcome;
  for (uint32_t row = 0; row < table.rows(); ++row) {
    if (!std::isfinite(target.numbers()[row])) {
      ++outcome.missing_target;
      continue;
    }
    outcome.rows.push_back(row);
    outcome.value.push_back(static_cast<double>(target.numbers()[row]));
    if (!weights.empty()) outcome.weight.push_back(static_cast<double>(weights[row]));
  }
  std::vector<std::string> apart = task.ids;
  apart.insert(apart.end(), task.ignore.begin(), task.ignore.end());
  apart.insert(apart.end(), {task.target, task.weight});
  for (const auto& name : options.columns.empty() ? table.names() : options.columns) {
    if (!options.columns.empty()) (void)table.column(name);
    if (std::find(apart.begin(), apart.end(), name) == apart.end()) outcome.features.push_back(name);
  }
  return outcome;
}

// The special codes, kept cuts and candidates that the user names.
struct Given {
  ByColumn special;
  ByColumn fixed;
  ByColumn only;

  Given(const Options& options, const Table& table)
      : special(parse_numbers(options.special, "--special", false)),
        fixed(parse_numbers(options.fixed, "--fix", true)),
        only(parse_numbers(options.only, "--only", true)) {
    for (const auto* given : {&special, &fixed, &only}) check_columns(table, *given);
  }
  [[nodiscard]] BinningSpec spec_of(const std::string& column, BinningSpec spec) const {
    spec.special_codes = numbers_for(special, column);
    spec.fixed_splits = numbers_for(fixed, column);
    spec.candidates = numbers_for(only, column);
    return spec;
  }
};

struct Result {
  std::string name;
  std::unique_ptr<Binning> binning;
  std::string error;
  [[nodiscard]] double worth() const {
    if (!binning) return -1;
    return binning->table().continuous ? binning->table().chi2 : binning->table().iv;
  }
};

std::vector<Result> bin_columns(const Table& table, const Outcome& outcome, const Options& options, const Context& context) {
  const Given given(options, table);
  std::vector<Result> results;
  for (const auto& name : outcome.features) {
    const ColumnKind kind = table.column(name).kind();
    if (kind == ColumnKind::kText || kind == ColumnKind::kSequence) {
      if (!options.columns.empty()) {
        throw Error(ErrorCode::kUnsupported, fmt::format("column '{}': a {} cannot be binned; numbers, "
                                                         "dates and categories can",
                                                         name, kind_name(kind)));
      }
      log_warn(fmt::format("column '{}' is a {}; left out", name, kind_name(kind)));
      continue;
    }
    results.push_back({name, nullptr, ""});
  }
  // Of thousands of columns a hundred steps are told.
  const size_t step = std::max<size_t>(1, results.size() / 100);
  std::atomic<size_t> done{0};
  auto progress = context.begin("bin", static_cast<int64_t>(results.size()));
  parallel_for(context, results.size(), [&](size_t i) {
    context.check_cancelled();
    Result& result = results[i];
    const BinningSpec spec = given.spec_of(result.name, options.spec);
    try {
      const Column& column = table.column(result.name);
      result.binning = std::make_unique<Binning>(options.continuous ? fit_binning(column, outcome.rows, outcome.value, outcome.weight, spec)
                                                                    : fit_binning(column, outcome.rows, outcome.bad, outcome.weight, spec));
    } catch (const Error& error) {
      // One column's constraints do not take the others down.
      if (error.code() != ErrorCode::kData) throw;
      result.error = error.what();
    }
    const size_t now = ++done;
    if (now % step == 0) progress.advance(static_cast<int64_t>(step), result.name);
  });
  std::stable_sort(results.begin(), results.end(), [](const Result& a, const Result& b) { return a.worth() > b.worth(); });
  return results;
}

// A file or query in two passes, in memory that does not grow with it. Kinds of
// columns are those of its first rows.
struct Streamed {
  std::vector<Result> results;
  Outcome outcome;
  size_t rows = 0;
};

// The row of a chunk is bad when its target reads as `positive`.
std::vector<int8_t> read_target(const Column& target, const std::string& positive) {
  std::vector<int8_t> result(target.size(), -1);
  for (size_t r = 0; r < target.size(); ++r) {
    if (!target.is_missing(r)) result[r] = target.cell_text(r) == positive ? 1 : 0;
  }
  return result;
}

Streamed stream_columns(const Options& options, const Context& context) {
  if (options.continuous) {
    throw Error(ErrorCode::kUnsupported, "bin: --stream is for a binary target; leave --continuous or --stream out");
  }
  const TaskSpec& task = options.task;
  if (task.target.empty()) throw Error(ErrorCode::kInvalid, "bin: --target COLUMN is wanted with --stream");
  const bool is_sql = !options.sql.empty();
  constexpr const char* kFirst = "select * from ({}) limit 20000";
  ReadOptions first = options.read;
  first.select = fmt::format(kFirst, options.read.select.empty() ? "select * from source" : options.read.select);
  const Table head = is_sql ? read_sql(fmt::format(kFirst, options.sql), options.read) : read_table(options.data, first);
  Streamed streamed;
  Outcome& outcome = streamed.outcome;
  outcome.positive = task.positive;
  const Column& target = head.column(task.target);
  if (outcome.positive.empty()) {
    const bool zero_one = target.kind() == ColumnKind::kNumber &&
                          std::all_of(target.numbers().begin(), target.numbers().end(), [](float x) { return std::isnan(x) || x == 0 || x == 1; });
    if (!zero_one) throw Error(ErrorCode::kInvalid, "bin: with --stream, --positive VALUE is wanted unless the target is 0 and 1");
    outcome.positive = "1";
  }
  std::vector<std::string> apart = task.ids;
  apart.insert(apart.end(), task.ignore.begin(), task.ignore.end());
  apart.insert(apart.end(), {task.target, task.weight});
  const Given given(options, head);
  std::vector<StreamFeature> features;
  std::vector<StreamColumn> columns{{task.target, target.kind()}};
  if (!task.weight.empty()) columns.push_back({task.weight, ColumnKind::kNumber});
  for (const auto& name : options.columns.empty() ? head.names() : options.columns) {
    const ColumnKind kind = head.column(name).kind();
    const bool binned = kind == ColumnKind::kNumber || kind == ColumnKind::kDate || kind == ColumnKind::kCategory;
    if (!binned || std::find(apart.begin(), apart.end(), name) != apart.end()) continue;
    features.push_back({name, kind, given.spec_of(name, options.spec)});
    columns.push_back({name, kind});
  }
  StreamBinner binner(std::move(features), context.seed());
  auto progress = context.begin("bin: two passes over the rows", 0);
  const auto each_chunk = [&](const std::function<void(const Table&)>& work) {
    RowStream stream(is_sql ? options.sql : options.data, is_sql, options.read, columns);
    while (const auto chunk = stream.next()) {
      context.check_cancelled();
      work(*chunk);
      progress.advance(static_cast<int64_t>(chunk->rows()));
    }
  };
  each_chunk([&](const Table& chunk) { binner.observe(chunk, context); });
  each_chunk([&](const Table& chunk) {
    const auto targets = read_target(chunk.column(task.target), outcome.positive);
    const auto all_weights = task.weight.empty() ? std::span<const float>{} : chunk.column(task.weight).numbers();
    std::vector<uint32_t> rows;
    std::vector<uint8_t> bad;
    std::vector<double> weights;
    for (uint32_t r = 0; r < chunk.rows(); ++r) {
      if (targets[r] < 0) {
        ++outcome.missing_target;
        continue;
      }
      rows.push_back(r);
      bad.push_back(static_cast<uint8_t>(targets[r]));
      if (all_weights.empty()) continue;
      if (!(all_weights[r] >= 0)) {
        throw Error(ErrorCode::kData,
                    fmt::format("row {}: weight '{}' is {}; it must be 0 or more", chunk.source_row(r), task.weight, all_weights[r]));
      }
      weights.push_back(static_cast<double>(all_weights[r]));
    }
    streamed.rows += rows.size();
    binner.count(chunk, rows, bad, weights, context);
  });
  for (size_t f = 0; f < binner.features().size(); ++f) {
    Result result{binner.features()[f].name, nullptr, ""};
    try {
      result.binning = std::make_unique<Binning>(binner.finish(f));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kData) throw;
      result.error = error.what();
    }
    streamed.results.push_back(std::move(result));
  }
  std::stable_sort(streamed.results.begin(), streamed.results.end(), [](const Result& a, const Result& b) { return a.worth() > b.worth(); });
  return streamed;
}

// Wall and processor seconds of reading and of binning.
struct Timing {
  double read = 0;
  double bin = 0;
  double bin_cpu = 0;
};

Json document_of(const std::vector<Result>& results, const Outcome& outcome, const std::string& source, size_t rows, const Options& options,
                 const Timing& timing) {
  Json features = Json::array();
  for (const Result& result : results) {
    features.push_back(result.binning ? binning_json(result.binning->table()) : Json{{"name", result.name}, {"error", result.error}});
  }
  const BinningSpec& s = options.spec;
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  Json document{{"obligor", program_version()},
                {"kind", "binning"},
                {"source", source},
                {"started", date_text(now.time_since_epoch().count() * 1'000'000)},
                {"target", options.task.target}};
  if (!options.continuous) document["positive"] = outcome.positive;
  document["rows"] = rows;
  document["missing_target"] = outcome.missing_target;
  document["spec"] = {{"divergence", options.continuous ? "variance" : options.divergence},
                      {"trend", options.trend},
                      {"turn_gain", s.turn_gain},
                      {"prebins", options.prebins},
                      {"max_prebins", s.max_prebins},
                      {"min_bins", s.min_bins},
                      {"max_bins", s.max_bins},
                      {"min_share", s.min_share},
                      {"max_share", s.max_share},
                      {"min_events", s.min_events},
                      {"min_non_events", s.min_non_events},
                      {"min_difference", s.min_difference},
                      {"max_p_value", s.max_p_value}};
  document["conventions"] = {{"bins", "[a, b)"}, {"woe", "ln(share of goods / share of bads)"}, {"empty_cell", "+0.5 on both counts of the bin"}};
  document["timing"] = {{"read_seconds", timing.read}, {"bin_seconds", timing.bin}, {"bin_cpu_seconds", timing.bin_cpu}};
  document["features"] = std::move(features);
  return document;
}

void print_summary(const std::vector<Result>& results, bool continuous) {
  size_t width = 7;
  for (const Result& result : results) width = std::max(width, std::min<size_t>(40, result.name.size()));
  double most = 0;
  for (const Result& result : results) most = std::max(most, result.worth());
  fmt::print("{:<{}} {:>9} {:>5} {:>7} {:>7}\n", "feature", width, continuous ? "explained" : "IV", "bins", continuous ? "" : "Gini",
             continuous ? "" : "KS");
  for (const Result& result : results) {
    const std::string name = result.name.size() > width ? result.name.substr(0, width - 1) + "~" : result.name;
    if (!result.binning) {
      fmt::print("{:<{}} failed: {}\n", name, width, result.error);
      continue;
    }
    const BinningTable& t = result.binning->table();
    std::string bar;
    const auto length = static_cast<int>(std::lround(20 * (most > 0 ? result.worth() / most : 0)));
    for (int k = 0; k < length; ++k) bar += "█";
    if (continuous) {
      fmt::print("{:<{}} {:>9.4f} {:>5} {:>7} {:>7}  {}\n", name, width, t.chi2, t.bins.size(), "", "", bar);
    } else {
      fmt::print("{:<{}} {:>9.4f} {:>5} {:>7.3f} {:>7.3f}  {}\n", name, width, t.iv, t.bins.size(), t.gini, t.ks, bar);
    }
  }
}

int run_bin(Options options, const Globals& globals) {
  if (options.data.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, "bin: one of DATA and --sql is wanted");
  if (!options.sequences.empty()) throw Error(ErrorCode::kInvalid, "bin: --sequence is for models; every column is binned by itself, leave it out");
  options.spec.divergence = parse_divergence(options.divergence);
  options.spec.trend = parse_trend(options.trend);
  options.spec.prebins = parse_prebins(options.prebins);
  check_spec(options.spec);
  for (const auto* path : {&options.out, &options.html}) check_writable(*path);
  const Context context = globals.context();
  options.read.threads = context.threads();
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
  Timing timing;
  const auto start = Clock::now();
  std::vector<ReadNote> notes;
  Streamed streamed;
  Table table;
  if (options.stream) {
    streamed = stream_columns(options, context);
  } else {
    table = read_data(options, options.task, "bin", context.threads(), &notes);
  }
  timing.read = since(start);
  for (const auto& note : notes) log_warn(fmt::format("{}: {}", note.column, note.message));
  const Outcome outcome = options.stream       ? std::move(streamed.outcome)
                          : options.continuous ? continuous_outcome(table, options)
                                               : binary_outcome(table, options);
  if (outcome.missing_target > 0) log_warn(fmt::format("{} rows without a target are left out", outcome.missing_target));
  const auto begun = Clock::now();
  const std::clock_t cpu = std::clock();
  const auto results = options.stream ? std::move(streamed.results) : bin_columns(table, outcome, options, context);
  timing.bin = since(begun);
  timing.bin_cpu = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  const bool none = std::none_of(results.begin(), results.end(), [](const Result& r) { return r.binning != nullptr; });
  if (none) {
    throw Error(ErrorCode::kData, results.empty() ? fmt::format("{}: no column to bin", options.data) : results.front().error);
  }
  const Json document = document_of(results, outcome, options.stream ? options.data + options.sql : table.source(),
                                    options.stream ? streamed.rows : outcome.rows.size(), options, timing);
  if (!options.out.empty()) write_file(options.out, dump_json(document) + "\n");
  if (!options.html.empty()) write_file(options.html, render_report(document));
  if (options.json) {
    fmt::print("{}\n", dump_json(document));
    return 0;
  }
  const size_t shown = options.show > 0 ? std::min(static_cast<size_t>(options.show), results.size()) : results.size();
  for (size_t r = 0; r < shown && !options.summary; ++r) {
    if (results[r].binning) fmt::print("{}\n", binning_text(results[r].binning->table()));
  }
  print_summary(results, options.continuous);
  return 0;
}

}  // namespace

Run setup_bin(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  BinningSpec& spec = options->spec;
  app.add_option("data", options->data,
                 "CSV, Parquet, ARFF, JSON lines; .zst and .gz too; or a set "
                 "of the registry");
  app.add_option("--sql", options->sql, "a query instead of a file");
  app.add_option("--mirror", options->mirror,
                 "the folder that holds the registry's files; default: "
                 "OBLIGOR_DATA_DIR, or what was downloaded");
  app.add_option("--target", options->task.target, "the column to tell apart");
  app.add_option("--positive", options->task.positive, "the value of the target that is bad; default: the rarer");
  app.add_flag("--continuous", options->continuous, "the target is a number: bins explain its variance");
  app.add_flag("--stream", options->stream,
               "read the file twice, in memory that does not grow with it; "
               "pre-bins by a quantile sketch");
  app.add_option("--weight", options->task.weight, "column of row weights");
  app.add_option("--id", options->task.ids, "key columns, never binned")->delimiter(',');
  app.add_option("--ignore", options->task.ignore, "columns to leave out")->delimiter(',');
  app.add_option("--columns", options->columns, "bin only these")->delimiter(',');
  app.add_option("--divergence", options->divergence, "iv, js, hellinger or chi2")->capture_default_str();
  app.add_option("--trend", options->trend,
                 "of the bad rate: auto, monotone, ascending, descending, "
                 "peak, valley or none")
      ->capture_default_str();
  app.add_option("--turn-gain", spec.turn_gain, "auto: what a peak or valley must gain over a monotone trend")->capture_default_str();
  app.add_option("--max-bins", spec.max_bins, "bins of values at most; 0: any number")->capture_default_str();
  app.add_option("--min-bins", spec.min_bins, "bins of values at least")->capture_default_str();
  app.add_option("--min-share", spec.min_share, "of all rows, in a bin of values, at least")->capture_default_str();
  app.add_option("--max-share", spec.max_share, "at most")->capture_default_str();
  app.add_option("--min-events", spec.min_events, "bads in a bin at least")->capture_default_str();
  app.add_option("--min-non-events", spec.min_non_events, "goods in a bin at least")->capture_default_str();
  app.add_option("--min-difference", spec.min_difference, "in bad rate between neighbours, at least")->capture_default_str();
  app.add_option("--max-p", spec.max_p_value, "p-value of the test between neighbours, at most")->capture_default_str();
  app.add_option("--prebins", options->prebins, "quantile, tree or both")->capture_default_str();
  app.add_option("--max-prebins", spec.max_prebins, "at most so many")->capture_default_str();
  app.add_option("--min-prebin-share", spec.min_prebin_share, "of all rows, in a leaf of the tree, at least; default: --min-share");
  app.add_option("--special", options->special, "special codes, each a bin of its own: CODE,CODE or COLUMN=CODE,CODE")->delimiter(';');
  app.add_option("--fix", options->fixed, "cuts to keep: COLUMN=CUT,CUT")->delimiter(';');
  app.add_option("--only", options->only, "the only places for cuts: COLUMN=CUT,CUT")->delimiter(';');
  app.add_flag("--midpoints", spec.midpoints,
               "cuts halfway between two values; default: at the smallest "
               "value of a bin");
  app.add_option("--shrinkage", spec.prior_weight,
                 "rows of the average rate mixed into each category level; "
                 "default: estimated");
  app.add_option("--rare", spec.rare_share, "levels of a smaller share go to 'other'")->capture_default_str();
  app.add_option("--show", options->show, "tables of the best N only; 0: all")->capture_default_str();
  app.add_flag("--summary", options->summary, "the list of features without their tables");
  app.add_option("--out", options->out, "write the document to this JSON file");
  app.add_option("--html", options->html, "write a page with every feature's bins, as picture and table; it loads nothing");
  app.add_flag("--json", options->json, "one JSON document on stdout");
  add_read_options(app, options->read);
  return [options, &globals] { return run_bin(*options, globals); };
}

}  // namespace obligor::cli
