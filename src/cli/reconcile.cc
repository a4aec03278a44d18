// obligor reconcile: which rows a bundle scores otherwise than another program did, by how much, and why.
#include "cli/reconcile.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/plan_columns.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "prep/preprocessor.h"

namespace obligor::cli {
namespace {

constexpr size_t kShown = 10;

std::string output_of(const ScorePlan& plan, const std::string& stated) {
  if (!stated.empty()) return stated;
  return plan.find_output("log_odds") || plan.outputs.empty() ? "log_odds" : plan.outputs.front().name;
}

// The scores of a file of their own, in the order of the data.
std::vector<float> scores_of_file(const ReconcileRequest& request, const std::string& output) {
  const Table table = read_table(request.scores, {});
  std::string column = request.score_column;
  if (column.empty() && table.find(output)) column = output;
  if (column.empty() && table.columns().size() == 1) column = table.columns()[0].name();
  if (column.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("{}: has {} columns, and none is named '{}'; --score-column names the one to compare",
                                                 request.scores, table.columns().size(), output));
  }
  return numeric_values(table.column(column));
}

// The bundle's inputs come as the model reads them; the score as it stands in the file, when it is a column of the data.
std::vector<StreamColumn> wanted_columns(const ScorePlan& plan, const std::string& score) {
  std::vector<StreamColumn> columns = plan_columns(plan);
  const auto same = [&](const StreamColumn& one) { return one.name == score; };
  if (!score.empty() && std::none_of(columns.begin(), columns.end(), same)) columns.push_back({score, ColumnKind::kNumber});
  return columns;
}

std::string differences_csv(const Reconciliation& found) {
  std::string text = "row,plan,given,difference,cause,input,detail\n";
  const auto quoted = [](const std::string& cell) {
    std::string made = "\"";
    for (const char c : cell) made += c == '"' ? "\"\"" : std::string(1, c);
    return made + "\"";
  };
  for (const RowDifference& one : found.differences) {
    text += fmt::format("{},{:.9g},{:.9g},{:.9g},{},{},{}\n", one.row, one.plan, one.given, one.plan - one.given, one.cause, quoted(one.input),
                        quoted(one.detail));
  }
  return text;
}

struct Options {
  std::string bundle;
  ReconcileRequest request;
  bool json = false;
};

int run(const Options& options, const Globals& globals) {
  const Bundle bundle = load_bundle(options.bundle);
  const Reconciliation found = reconcile(bundle.plan, options.request, globals);
  if (options.json) {
    Json document{{"obligor", program_version()}, {"kind", "reconcile"}, {"bundle", options.bundle}};
    document.update(reconciliation_json(found));
    fmt::print("{}\n", dump_json(document));
  } else {
    print(found);
  }
  return found.differing == 0 ? 0 : 1;
}

}  // namespace

Reconciliation reconcile(const ScorePlan& plan, const ReconcileRequest& request, const Globals& globals) {
  if (request.scores.empty()) throw Error(ErrorCode::kInvalid, "--scores FILE or COLUMN is wanted: what the other program gave");
  const Context context = globals.context();
  ReconcileOptions wanted = request.wanted;
  wanted.output = output_of(plan, wanted.output);
  Reconciler reconciler(plan, wanted);
  const bool is_file = std::filesystem::exists(request.scores);
  std::vector<float> given;
  if (is_file) given = scores_of_file(request, wanted.output);
  ReadOptions read = request.read;
  read.threads = context.threads();
  RowStream stream(request.data, false, read, wanted_columns(plan, is_file ? "" : request.scores));
  auto progress = context.begin("reconcile", 0);
  size_t done = 0;
  while (const auto chunk = stream.next()) {
    context.check_cancelled();
    const auto rows = all_rows(chunk->rows());
    const GatheredInputs inputs(*chunk, rows, plan.inputs);
    std::vector<float> scores;
    if (!is_file) {
      scores = numeric_values(chunk->column(request.scores));
    } else if (given.size() >= done + rows.size()) {
      scores.assign(given.begin() + static_cast<std::ptrdiff_t>(done), given.begin() + static_cast<std::ptrdiff_t>(done + rows.size()));
    } else {
      throw Error(ErrorCode::kData, fmt::format("{}: {} scores, and {} has more rows", request.scores, given.size(), request.data));
    }
    reconciler.check(inputs.batch(), chunk->source_row(0), scores);
    done += rows.size();
    progress.advance(static_cast<int64_t>(rows.size()));
  }
  if (is_file && given.size() != done)
    throw Error(ErrorCode::kData, fmt::format("{}: {} scores, and {} has {} rows", request.scores, given.size(), request.data, done));
  Reconciliation found = reconciler.finish();
  if (!request.out.empty()) write_file(request.out, differences_csv(found));
  return found;
}

void print(const Reconciliation& found) {
  fmt::print("{} of {} rows differ in {} by more than {:g} x (1 + score); largest difference {:.3g}\n", found.differing, found.rows, found.output,
             found.tolerance, found.largest);
  if (!found.relation.empty())
    fmt::print("one line takes every score to the other's: {}: another scale, base or sign, not other rows\n", found.relation);
  for (const auto& [cause, count] : found.causes) fmt::print("  {:<16} {}\n", cause, count);
  if (found.differing > found.differences.size()) fmt::print("  not looked into  {}\n", found.differing - found.differences.size());
  for (size_t i = 0; i < std::min(kShown, found.differences.size()); ++i) {
    const RowDifference& one = found.differences[i];
    fmt::print("row {}: {:.6g} here, {:.6g} there: {}: {}\n", one.row, one.plan, one.given, one.cause, one.detail);
  }
  if (found.differences.size() > kShown) fmt::print("... --differences FILE.csv or --json gives all {}\n", found.differences.size());
}

void add_reconcile_options(CLI::App& app, ReconcileRequest& request) {
  constexpr auto kGroup = "Reconciliation";
  app.add_option("--scores", request.scores, "what the other program gave: a column of the data, or a file with a row a row of it")->group(kGroup);
  app.add_option("--score-column", request.score_column, "of that file; default: the output's name, or the only one")->group(kGroup);
  app.add_option("--output", request.wanted.output, "what is compared: log_odds, probability, points; default: log_odds")->group(kGroup);
  app.add_option("--tolerance", request.wanted.tolerance, "a row differs by more than so much x (1 + score)")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--most", request.wanted.most, "rows whose cause is looked for")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--differences", request.out, "write the rows that differ to this .csv")->group(kGroup);
}

Run setup_reconcile(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what train, compare --save or import wrote")->required();
  app.add_option("data", options->request.data, "the rows that both scored")->required();
  add_reconcile_options(app, options->request);
  add_read_options(app, options->request.read);
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options, &globals] { return run(*options, globals); };
}

}  // namespace obligor::cli
