// obligor train: one model, with its honest metrics by the same folds as compare, fitted on all rows and saved as a bundle.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/data_options.h"
#include "cli/model_options.h"
#include "cli/study_run.h"
#include "cli/train_commands.h"
#include "core/error.h"
#include "core/file.h"

namespace obligor::cli {
namespace {

struct Options {
  DataOptions data;
  std::string model;
  ModelOptions settings;
  RunOptions run;
  bool no_cv = false;
  std::string save;
  bool json = false;
};

// One document: the run's facts as in compare, and of the one model its metrics out of fold and what the final fit chose.
Json train_document(const Options& options, const Json& study, const Bundle& bundle, double seconds) {
  Json document = study;
  document["kind"] = "train";
  document["seconds"] = seconds;
  document["peak_memory_bytes"] = peak_memory_bytes();
  for (const char* key : {"models", "tests", "best", "profile"}) document.erase(key);
  Json model = bundle.card;
  model["name"] = bundle.card["model"];
  model.erase("model");
  for (const auto& compared : study.value("models", Json::array())) {
    for (const char* key : {"metrics", "fold_metrics", "threshold", "cut_offs", "grades"}) model[key] = compared[key];
    if (options.run.diagnose && compared.contains("learning")) model["learning"] = compared["learning"];
  }
  document["model"] = std::move(model);
  document["plan"] = {{"inputs", bundle.plan.inputs.size()}, {"nodes", bundle.plan.nodes.size()}, {"constants", bundle.plan.constants.size()}};
  document["bundle"] = options.save;
  return document;
}

void print_grades(const Json& grades) {
  fmt::print("\ngrades, out of fold\n  {:>5} {:>15} {:>8} {:>7}  {:<24} {}\n", "grade", "points", "rows", "bad", "PD", "the model's mean");
  for (const Json& grade : grades) {
    const auto points = [&](const char* key) { return grade.contains(key) ? fmt::format("{:.0f}", grade[key].get<double>()) : std::string(); };
    fmt::print("  {:>5} {:>15} {:>8} {:>7.0f}  {:<24} {:.4f}\n", grade["grade"].get<int>(), points("points_from") + " .. " + points("points_to"),
               grade["n"].get<size_t>(), grade["bad"].get<double>(), interval_text(grade["pd"]), grade["mean"].get<double>());
  }
}

void print_result(const Json& document) {
  const Json& model = document["model"];
  fmt::print("{}: {}\n{} rows, {} bad ({:.1f} %), {} inputs, seed {}\n", model["name"].get<std::string>(), model["title"].get<std::string>(),
             document["rows"].get<size_t>(), document["task"]["bad"].get<size_t>(), 100 * document["task"]["bad_rate"].get<double>(),
             document["plan"]["inputs"].get<size_t>(), document["seed"].get<uint64_t>());
  if (model.contains("metrics")) {
    fmt::print("\nout of fold, {}\n", document["split"]["detail"].get<std::string>());
    for (const char* name : {"auc", "gini", "ks", "pr_auc", "h_measure", "brier", "log_loss", "ece"}) {
      fmt::print("  {:<10} {}\n", name, interval_text(model["metrics"][name]));
    }
    print_grades(model["grades"]);
  } else {
    fmt::print("\nno metrics: --no-cv was given\n");
  }
  fmt::print("\nparameters\n");
  size_t width = 0;
  for (const auto& [name, value] : model["params"].items()) width = std::max(width, name.size());
  for (const auto& [name, value] : model["params"].items()) {
    if (name == "candidates") continue;
    fmt::print("  {:<{}}  {}\n", name, width, value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (!model["importance"].empty()) fmt::print("\nimportance\n");
  for (size_t i = 0; i < std::min<size_t>(10, model["importance"].size()); ++i) {
    fmt::print("  {:>5.1f} %  {}\n", 100 * model["importance"][i]["share"].get<double>(), model["importance"][i]["feature"].get<std::string>());
  }
  if (model.contains("diagnosis")) print_diagnosis(model["name"].get<std::string>(), model["diagnosis"]);
  for (const auto& note : model["notes"]) fmt::print("\nnote: {}\n", note.get<std::string>());
  fmt::print("\nbundle: {} (fitted on all rows, {} plan nodes)\n", document["bundle"].get<std::string>(), document["plan"]["nodes"].get<size_t>());
}

int run_train(Options options, const Globals& globals) {
  if (options.model.empty()) throw Error(ErrorCode::kInvalid, "train: --model NAME is wanted; `obligor models` lists them");
  if (options.save.empty()) throw Error(ErrorCode::kInvalid, "train: --save FILE is wanted, as in --save m.obligor");
  const Context context = globals.context();
  const auto requests = make_requests({options.model}, options.settings);
  check_writable(options.save);
  // Without an estimate the split only says by which rule the inner folds are made.
  if (options.no_cv) options.data.folds = 2;
  const LoadedData data = load_data(options.data, "train", context);
  StudyRun run;
  if (options.no_cv) {
    run.document = run_facts(data, globals, context);
  } else {
    run = run_study(requests, data, options.settings.pipeline, options.run, globals, context);
    if (run.comparison.stopped) return finish_run(run);
    const ModelOutcome& outcome = run.comparison.models.front();
    if (!outcome.ok) throw Error(ErrorCode::kNumeric, fmt::format("train: model '{}' failed: {}", options.model, outcome.reason));
  }
  Json diagnosis;
  const Bundle bundle = fit_on_all(requests.front(), data, options.settings.pipeline, run, context, diagnosis);
  save_bundle(bundle, options.save);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - data.start).count();
  Json document = train_document(options, run.document, bundle, seconds);
  if (options.run.diagnose) document["model"]["diagnosis"] = diagnosis;
  if (options.json) fmt::print("{}\n", dump_json(document));
  else print_result(document);
  return options.no_cv ? 0 : finish_run(run);
}

}  // namespace

Run setup_train(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  add_data_options(app, options->data);
  app.add_option("--model", options->model, "which model; `obligor models` lists them")->group("Model");
  add_model_options(app, options->settings);
  add_split_options(app, options->data);
  app.add_flag("--no-cv", options->no_cv, "no estimate by folds: the bundle then carries no metrics")->group("Split");
  add_run_options(app, options->run);
  add_device_option(app, globals);
  app.add_option("--save", options->save, "write the bundle here, as NAME.obligor")->group("Output");
  app.add_flag("--json", options->json, "one JSON document on stdout")->group("Output");
  return [options, &globals] { return run_train(*options, globals); };
}

}  // namespace obligor::cli
