// obligor compare: the zoo on the same folds, ranked with intervals, as text, JSON and a report; the best model as a bundle.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/data_options.h"
#include "cli/model_options.h"
#include "cli/multistate.h"
#include "cli/recommend.h"
#include "cli/study_run.h"
#include "cli/train_commands.h"
#include "core/error.h"
#include "core/file.h"
#include "study/document.h"
#include "study/report/report.h"

namespace obligor::cli {
namespace {

struct Options {
  DataOptions data;
  RecommendOptions recommend;
  MultistateOptions multistate;
  std::vector<std::string> models;
  ModelOptions model;
  RunOptions run;
  std::string oof;
  std::string report;
  std::string save;
  bool json = false;
};

void print_leaderboard(const Json& document) {
  fmt::print("{} rows, {} bad ({:.1f} %), {}, seed {}\n\n", document["rows"].get<size_t>(), document["task"]["bad"].get<size_t>(),
             100 * document["task"]["bad_rate"].get<double>(), document["split"]["detail"].get<std::string>(), document["seed"].get<uint64_t>());
  fmt::print("{:<12} {:<22} {:<22} {:<22} {:>9} {:>12}\n", "model", "auc", "ks", "brier", "fit s", "rows/s");
  for (const auto& model : document["models"]) {
    if (model["status"] != "ok") {
      fmt::print("{:<12} failed: {}\n", model["name"].get<std::string>(), model["reason"].get<std::string>());
      continue;
    }
    const Json& metrics = model["metrics"];
    fmt::print("{:<12} {:<22} {:<22} {:<22} {:>9.1f} {:>12.0f}\n", model["name"].get<std::string>(), interval_text(metrics["auc"]),
               interval_text(metrics["ks"]), interval_text(metrics["brier"]), model["fit_seconds"].get<double>(),
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

int run_compare(const Options& options, const Globals& globals) {
  if (!options.multistate.state.empty() && options.recommend.kind != TaskKind::kMultistate) {
    throw Error(ErrorCode::kInvalid, "compare: --state belongs to --task multistate");
  }
  if ((!options.multistate.event.empty() || !options.multistate.within.empty()) && options.recommend.kind != TaskKind::kMultistate) {
    throw Error(ErrorCode::kInvalid, "compare: --event and --within belong to --task multistate");
  }
  if (options.recommend.kind != TaskKind::kBinary) {
    const auto refuse = [](bool given, std::string_view name, std::string_view instead) {
      if (given) throw Error(ErrorCode::kInvalid, fmt::format("compare: {} is for a binary task; {}", name, instead));
    };
    const RunOptions& run = options.run;
    refuse(!options.oof.empty(), "--oof", "--json has all of another one");
    refuse(!options.report.empty(), "--report", "--json has all of another one");
    refuse(options.model.pipeline.tune > 0, "--tune", "set the parameters of a model with --param");
    refuse(run.resume || !run.folder.empty(), run.resume ? "--resume" : "--run-folder", "another comparison keeps no jobs; run it again");
    refuse(run.diagnose, "--diagnose", "leave it out");
    refuse(!options.data.sequences.empty(), "--sequence", "no model of pairs or of states reads a history");
    refuse(globals.device != Device::kCpu, "--device cuda", "models of pairs and of states are trained on the processor");
    if (options.recommend.kind == TaskKind::kMultistate) {
      return run_multistate(options.multistate, {options.data, options.models, options.model, options.run.resamples, options.save, options.json},
                            globals);
    }
    return run_recommend(options.recommend, {options.data, options.models, options.model, options.run.resamples, options.save, options.json},
                         globals);
  }
  if (!options.recommend.customer.empty() || !options.recommend.product.empty()) {
    throw Error(ErrorCode::kInvalid, "compare: --customer and --product belong to --task rating or --task ranking");
  }
  const Context context = globals.context();
  const auto requests = make_requests(options.models, options.model);
  for (const auto* path : {&options.oof, &options.report, &options.save}) check_writable(*path);
  const LoadedData data = load_data(options.data, "compare", context);
  const StudyRun run = run_study(requests, data, options.model.pipeline, options.run, globals, context);
  const Json& document = run.document;

  if (!options.oof.empty()) write_file(options.oof, out_of_fold_csv(run.comparison, data.table, data.split));
  if (!options.report.empty()) write_file(options.report, render_report(document));
  const bool save = !options.save.empty() && !run.comparison.stopped && !document["best"].is_null();
  if (save) {
    const auto best = std::find_if(requests.begin(), requests.end(), [&](const auto& request) { return request.entry.name == document["best"]; });
    save_bundle(fit_on_all(*best, data, options.model.pipeline, run, context), options.save);
  }
  if (options.json) {
    fmt::print("{}\n", dump_json(document));
  } else {
    print_leaderboard(document);
    for (const auto& model : document["models"]) {
      if (model.contains("diagnosis")) print_diagnosis(model["name"].get<std::string>(), model["diagnosis"]);
    }
    if (!options.report.empty()) fmt::print("\nreport: {}\n", options.report);
    if (save) fmt::print("bundle: {} ({}, fitted on all rows)\n", options.save, document["best"].get<std::string>());
  }
  return finish_run(run);
}

}  // namespace

Run setup_compare(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  add_data_options(app, options->data);
  add_split_options(app, options->data);
  add_recommend_options(app, options->recommend);
  add_multistate_options(app, options->multistate);
  app.add_option("--models", options->models, "which models, separated by commas, or all; default: those that do not take long (see obligor models)")
      ->delimiter(',')
      ->group("Model");
  add_model_options(app, options->model);
  add_run_options(app, options->run);
  add_device_option(app, globals);
  app.add_option("--oof", options->oof, "write every out-of-fold prediction here (row,fold,model,p)")->group("Output");
  app.add_option("--report", options->report, "write the HTML report here")->group("Output");
  app.add_option("--save", options->save, "fit the best model on all rows and write it here, as NAME.obligor")->group("Output");
  app.add_flag("--json", options->json, "one JSON document on stdout")->group("Output");
  return [options, &globals] { return run_compare(*options, globals); };
}

}  // namespace obligor::cli
