#include "study/profile.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/parallel.h"
#include "metric/roc.h"

namespace obligor {
namespace {

constexpr size_t kBins = 20;
constexpr size_t kLevels = 12;

// AUC of the column alone, the better way round; a category is ranked by its bad rate, so this flatters many levels.
double column_auc(const std::vector<double>& scores, const Task& task) {
  std::vector<uint8_t> target;
  for (const uint32_t row : task.rows) target.push_back(task.target[row]);
  const double auc = metric::auc(scores, target);
  return std::max(auc, 1 - auc);
}

void number_profile(Json& json, const std::vector<float>& values, const Task& task) {
  std::vector<float> finite;
  for (const uint32_t row : task.rows) {
    if (std::isfinite(values[row])) finite.push_back(values[row]);
  }
  if (finite.empty()) return;
  std::sort(finite.begin(), finite.end());
  json["distinct"] = 1 + std::count_if(finite.begin() + 1, finite.end(), [&, previous = finite.front()](float value) mutable {
                       const bool fresh = value != previous;
                       previous = value;
                       return fresh;
                     });
  const auto at = [&](double share) { return finite[static_cast<size_t>(share * static_cast<double>(finite.size() - 1))]; };
  json["min"] = finite.front();
  json["p1"] = at(0.01);
  json["p25"] = at(0.25);
  json["p50"] = at(0.5);
  json["p75"] = at(0.75);
  json["p99"] = at(0.99);
  json["max"] = finite.back();
  double mean = 0;
  for (const float value : finite) mean += static_cast<double>(value) / static_cast<double>(finite.size());
  double variance = 0;
  for (const float value : finite)
    variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean) / static_cast<double>(finite.size());
  json["mean"] = mean;
  json["sd"] = std::sqrt(variance);

  // Between the 1st and 99th percentile, so that one outlier does not flatten the picture.
  const auto low = static_cast<double>(at(0.01));
  const double high = std::max(static_cast<double>(at(0.99)), low + 1e-12);
  std::vector<double> edges;
  for (size_t b = 0; b <= kBins; ++b) edges.push_back(low + (high - low) * static_cast<double>(b) / kBins);
  std::vector<int> good(kBins, 0);
  std::vector<int> bad(kBins, 0);
  std::vector<double> scores;
  for (const uint32_t row : task.rows) {
    // A missing value ranks below all others.
    scores.push_back(std::isnan(values[row]) ? -1e300 : static_cast<double>(values[row]));
    if (std::isinf(scores.back())) scores.back() = std::copysign(1e299, scores.back());
    if (!std::isfinite(values[row])) continue;
    const double place = (static_cast<double>(values[row]) - low) / (high - low) * kBins;
    const auto bin = static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(kBins - 1)));
    ++(task.target[row] != 0 ? bad : good)[bin];
  }
  json["histogram"] = {{"edges", edges}, {"good", good}, {"bad", bad}};
  json["auc"] = column_auc(scores, task);
}

void category_profile(Json& json, const Column& column, const Task& task) {
  const auto codes = column.codes();
  std::vector<size_t> count(column.dictionary().size(), 0);
  std::vector<size_t> bad(column.dictionary().size(), 0);
  size_t missing = 0;
  size_t missing_bad = 0;
  for (const uint32_t row : task.rows) {
    if (codes[row] < 0) {
      ++missing;
      missing_bad += size_t{task.target[row]};
    } else {
      ++count[static_cast<size_t>(codes[row])];
      bad[static_cast<size_t>(codes[row])] += size_t{task.target[row]};
    }
  }
  std::vector<size_t> order;
  for (size_t level = 0; level < count.size(); ++level) {
    if (count[level] > 0) order.push_back(level);
  }
  json["distinct"] = order.size();
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return count[a] > count[b]; });
  json["levels"] = Json::array();
  for (size_t i = 0; i < std::min(kLevels, order.size()); ++i) {
    const size_t level = order[i];
    json["levels"].push_back({{"level", column.dictionary()[level]},
                              {"n", count[level]},
                              {"bad_rate", static_cast<double>(bad[level]) / static_cast<double>(count[level])}});
  }
  // Smoothed towards the mean, so that single rows do not rank perfectly.
  const double prior = static_cast<double>(task.bad_count()) / static_cast<double>(task.rows.size());
  std::vector<double> scores;
  for (const uint32_t row : task.rows) {
    const size_t n = codes[row] < 0 ? missing : count[static_cast<size_t>(codes[row])];
    const size_t b = codes[row] < 0 ? missing_bad : bad[static_cast<size_t>(codes[row])];
    // Without the row itself.
    scores.push_back((static_cast<double>(b) - static_cast<double>(task.target[row]) + 10 * prior) / (static_cast<double>(n) - 1 + 10));
  }
  json["auc"] = column_auc(scores, task);
}

}  // namespace

Json data_profile(const Table& table, const Task& task, const std::vector<Guard>& guards, const Context& context) {
  const std::set<std::string> features(task.features.begin(), task.features.end());
  std::vector<Json> columns(table.columns().size());
  parallel_for(context, columns.size(), [&](size_t c) {
    const Column& column = table.columns()[c];
    Json& json = columns[c];
    json["name"] = column.name();
    json["kind"] = kind_name(column.kind());
    const bool is_target = column.name() == task.target_name;
    json["role"] = is_target ? "target" : features.contains(column.name()) ? "feature" : "ignored";
    for (const auto& guard : guards) {
      if (guard.column == column.name() && guard.drop) json["reason"] = guard.message;
    }
    size_t missing = 0;
    for (const uint32_t row : task.rows) missing += column.is_missing(row) ? 1U : 0U;
    json["missing"] = static_cast<double>(missing) / static_cast<double>(task.rows.size());
    if (column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kDate) number_profile(json, numeric_values(column), task);
    if (column.kind() == ColumnKind::kCategory) category_profile(json, column, task);
    if (is_target) json.erase("auc");
  });
  return columns;
}

}  // namespace obligor
