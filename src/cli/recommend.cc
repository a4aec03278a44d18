#include "cli/recommend.h"

#include <chrono>
#include <cstdio>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/study_run.h"
#include "cli/toml_config.h"
#include "core/error.h"
#include "core/log.h"
#include "study/recommend/recommend.h"

namespace obligor::cli {
namespace {

void check_options(const RecommendOptions& options, const DataOptions& data) {
  const bool rating = options.kind == TaskKind::kRating;
  const std::string_view name = task_kind_name(options.kind);
  const auto wanted = [&](const std::string& value, std::string_view option, std::string_view what) {
    if (value.empty()) throw Error(ErrorCode::kInvalid, fmt::format("compare --task {}: {} COLUMN is wanted ({})", name, option, what));
  };
  wanted(options.customer, "--customer", "who");
  wanted(options.product, "--product", "what was used or rated");
  if (rating) wanted(data.task.target, "--target", "the rating");
  const auto refuse = [&](bool given, std::string_view option, std::string_view why) {
    if (given) throw Error(ErrorCode::kInvalid, fmt::format("compare --task {}: {} has no meaning here; {}", name, option, why));
  };
  refuse(!rating && !data.task.target.empty(), "--target", "that a customer and a product stand together is what is learned");
  refuse(!options.negatives_file.empty() && rating, "--negatives-file", "it belongs to --task ranking");
  refuse(!data.folds_file.empty(), "--folds", rating ? "use --cv or --hold-out" : "a customer's latest pair is held back");
  refuse(!rating && data.hold_out > 0, "--hold-out", "a customer's latest pair is held back");
  refuse(!data.out_of_time.empty(), "--out-of-time", rating ? "use --cv or --hold-out" : "name the column with --time");
  refuse(!data.task.weight.empty(), "--weight", "every pair counts the same");
  refuse(!data.task.reject_flag.empty(), "--reject-flag", "it belongs to a binary target");
}

std::vector<PairRequest> pair_requests(const RecommendOptions& options, const TaskRun& run) {
  std::vector<PairRequest> requests;
  for (auto& request : make_requests(run.models, run.model, options.kind)) requests.push_back({std::move(request.entry), std::move(request.given)});
  return requests;
}

PairComparison compare(const RecommendOptions& options, const TaskRun& run, const std::vector<PairRequest>& requests, const PairTask& task,
                       const Context& context) {
  if (options.kind == TaskKind::kRating) {
    const bool hold_out = run.data.hold_out > 0;
    const auto parts =
        hold_out ? rating_hold_out(task, run.data.hold_out, context.seed()) : rating_folds(task, static_cast<size_t>(run.data.folds), context.seed());
    PairComparison comparison = compare_ratings(requests, task, parts, context);
    comparison.split_kind = hold_out ? "holdout" : "kfold";
    comparison.split_detail =
        hold_out ? fmt::format("{:.0f} % of the ratings test", 100 * run.data.hold_out) : fmt::format("{} folds of the ratings", parts.size());
    return comparison;
  }
  const RankingPlan plan = options.negatives_file.empty() ? leave_latest_out(task, static_cast<size_t>(options.negatives), context.seed())
                                                          : given_negatives(task, options.negatives_file);
  PairComparison comparison = compare_rankings(requests, task, plan, static_cast<size_t>(options.k), context);
  comparison.split_kind = options.negatives_file.empty() ? "latest" : "file";
  return comparison;
}

void print_leaderboard(const Json& document) {
  const Json& task = document["task"];
  const bool rating = task["kind"] == "rating";
  fmt::print("{} pairs of {} customers and {} products, {}, seed {}\n\n", task["pairs"].get<size_t>(), task["customers"].get<size_t>(),
             task["products"].get<size_t>(), document["split"]["detail"].get<std::string>(), document["seed"].get<uint64_t>());
  const std::string k = rating ? "" : fmt::format("@{}", task["k"].get<size_t>());
  const auto text = [](const Json& metric) {
    return fmt::format("{:.4f} [{:.4f}, {:.4f}]", metric["value"].get<double>(), metric["low"].get<double>(), metric["high"].get<double>());
  };
  fmt::print("{:<12} {:<26} {:<26} {:>9} {:>12}\n", "model", rating ? "rmse" : "hr" + k, rating ? "mae" : "ndcg" + k, "fit s", "pairs/s");
  for (const auto& model : document["models"]) {
    if (model["status"] != "ok") {
      fmt::print("{:<12} failed: {}\n", model["name"].get<std::string>(), model["reason"].get<std::string>());
      continue;
    }
    const Json& metrics = model["metrics"];
    fmt::print("{:<12} {:<26} {:<26} {:>9.1f} {:>12.0f}\n", model["name"].get<std::string>(), text(metrics[rating ? "rmse" : "hr"]),
               text(metrics[rating ? "mae" : "ndcg"]), model["fit_seconds"].get<double>(), model.value("score_rows_per_second", 0.0));
  }
  for (const auto& test : document["tests"]) {
    for (const auto& pair : test["pairs"]) {
      if (pair["a"] != document["best"] && pair["b"] != document["best"]) continue;
      fmt::print("\n{} - {}: {:+.4f} [{:+.4f}, {:+.4f}], p {:.3g} (by customer, Holm)", pair["a"].get<std::string>(), pair["b"].get<std::string>(),
                 pair["difference"].get<double>(), pair["low"].get<double>(), pair["high"].get<double>(), pair["p_adjusted"].get<double>());
    }
  }
  fmt::print("\n");
}

// The best model that has a plan, fitted on all pairs; its name, or empty.
std::string save_best(const std::string& path, const std::vector<PairRequest>& requests, const PairTask& task, const Json& document,
                      const Context& context) {
  for (const auto& model : document["models"]) {
    if (model["status"] != "ok") continue;
    auto name = model["name"].get<std::string>();
    for (const auto& request : requests) {
      if (request.entry.name != name) continue;
      if (const auto bundle = pair_bundle(request, task, document, context)) {
        save_bundle(*bundle, path);
        return name;
      }
      log_warn(fmt::format("--save: {} has no plan over a customer and a product; the next best is taken", name));
    }
  }
  return {};
}

}  // namespace

void add_recommend_options(CLI::App& app, RecommendOptions& options) {
  const std::vector<std::pair<std::string, TaskKind>> kinds{
      {"binary", TaskKind::kBinary}, {"rating", TaskKind::kRating}, {"ranking", TaskKind::kRanking}, {"multistate", TaskKind::kMultistate}};
  app.add_option("--task", options.kind,
                 "binary: who goes bad; rating: how satisfied a customer is with a product; ranking: which product a customer takes next; "
                 "multistate: in which state an account stands next period")
      ->transform(CLI::CheckedTransformer(kinds).description(""))
      ->type_name("NAME")
      ->group(kTaskGroup);
  app.add_option("--customer", options.customer, "of a rating or ranking task: the column that says who")->group(kTaskGroup);
  app.add_option("--product", options.product, "of a rating or ranking task: the column that says what")->group(kTaskGroup);
  app.add_option("--negatives", options.negatives, "ranking: unused products that the held-back one is ranked among")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group("Split");
  app.add_option("--negatives-file", options.negatives_file, "ranking: a file of lines (customer,product)<TAB>other<TAB>other... instead")
      ->group("Split");
  app.add_option("--top", options.k, "ranking: K of HR@K and NDCG@K")->check(CLI::Range(1, 1'000'000))->capture_default_str()->group("Split");
}

int run_recommend(const RecommendOptions& options, const TaskRun& run, const Globals& globals) {
  check_options(options, run.data);
  const auto requests = pair_requests(options, run);
  check_writable(run.save);
  const Context context = globals.context();
  const auto start = std::chrono::steady_clock::now();
  PairFacts facts;
  facts.program = program_version();
  facts.command = globals.command;
  facts.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  facts.source = run.data.sql.empty() ? run.data.data : "--sql";
  facts.resamples = static_cast<size_t>(run.resamples);
  const Table table = read_task_table(run.data, {options.customer, options.product}, context);
  facts.table_rows = table.rows();
  const PairTask task = make_pair_task(table, {options.kind, options.customer, options.product, run.data.task.target, run.data.task.time});
  const PairComparison comparison = compare(options, run, requests, task, context);
  facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Json document = pair_document(comparison, task, facts, context);
  for (const auto& warning : document["warnings"]) log_warn(warning["message"].get<std::string>());
  std::string saved;
  if (!run.save.empty() && !comparison.stopped) saved = save_best(run.save, requests, task, document, context);
  if (run.json) {
    fmt::print("{}\n", dump_json(document));
  } else {
    print_leaderboard(document);
    if (!saved.empty()) fmt::print("\nbundle: {} ({}, fitted on all pairs)\n", run.save, saved);
  }
  if (comparison.stopped) {
    fmt::print(stderr, "stopped on request\n");
    return obligor::facts(ErrorCode::kCancelled).exit_status;
  }
  return document["best"].is_null() ? 1 : 0;
}

}  // namespace obligor::cli
