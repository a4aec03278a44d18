#include "study/compare.h"

#include <mutex>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/random.h"
#include "metric/roc.h"
#include "study/fingerprint.h"

namespace obligor {
namespace {

std::string job_note(const JobResult& job, const Task& task, const Fold& fold) {
  if (!job.ok) return fmt::format("{} fold {}: failed: {}", job.model, job.fold, job.reason);
  std::vector<uint8_t> target;
  for (const uint32_t row : fold.test) target.push_back(task.target[row]);
  return fmt::format("{} fold {}: auc {:.4f} in {:.1f} s", job.model, job.fold, metric::auc(job.probability, target), job.fit_seconds);
}

}  // namespace

std::string run_key(const std::vector<ModelRequest>& requests, const Table& table, const Task& task, const Split& split,
                    const PipelineOptions& options, uint64_t seed) {
  Sha256 digest;
  digest.update(
      fmt::format("run 3;{};{};{};{};{};{};", seed, options.inner_folds, options.search, options.selection_steps, task.target_name, task.positive));
  digest.update(fmt::format("{};{};{};", options.tune, options.tune_minutes, static_cast<int>(options.tune_method)));
  // The inner folds follow the split's kind, the groups and the times.
  digest.update(fmt::format("{};{};{};{};", static_cast<int>(split.kind), task.spec.weight, task.spec.group, task.spec.time));
  digest.update(reject_key(options.reject, task));
  for (const auto& column : table.columns()) add_column(digest, column);
  for (const auto& name : task.features) digest.update(name + ";");
  for (const auto& fold : split.folds) {
    digest.update({reinterpret_cast<const char*>(fold.test.data()), fold.test.size() * sizeof(uint32_t)});
    digest.update({reinterpret_cast<const char*>(fold.train.data()), fold.train.size() * sizeof(uint32_t)});
  }
  // One folder serves the same data with any list of models; a model with other parameters has another name in it.
  for (const auto& request : requests) {
    for (const auto& [name, value] : request.given) digest.update(fmt::format("{}.{}={};", request.entry.name, name, value));
  }
  return digest.hex().substr(0, 16);
}

Comparison run_comparison(const std::vector<ModelRequest>& requests, const Table& table, const Task& task, const Split& split,
                          const CompareOptions& options, const Context& context) {
  const size_t folds = split.folds.size();
  std::vector<std::vector<std::optional<JobResult>>> done(requests.size(), std::vector<std::optional<JobResult>>(folds));
  if (!options.run_folder.empty() && !options.resume) {
    std::error_code ignored;
    std::filesystem::remove_all(options.run_folder, ignored);
  }

  check_reject_options(options.pipeline.reject, task);
  // Parameters are checked before anything is fitted: a typo should not cost the run.
  for (const auto& request : requests) (void)make_params(request.entry.params, request.given, fmt::format("model '{}'", request.entry.name));

  struct Slot {
    size_t model;
    int fold;
  };
  std::vector<Slot> slots;
  for (size_t m = 0; m < requests.size(); ++m) {
    for (size_t f = 0; f < folds; ++f) {
      if (options.resume && !options.run_folder.empty()) {
        done[m][f] = kept_job(options.run_folder, requests[m].entry.name, static_cast<int>(f));
        if (done[m][f] && done[m][f]->probability.size() != split.folds[f].test.size()) done[m][f].reset();
      }
      if (!done[m][f]) slots.push_back({m, static_cast<int>(f)});
    }
  }
  const size_t total = requests.size() * folds;
  auto progress = context.begin("compare", static_cast<int64_t>(total));
  if (slots.size() < total)
    progress.advance(static_cast<int64_t>(total - slots.size()), fmt::format("{} jobs of an earlier run taken up", total - slots.size()));

  PipelineOptions pipeline = options.pipeline;
  if (!options.run_folder.empty()) pipeline.tune_folder = trial_folder(options.run_folder);
  Comparison comparison;
  try {
    parallel_for(context, slots.size(), [&](size_t i) {
      context.check_cancelled();
      const Slot slot = slots[i];
      const ModelRequest& request = requests[slot.model];
      // A fold's seed does not depend on which models run beside it.
      const Context job_context = context.with_seed(derive_seed(context.seed(), request.entry.name, static_cast<uint64_t>(slot.fold)));
      JobResult job = run_job(request.entry, request.given, table, task, split, slot.fold, pipeline, job_context);
      if (job.ok && !options.run_folder.empty()) keep_job(options.run_folder, job);
      progress.advance(1, job_note(job, task, split.folds[static_cast<size_t>(slot.fold)]));
      done[slot.model][static_cast<size_t>(slot.fold)] = std::move(job);
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    comparison.stopped = true;
  }

  for (size_t m = 0; m < requests.size(); ++m) {
    ModelOutcome outcome{requests[m].entry, requests[m].given, {}, true, {}};
    size_t finished = 0;
    for (auto& job : done[m]) {
      if (job && job->ok) {
        ++finished;
        outcome.jobs.push_back(std::move(*job));
      } else if (job && outcome.reason.empty()) {
        outcome.reason = job->reason;
      }
    }
    outcome.ok = finished == folds;
    if (!outcome.ok && outcome.reason.empty()) outcome.reason = fmt::format("stopped on request: {} of {} folds finished", finished, folds);
    comparison.models.push_back(std::move(outcome));
  }
  return comparison;
}

}  // namespace obligor
