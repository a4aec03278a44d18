#include "emit/import/import.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "emit/import/parts.h"
#include "emit/import/scorecard_table.h"
#include "emit/import/xgboost_model.h"
#include "plan/builder.h"
#include "zoo/boost/tree_text.h"

namespace obligor {
namespace {

constexpr std::array<std::pair<std::string_view, ImportFormat>, 4> kFormats{{
    {"lightgbm", ImportFormat::kLightGbm},
    {"xgboost", ImportFormat::kXgBoost},
    {"logistic_json", ImportFormat::kLogisticJson},
    {"scorecard", ImportFormat::kScorecard},
}};

using import_parts::check_features;
using import_parts::damaged;
using import_parts::finish;
using import_parts::number_inputs;
using import_parts::refuse;

// The value of `key=` at the head of the file, before the first tree; empty where there is none.
std::string_view header_value(std::string_view text, std::string_view key) {
  const std::string_view head = text.substr(0, text.find("\nTree="));
  const std::string wanted = "\n" + std::string(key) + "=";
  const size_t at = head.find(wanted);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + wanted.size());
  std::string_view value = rest.substr(0, rest.find('\n'));
  if (!value.empty() && value.back() == '\r') value.remove_suffix(1);
  return value;
}

ScorePlan import_lightgbm(std::string_view text, std::string_view source) {
  if (!text.starts_with("tree\n") && !text.starts_with("tree\r\n")) damaged(source, "is not a text model of LightGBM: its first line is not 'tree'");
  const std::string_view objective = header_value(text, "objective");
  const std::string_view kind = objective.substr(0, objective.find(' '));
  if (kind != "binary" && kind != "cross_entropy") {
    refuse(source, fmt::format("the objective '{}' gives no probability of bad; binary and cross_entropy do", objective));
  }
  if (text.substr(0, text.find("\nTree=")).find("\naverage_output") != std::string_view::npos) {
    refuse(source, "the model is a random forest (average_output), whose leaves are averaged; boosting is read");
  }
  if (const size_t at = text.rfind("\npandas_categorical:"); at != std::string_view::npos) {
    std::string_view value = text.substr(at + 20);
    value = value.substr(0, value.find('\n'));
    if (value != "null" && value != "[]") refuse(source, "has categories as text (pandas_categorical); train it on codes, or on numbers");
  }
  double slope = 1;
  if (const size_t at = objective.find("sigmoid:"); at != std::string_view::npos) {
    const std::string_view digits = objective.substr(at + 8);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), slope);
    if (error != std::errc() || !(slope > 0)) damaged(source, fmt::format("the objective '{}' states no slope", objective));
  }
  std::vector<std::string> names;
  std::string_view rest = header_value(text, "feature_names");
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  TreeArrays trees = zoo::read_lightgbm_text(text, source);
  check_features(trees, names.size(), source);
  PlanBuilder builder;
  const NodeId raw = builder.trees(number_inputs(builder, names, source), std::move(trees));
  return finish(builder, builder.sum({raw}, {static_cast<float>(slope)}), "lightgbm");
}

float number_at(const Json& object, const char* key, double otherwise, std::string_view source) {
  const double value = object.contains(key) ? json_get<double>(object, key, source) : otherwise;
  return static_cast<float>(value);
}

ScorePlan import_logistic(std::string_view text, std::string_view source) {
  const Json document = parse_json(text, source);
  const auto intercept = json_get<double>(document, "intercept", source);
  const auto coefficients = json_get<Json>(document, "coefficients", source);
  if (!coefficients.is_object() || coefficients.empty()) damaged(source, "'coefficients' is not an object of at least one column");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  std::vector<float> weights;
  for (const auto& [name, value] : coefficients.items()) {
    const std::string where = fmt::format("{}: coefficients: {}", source, name);
    if (value.is_number()) {
      parts.push_back(builder.input(name, InputKind::kNumber));
      weights.push_back(value.get<float>());
      continue;
    }
    if (!value.is_object()) damaged(where, "is neither a number nor an object");
    if (value.contains("levels")) {
      std::vector<std::string> words;
      std::vector<int32_t> codes;
      std::vector<float> table;
      const auto levels = json_get<Json>(value, "levels", where);
      if (!levels.is_object()) damaged(where, "'levels' is not an object");
      for (const auto& [word, weight] : levels.items()) {
        if (!weight.is_number()) damaged(where, fmt::format("the level '{}' has no number", word));
        codes.push_back(static_cast<int32_t>(words.size()));
        words.push_back(word);
        table.push_back(weight.get<float>());
      }
      const auto count = static_cast<int32_t>(words.size());
      table.push_back(number_at(value, "missing", 0, where));
      table.push_back(number_at(value, "unseen", 0, where));
      const NodeId code = builder.encode(builder.input(name, InputKind::kCategory), words, codes, count, count + 1, static_cast<uint32_t>(count) + 2);
      parts.push_back(builder.look_up(code, table, 1));
      weights.push_back(1.0F);
      continue;
    }
    NodeId x = builder.input(name, InputKind::kNumber);
    if (value.contains("impute")) x = builder.impute(x, {number_at(value, "impute", 0, where)});
    if (value.contains("mean") || value.contains("scale")) {
      const float scale = number_at(value, "scale", 1, where);
      if (!(std::fabs(scale) > 0)) damaged(where, "'scale' is not a number other than 0");
      x = builder.scale(x, {number_at(value, "mean", 0, where)}, {1 / scale});
    }
    parts.push_back(x);
    weights.push_back(static_cast<float>(json_get<double>(value, "coefficient", where)));
  }
  return finish(builder, builder.affine(builder.concat(parts), weights, {static_cast<float>(intercept)}, 1), "logistic_json");
}

}  // namespace

ImportFormat parse_import_format(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
    names.emplace_back(known);
  }
  throw unknown_name("format of a model", name, names);
}

ScorePlan import_model(std::string_view text, std::string_view source, ImportFormat format) {
  switch (format) {
    case ImportFormat::kLightGbm: return import_lightgbm(text, source);
    case ImportFormat::kXgBoost: return import_xgboost(text, source);
    case ImportFormat::kScorecard: return import_scorecard(text, source, {}).plan;
    case ImportFormat::kLogisticJson: break;
  }
  return import_logistic(text, source);
}

}  // namespace obligor
