#include "study/finish.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "core/digest.h"
#include "study/cutoffs.h"
#include "study/fingerprint.h"

namespace obligor {
namespace {

// What reasons are measured from (explain/reasons.h): the middle of the known values (the upper one of two), null when none is known.
Json median(const std::vector<float>& values, Rows rows) {
  std::vector<float> known;
  for (const uint32_t row : rows) {
    if (!std::isnan(values[row])) known.push_back(values[row]);
  }
  if (known.empty()) return nullptr;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  // JSON has no infinities; the largest float takes the same side of every threshold.
  constexpr float kLargest = std::numeric_limits<float>::max();
  return std::clamp(*middle, -kLargest, kLargest);
}

// The level that most rows have; of equally frequent ones the first by its text, so that nothing depends on the order of the rows.
Json most_frequent(const Column& column, Rows rows) {
  std::vector<size_t> counts(column.dictionary().size(), 0);
  for (const uint32_t row : rows) {
    if (column.codes()[row] != kMissingCode) ++counts[static_cast<size_t>(column.codes()[row])];
  }
  Json best;
  size_t count = 0;
  for (size_t level = 0; level < counts.size(); ++level) {
    if (counts[level] == 0 || counts[level] < count) continue;
    if (counts[level] == count && column.dictionary()[level] > best.get_ref<const std::string&>()) continue;
    best = column.dictionary()[level];
    count = counts[level];
  }
  return best;
}

Json input_dictionary(const ScorePlan& plan, const Table& table, const Task& task) {
  Json dictionary = Json::array();
  for (const PlanInput& input : plan.inputs) {
    const Column& column = table.column(input.name);
    Json json{{"name", input.name}, {"kind", kind_name(column.kind())}};
    size_t missing = 0;
    for (const uint32_t row : task.rows) missing += column.is_missing(row) ? 1U : 0U;
    json["missing"] = static_cast<double>(missing) / static_cast<double>(task.rows.size());
    if (column.kind() == ColumnKind::kCategory) {
      json["levels"] = column.dictionary().size();
      json["reference"] = most_frequent(column, task.rows);
    } else if (column.kind() == ColumnKind::kText) {
      json["reference"] = nullptr;  // a reason from a text is measured from none
    } else {
      const auto values = numeric_values(column);
      float low = INFINITY;
      float high = -INFINITY;
      for (const uint32_t row : task.rows) {
        if (!std::isfinite(values[row])) continue;
        low = std::min(low, values[row]);
        high = std::max(high, values[row]);
      }
      if (low <= high) {
        json["min"] = low;
        json["max"] = high;
      }
      json["reference"] = median(values, task.rows);
    }
    dictionary.push_back(std::move(json));
  }
  return dictionary;
}

// Deciles of the scores of the training rows: what monitoring compares later batches with.
Json score_reference(const std::vector<double>& probability) {
  std::vector<double> sorted = probability;
  std::sort(sorted.begin(), sorted.end());
  Json deciles = Json::array();
  for (int d = 1; d < 10; ++d) deciles.push_back(sorted[sorted.size() * static_cast<size_t>(d) / 10]);
  return {{"score_deciles", deciles}, {"mean_probability", std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size())}};
}

std::string data_digest(const Table& table, const ScorePlan& plan) {
  Sha256 digest;
  for (const PlanInput& input : plan.inputs) add_column(digest, table.column(input.name));
  return digest.hex();
}

}  // namespace

Bundle make_bundle(const FittedPipeline& fitted, const ModelEntry& entry, const Table& table, const Task& task, const Json& document,
                   const Context& context, const ExecutorFactory& executor) {
  Bundle bundle;
  // Points beside the probability: the scale is the design's (PDO 20, 600 points at odds 50:1).
  PlanBuilder builder;
  const auto outputs = builder.splice(fitted.plan);
  builder.meta() = fitted.plan.meta;
  for (size_t i = 0; i < outputs.size(); ++i) builder.output(fitted.plan.outputs[i].name, outputs[i]);
  const PointScale scale = scale_of(fitted.details);  // a scorecard has one of its own
  builder.output("points", builder.points(outputs[0], static_cast<float>(scale.factor()), static_cast<float>(scale.offset()), "round"));
  bundle.plan = builder.build();

  bundle.task = task_json(task);
  bundle.dictionary = input_dictionary(bundle.plan, table, task);
  const double bad_rate = static_cast<double>(task.bad_count()) / static_cast<double>(task.rows.size());
  bundle.fingerprint = {{"source", table.source()},
                        {"rows", task.rows.size()},
                        {"bad_rate", bad_rate},
                        {"digest", data_digest(table, bundle.plan)},
                        {"seed", context.seed()},
                        {"command", document.value("command", "")},
                        {"obligor", document.value("obligor", "")}};
  Json grades;
  for (const auto& model : document.value("models", Json::array())) {
    if (model.value("name", "") == entry.name && model.contains("metrics")) {
      grades = model.value("grades", Json());
      bundle.metrics = {{"split", document["split"]}, {"folds", document["folds"]}, {"rows", document["rows"]}, {"values", model["metrics"]}};
    }
  }
  bundle.reference = score_reference(score(bundle.plan, table, task.rows, executor));
  bundle.policy = {{"threshold", bad_rate},
                   {"threshold_rule", "bad rate of the training rows"},
                   {"points", {{"double_odds", scale.double_odds}, {"base_points", scale.base_points}, {"base_odds", scale.base_odds}}}};
  // Out-of-fold, as the metrics are: the PDs of fitted rows would be too low.
  if (!grades.is_null()) bundle.policy["grades"] = std::move(grades);
  Json importance = Json::array();
  for (const auto& feature : fitted.importance) importance.push_back({{"feature", feature.feature}, {"share", feature.share}});
  bundle.card = {{"model", entry.name},   {"title", entry.title},     {"paper", entry.paper},          {"params", fitted.params},
                 {"notes", fitted.notes}, {"importance", importance}, {"inner_auc", fitted.inner_auc}, {"details", fitted.details}};
  if (!fitted.tuning.is_null()) bundle.card["tuning"] = fitted.tuning;
  return bundle;
}

}  // namespace obligor
