#include "study/job.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace obligor {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::filesystem::path job_path(const std::filesystem::path& folder, const std::string& model, int fold) {
  return folder / fmt::format("{}-{}.json", model, fold);
}

// A value that is no number is kept as null.
std::vector<double> curve_from(const Json& values) {
  std::vector<double> curve;
  curve.reserve(values.size());
  for (const Json& value : values) curve.push_back(value.is_null() ? std::nan("") : value.get<double>());
  return curve;
}

Learning learning_from(const Json& json) {
  const auto curve = [&](const char* name) { return json.contains(name) ? curve_from(json[name]) : std::vector<double>{}; };
  Learning learning;
  learning.epoch = curve("epoch");
  learning.train_loss = curve("train_loss");
  learning.valid_loss = curve("valid_loss");
  learning.valid_auc = curve("valid_auc");
  learning.learning_rate = curve("learning_rate");
  const auto layers = [&](const char* name, Learning::Curves& curves) {
    if (!json.contains(name)) return;
    for (const auto& [layer, values] : json[name].items()) curves.emplace_back(layer, curve_from(values));
  };
  layers("gradient_norm", learning.gradient_norm);
  layers("signal", learning.signal);
  layers("saturation", learning.saturation);
  return learning;
}

}  // namespace

Json learning_json(const Learning& learning) {
  Json json;
  json["epoch"] = learning.epoch;
  const auto put = [&](const char* name, const std::vector<double>& values) {
    if (!values.empty()) json[name] = values;
  };
  put("train_loss", learning.train_loss);
  put("valid_loss", learning.valid_loss);
  put("valid_auc", learning.valid_auc);
  put("learning_rate", learning.learning_rate);
  for (const auto& [layer, values] : learning.gradient_norm) json["gradient_norm"][layer] = values;
  for (const auto& [layer, values] : learning.signal) json["signal"][layer] = values;
  for (const auto& [layer, values] : learning.saturation) json["saturation"][layer] = values;
  return json;
}

JobResult run_job(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split, int fold,
                  const PipelineOptions& options, const Context& context) {
  const Fold& rows = split.folds[static_cast<size_t>(fold)];
  JobResult job;
  job.model = entry.name;
  job.fold = fold;
  double bad = 0;
  double total = 0;
  for (const uint32_t row : rows.train) {
    const double weight = task.weight.empty() ? 1.0 : task.weight[row];
    total += weight;
    bad += weight * task.target[row];
  }
  job.threshold = total > 0 ? bad / total : 0.5;
  try {
    const auto fit_start = Clock::now();
    FittedPipeline fitted = fit_pipeline(entry, given, table, task, split, rows.train, options, context);
    job.fit_seconds = seconds_since(fit_start);
    const auto score_start = Clock::now();
    job.probability = score(fitted.plan, table, rows.test, options.executor);
    job.score_seconds = seconds_since(score_start);
    for (const double p : job.probability) {
      if (!(p >= 0 && p <= 1)) throw Error(ErrorCode::kNumeric, "a score is not a probability; the fit diverged");
    }
    job.params = std::move(fitted.params);
    job.notes = std::move(fitted.notes);
    job.learning = std::move(fitted.learning);
    job.importance = std::move(fitted.importance);
    job.inner_auc = fitted.inner_auc;
    job.details = std::move(fitted.details);
    job.tuning = std::move(fitted.tuning);
    job.ok = true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    job.reason = error.what();
  } catch (const std::exception& error) {
    job.reason = fmt::format("unexpected: {}", error.what());
  }
  return job;
}

void keep_job(const std::filesystem::path& folder, const JobResult& job) {
  Json json;
  json["model"] = job.model;
  json["fold"] = job.fold;
  json["probability"] = job.probability;
  json["threshold"] = job.threshold;
  json["fit_seconds"] = job.fit_seconds;
  json["score_seconds"] = job.score_seconds;
  json["params"] = job.params;
  json["notes"] = job.notes;
  json["inner_auc"] = job.inner_auc;
  json["details"] = job.details;
  if (!job.tuning.is_null()) json["tuning"] = job.tuning;
  json["learning"] = Json::array();
  for (const auto& member : job.learning) {
    Json row = learning_json(member.learning);
    row["member"] = member.member;
    json["learning"].push_back(std::move(row));
  }
  json["importance"] = Json::array();
  for (const auto& feature : job.importance) json["importance"].push_back({{"feature", feature.feature}, {"share", feature.share}});
  write_file(job_path(folder, job.model, job.fold), dump_json(json, -1));
}

std::optional<JobResult> kept_job(const std::filesystem::path& folder, const std::string& model, int fold) {
  const auto path = job_path(folder, model, fold);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const Json json = parse_json(read_file(path), path.string());
    JobResult job;
    job.model = model;
    job.fold = fold;
    job.ok = true;
    job.probability = json_get<std::vector<double>>(json, "probability", path.string());
    job.threshold = json_get<double>(json, "threshold", path.string());
    job.fit_seconds = json_get<double>(json, "fit_seconds", path.string());
    job.score_seconds = json_get<double>(json, "score_seconds", path.string());
    job.params = json.at("params");
    job.notes = json_get<std::vector<std::string>>(json, "notes", path.string());
    job.inner_auc = json_get<double>(json, "inner_auc", path.string());
    job.details = json.value("details", Json::object());
    if (json.contains("tuning")) job.tuning = json["tuning"];
    for (const auto& row : json.at("learning")) job.learning.push_back({row.at("member").get<int>(), learning_from(row)});
    for (const auto& row : json.at("importance")) job.importance.push_back({row.at("feature").get<std::string>(), row.at("share").get<double>()});
    return job;
  } catch (const std::exception& error) {
    log_warn(fmt::format("{}: the kept result cannot be read and is made again ({})", path.string(), error.what()));
    return std::nullopt;
  }
}

}  // namespace obligor
