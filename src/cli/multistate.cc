#include "cli/multistate.h"

#include <chrono>
#include <cstdio>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/toml_config.h"
#include "core/error.h"
#include "core/log.h"
#include "emit/native/native.h"
#include "study/transition/transition.h"

namespace obligor::cli {
namespace {

// Horizons of the forecast that the text shows.
constexpr size_t kShown[] = {1, 3, 6, 12, 24, 36, 60};

PanelSpec panel_spec(const MultistateOptions& options, const DataOptions& data) {
  const TaskSpec& task = data.task;
  const auto refuse = [](bool given, std::string_view option, std::string_view why) {
    if (given) throw Error(ErrorCode::kInvalid, fmt::format("compare --task multistate: {} has no meaning here; {}", option, why));
  };
  refuse(task.ids.size() > 1, "more than one --id", "an account has one key column");
  refuse(!task.positive.empty(), "--positive", "every state is forecast");
  refuse(!data.folds_file.empty(), "--folds", "use --cv, whose folds keep accounts whole, or --out-of-time");
  refuse(data.hold_out > 0, "--hold-out", "use --cv or --out-of-time");
  refuse(!task.weight.empty(), "--weight", "every row counts the same");
  refuse(!task.group.empty(), "--group", "accounts are kept whole");
  refuse(!task.reject_flag.empty(), "--reject-flag", "it belongs to a binary target");
  refuse(!data.out_of_time.empty() && !task.time.empty() && data.out_of_time != task.time, "--out-of-time of another column",
         "the periods of --time are parted");
  PanelSpec spec;
  spec.id = task.ids.empty() ? "" : task.ids.front();
  spec.time = task.time.empty() ? data.out_of_time : task.time;
  spec.state = options.state;
  spec.target = task.target;
  spec.event = options.event;
  spec.within = options.within;
  spec.ignore = task.ignore;
  spec.ignore.insert(spec.ignore.end(), task.protect.begin(), task.protect.end());
  spec.features = task.features;
  return spec;
}

void print_forecast(const Json& models) {
  fmt::print("\nforecast of the accounts from their first test period: half the sum of |expected - observed| shares of the states\n{:<18}", "model");
  std::vector<size_t> shown;
  for (const size_t h : kShown) {
    for (const auto& row : models.front()["forecast"]) {
      if (row["periods"] == h) shown.push_back(h);
    }
  }
  for (const size_t h : shown) fmt::print(" {:>10}", fmt::format("{} periods", h));
  fmt::print("\n");
  for (const auto& model : models) {
    if (model["status"] != "ok") continue;
    fmt::print("{:<18}", model["name"].get<std::string>());
    for (const size_t h : shown) fmt::print(" {:>10.4f}", model["forecast"][h - 1]["error"].get<double>());
    fmt::print("\n");
  }
}

void print_result(const Json& document) {
  const Json& task = document["task"];
  fmt::print("{} rows of {} accounts in {} periods, {} states, {}, seed {}\n\n", task["rows"].get<size_t>(), task["accounts"].get<size_t>(),
             task["periods"].get<size_t>(), task["states"].size(), document["split"]["detail"].get<std::string>(), document["seed"].get<uint64_t>());
  const auto text = [](const Json& metric) {
    return metric.is_null()
               ? std::string("-")
               : fmt::format("{:.4f} [{:.4f}, {:.4f}]", metric["value"].get<double>(), metric["low"].get<double>(), metric["high"].get<double>());
  };
  fmt::print("{:<18} {:<26} {:>9} {:>12}\n", "model", "log-loss", "fit s", "rows/s");
  for (const auto& model : document["models"]) {
    const auto name = model["name"].get<std::string>();
    if (model["status"] != "ok") {
      fmt::print("{:<18} failed: {}\n", name, model["reason"].get<std::string>());
      continue;
    }
    fmt::print("{:<18} {:<26} {:>9.1f} {:>12.0f}\n", name, text(model["metrics"]["log_loss"]), model["fit_seconds"].get<double>(),
               model.value("score_rows_per_second", 0.0));
  }
  if (document["best"].is_null()) return;
  const bool horizons = task.contains("within");
  const char* list = horizons ? "horizons" : "transitions";
  fmt::print("\n{:<24} {:<18} {:<26} {:>10} {:>10} {:>12}\n", horizons ? "event" : "transition", "model", "auc", "observed", "expected",
             "period gap");
  for (size_t t = 0; t < document["models"].front()[list].size(); ++t) {
    for (const auto& model : document["models"]) {
      if (model["status"] != "ok") continue;
      const Json& row = model[list][t];
      const auto arrow = horizons ? fmt::format("{} within {}", task["event"].get<std::string>(), row["within"].get<size_t>())
                                  : fmt::format("{} -> {}", row["from"].get<std::string>(), row["to"].get<std::string>());
      fmt::print("{:<24} {:<18} {:<26} {:>10.0f} {:>10.1f} {:>12.5f}\n", arrow, model["name"].get<std::string>(), text(row["auc"]),
                 row["observed"].get<double>(), row["expected"].get<double>(), row["period_gap"].get<double>());
    }
  }
  if (!horizons) print_forecast(document["models"]);
  for (const auto& test : document["tests"]) {
    for (const auto& pair : test["pairs"]) {
      if (pair["a"] != document["best"] && pair["b"] != document["best"]) continue;
      fmt::print("\n{} - {}: {:+.5f} [{:+.5f}, {:+.5f}] log-loss, p {:.3g} (by account, Holm)", pair["a"].get<std::string>(),
                 pair["b"].get<std::string>(), pair["difference"].get<double>(), pair["low"].get<double>(), pair["high"].get<double>(),
                 pair["p_adjusted"].get<double>());
    }
  }
  fmt::print("\n");
}

}  // namespace

void add_multistate_options(CLI::App& app, MultistateOptions& options) {
  app.add_option("--state", options.state, "of a multistate task: the column that says where the account stands in the row's period")
      ->group(kTaskGroup);
  app.add_option("--horizon", options.horizon, "multistate: periods that are forecast")
      ->check(CLI::Range(1, 1200))
      ->capture_default_str()
      ->group("Split");
  app.add_option("--event", options.event, "multistate: the state whose first coming is forecast, with --within")->group(kTaskGroup);
  app.add_option("--within", options.within, "multistate: horizons, in periods, within which the event comes, as in 3,6,12; from one model")
      ->delimiter(',')
      ->group(kTaskGroup);
  app.add_option("--advance", options.advance, "multistate: number columns that grow by 1 a period in the forecast, such as the age of a loan")
      ->delimiter(',')
      ->group("Split");
}

int run_multistate(const MultistateOptions& options, const TaskRun& run, const Globals& globals) {
  const PanelSpec spec = panel_spec(options, run.data);
  std::vector<TransitionRequest> requests;
  for (auto& request : make_requests(run.models, run.model, TaskKind::kMultistate)) {
    requests.push_back({std::move(request.entry), std::move(request.given)});
  }
  check_writable(run.save);
  const Context context = globals.context();
  const auto start = std::chrono::steady_clock::now();
  TransitionFacts facts;
  facts.program = program_version();
  facts.command = globals.command;
  facts.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  facts.source = run.data.sql.empty() ? run.data.data : "--sql";
  facts.resamples = static_cast<size_t>(run.resamples);
  const auto categories = spec.state.empty() ? std::vector<std::string>{} : std::vector{spec.state};
  const Table table = read_task_table(run.data, categories, context);
  facts.table_rows = table.rows();
  const Panel panel = make_panel(table, spec);
  // Horizons are forecast as they are; nothing is multiplied.
  const size_t periods = panel.has_horizons() ? 0 : static_cast<size_t>(options.horizon);
  if (panel.has_horizons() && !options.advance.empty()) {
    throw Error(ErrorCode::kInvalid,
                "compare --task multistate: --advance belongs to the forecast by products of transitions; leave it out with --within");
  }
  const bool by_time = !run.data.out_of_time.empty();
  const auto folds = by_time ? std::vector<PanelFold>{out_of_time(panel, run.data.cutoff)}
                             : account_folds(panel, static_cast<size_t>(run.data.folds), context.seed());
  TransitionComparison comparison = compare_transitions(requests, table, panel, folds, {periods, options.advance}, make_native, context);
  comparison.split_kind = by_time ? "outoftime" : "grouped";
  if (by_time) {
    uint32_t first = UINT32_MAX;
    for (const uint32_t at : folds.front().test) first = std::min(first, panel.period[at]);
    comparison.split_detail = fmt::format("{} rows from period {} on test", folds.front().test.size(), panel.periods[first]);
  } else {
    comparison.split_detail = fmt::format("{} folds of whole accounts", folds.size());
  }
  facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Json document = transition_document(comparison, panel, facts, context);
  for (const auto& warning : document["warnings"]) log_warn(warning["message"].get<std::string>());
  const bool save = !run.save.empty() && !comparison.stopped && !document["best"].is_null();
  if (save) {
    for (const auto& request : requests) {
      if (document["best"] == request.entry.name) save_bundle(transition_bundle(request, table, panel, document, make_native, context), run.save);
    }
  }
  if (run.json) {
    fmt::print("{}\n", dump_json(document));
  } else {
    print_result(document);
    if (save) fmt::print("\nbundle: {} ({}, fitted on all rows)\n", run.save, document["best"].get<std::string>());
  }
  if (comparison.stopped) {
    fmt::print(stderr, "stopped on request\n");
    return obligor::facts(ErrorCode::kCancelled).exit_status;
  }
  return document["best"].is_null() ? 1 : 0;
}

}  // namespace obligor::cli
