#include "cli/study_run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "model/diagnosis.h"
#include "study/document.h"
#include "study/finish.h"

namespace obligor::cli {
namespace {

std::filesystem::path state_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') return std::filesystem::path(state) / "obligor";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return std::filesystem::path(home) / ".local/state/obligor";
  return std::filesystem::temp_directory_path() / "obligor";
}

RunFacts facts_of(const LoadedData& data, const Globals& globals) {
  RunFacts facts;
  facts.command = globals.command;
  facts.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - data.start).count();
  facts.source = data.source;
  facts.notes = data.notes;
  return facts;
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& options) {
  app.add_option("--resamples", options.resamples, "of the bootstrap")->check(CLI::Range(10, 100'000))->capture_default_str()->group("Run");
  app.add_option("--run-folder", options.folder, "where finished jobs are kept until the run ends, in a folder of their own")->group("Run");
  app.add_flag("--diagnose", options.diagnose, "judge the gradients and activations of each network's layers (docs/diagnose.md)")->group("Run");
  app.add_flag("--resume", options.resume, "take up the finished jobs of a stopped run")->group("Run");
}

void add_device_option(CLI::App& app, Globals& globals) {
  const std::vector<std::pair<std::string, Device>> devices{{"cpu", Device::kCpu}, {"cuda", Device::kCuda}};
  app.add_option("--device", globals.device, "cpu or cuda; cuda: the networks are trained on the GPU")
      ->transform(CLI::CheckedTransformer(devices).description(""))
      ->type_name("NAME")
      ->group("Run");
}

StudyRun run_study(const std::vector<ModelRequest>& requests, const LoadedData& data, const PipelineOptions& pipeline, const RunOptions& options,
                   const Globals& globals, const Context& context) {
  RunFacts facts = facts_of(data, globals);
  facts.resamples = options.resamples;
  facts.diagnose = options.diagnose;
  StudyRun run;
  CompareOptions compare;
  compare.pipeline = pipeline;
  compare.resume = options.resume;
  // A folder of its own under the one that is named: what else lies there is never touched, and another run's jobs never match.
  const std::filesystem::path runs = options.folder.empty() ? state_folder() / "runs" : std::filesystem::path(options.folder);
  run.folder = runs / run_key(requests, data.table, data.task, data.split, pipeline, context.seed());
  compare.run_folder = run.folder;
  run.comparison = run_comparison(requests, data.table, data.task, data.split, compare, context);
  facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - data.start).count();
  run.document = comparison_document(run.comparison, data.table, data.task, data.split, data.guards, facts, context);
  return run;
}

Json run_facts(const LoadedData& data, const Globals& globals, const Context& context) {
  return comparison_document({}, data.table, data.task, data.split, data.guards, facts_of(data, globals), context);
}

Bundle fit_on_all(const ModelRequest& request, const LoadedData& data, const PipelineOptions& pipeline, const StudyRun& run, const Context& context) {
  Json unread;
  return fit_on_all(request, data, pipeline, run, context, unread);
}

Bundle fit_on_all(const ModelRequest& request, const LoadedData& data, const PipelineOptions& pipeline, const StudyRun& run, const Context& context,
                  Json& diagnosis) {
  const Context fit_context = context.with_seed(derive_seed(context.seed(), request.entry.name));
  PipelineOptions options = pipeline;
  if (!run.folder.empty()) options.tune_folder = trial_folder(run.folder);
  const FittedPipeline fitted = fit_pipeline(request.entry, request.given, data.table, data.task, data.split, data.task.rows, options, fit_context);
  std::vector<Learning> runs;
  for (const auto& member : fitted.learning) runs.push_back(member.learning);
  diagnosis = diagnosis_json(diagnose(runs, fitted.params));
  Bundle bundle = make_bundle(fitted, request.entry, data.table, data.task, run.document, context, pipeline.executor);
  if (!data.children.empty()) bundle.task["children"] = data.children;
  return bundle;
}

int finish_run(const StudyRun& run) {
  if (run.comparison.stopped) {
    fmt::print(stderr, "stopped on request; --resume goes on from {}\n", run.folder.string());
    return obligor::facts(ErrorCode::kCancelled).exit_status;
  }
  const auto ok = [](const auto& model) { return model.ok; };
  if (std::all_of(run.comparison.models.begin(), run.comparison.models.end(), ok)) {
    std::error_code ignored;
    std::filesystem::remove_all(run.folder, ignored);
  }
  return std::any_of(run.comparison.models.begin(), run.comparison.models.end(), ok) ? 0 : 1;
}

void print_diagnosis(const std::string& model, const Json& diagnosis) {
  const auto runs = diagnosis["runs"].get<size_t>();
  if (!diagnosis["measured"].get<bool>()) {
    fmt::print("\ndiagnosis of {}: it has no layers to look at\n", model);
    return;
  }
  const Json& ratio = diagnosis["signal_ratio"];
  fmt::print(
      "\ndiagnosis of {}, {} run{}: signal of a layer {:.3g} to {:.3g} times that of the last hidden one; at most {:.0f} % of a layer flat; {}\n",
      model, runs, runs == 1 ? "" : "s", ratio["lowest"].get<double>(), ratio["highest"].get<double>(), 100 * diagnosis["saturation"].get<double>(),
      diagnosis["findings"].empty() ? "nothing found" : "found:");
  for (const Json& finding : diagnosis["findings"]) fmt::print("  {}\n", finding_text(finding));
}

std::string interval_text(const Json& metric) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", metric["value"].get<double>(), metric["low"].get<double>(), metric["high"].get<double>());
}

}  // namespace obligor::cli
