// One run of the study for a command: models over the folds with finished jobs kept, its document, and the fit on all rows.
//
//   RunOptions options;  add_run_options(app, options);
//   const StudyRun run = run_study(requests, data, pipeline, options, globals, context);
//   if (!run.comparison.stopped) save_bundle(fit_on_all(request, data, pipeline, run, context), path);
//   return finish_run(run);
//
// Contract: jobs are kept in a folder of the run's own, under --run-folder or the user's state folder, until all models are done.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "bundle/bundle.h"
#include "cli/data_options.h"
#include "cli/frame.h"
#include "core/json.h"
#include "study/compare.h"
#include "study/pipeline.h"

namespace obligor::cli {

struct RunOptions {
  std::string folder;
  bool resume = false;
  int resamples = 200;
  bool diagnose = false;
};

void add_run_options(CLI::App& app, RunOptions& options);
// --device, for the commands that fit.
void add_device_option(CLI::App& app, Globals& globals);

struct StudyRun {
  Comparison comparison;
  Json document;
  std::filesystem::path folder;
};

[[nodiscard]] StudyRun run_study(const std::vector<ModelRequest>& requests, const LoadedData& data, const PipelineOptions& pipeline,
                                 const RunOptions& options, const Globals& globals, const Context& context);

// The document of a run without folds: the facts that run_study's has too, and no models.
[[nodiscard]] Json run_facts(const LoadedData& data, const Globals& globals, const Context& context);

// The model fitted on all rows; its metrics are those of the run's document, none when that has none of this model. The trials of its
// tuning are kept with the run's jobs.
[[nodiscard]] Bundle fit_on_all(const ModelRequest& request, const LoadedData& data, const PipelineOptions& pipeline, const StudyRun& run,
                                const Context& context);
// The same, and in `diagnosis` what the fit on all rows shows (model/diagnosis.h), as JSON.
[[nodiscard]] Bundle fit_on_all(const ModelRequest& request, const LoadedData& data, const PipelineOptions& pipeline, const StudyRun& run,
                                const Context& context, Json& diagnosis);

// What --diagnose says of a model, in words: a line of the extremes, then one a finding.
void print_diagnosis(const std::string& model, const Json& diagnosis);

// The exit status. Says how to go on after a stop; removes the kept jobs when all models are done.
[[nodiscard]] int finish_run(const StudyRun& run);

// "0.781 [0.752, 0.808]"
[[nodiscard]] std::string interval_text(const Json& metric);

}  // namespace obligor::cli
