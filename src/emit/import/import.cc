#include "emit/import/import.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "emit/import/scorecard_table.h"
#include "emit/import/ubjson.h"
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
constexpr float kFactor = 28.853901F;  // 20 points double the odds
constexpr float kOffset = 487.122876F;

[[noreturn]] void refuse(std::string_view source, std::string_view what) {
  throw Error(ErrorCode::kUnsupported, fmt::format("{}: {}", source, what));
}
[[noreturn]] void damaged(std::string_view source, std::string_view what) { throw Error(ErrorCode::kData, fmt::format("{}: {}", source, what)); }

ScorePlan finish(PlanBuilder& builder, NodeId log_odds, std::string_view tool) {
  builder.name(log_odds, "log-odds");
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.output("points", builder.points(log_odds, kFactor, kOffset, "round"));
  builder.meta()["imported_from"] = std::string(tool);
  return builder.build();
}

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

NodeId number_inputs(PlanBuilder& builder, const std::vector<std::string>& names, std::string_view source) {
  if (names.empty()) damaged(source, "the model names no features");
  std::vector<NodeId> columns;
  for (const auto& name : names) {
    const NodeId column = builder.input(name, InputKind::kNumber);
    for (const NodeId other : columns) {
      if (other == column) damaged(source, fmt::format("two features are named '{}'", name));
    }
    columns.push_back(column);
  }
  return builder.concat(columns);
}

// A tree that looks at a column that is not there would be a fault of the builder's otherwise.
void check_features(const TreeArrays& trees, size_t features, std::string_view source) {
  for (const int32_t feature : trees.feature) {
    if (feature < 0 || static_cast<size_t>(feature) >= features) {
      damaged(source, fmt::format("a split looks at feature {}, and the model names {}", feature, features));
    }
  }
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

// A number that XGBoost writes as text: "5E-1", in newer versions "[5E-1]".
double text_number(std::string text, std::string_view what, std::string_view source) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) damaged(source, fmt::format("{} '{}' is not one number", what, text));
  return value;
}

void add_xgboost_tree(const Json& tree, TreeArrays& arrays, std::string_view source) {
  const auto left = json_get<std::vector<int64_t>>(tree, "left_children", source);
  const auto right = json_get<std::vector<int64_t>>(tree, "right_children", source);
  const auto feature = json_get<std::vector<int64_t>>(tree, "split_indices", source);
  const auto condition = json_get<std::vector<double>>(tree, "split_conditions", source);
  const auto default_left = json_get<std::vector<int64_t>>(tree, "default_left", source);
  const size_t count = left.size();
  if (count == 0 || right.size() != count || feature.size() != count || condition.size() != count || default_left.size() != count) {
    damaged(source, "a tree's arrays differ in length");
  }
  if (tree.contains("categories_nodes") && !tree["categories_nodes"].empty()) refuse(source, "has splits on categories; numbers are read");
  // Our nodes follow in the order in which the walk meets them, so that children stand after their parents and every node is met once.
  struct Pending {
    size_t node;
    size_t parent;
    bool is_left;
  };
  constexpr size_t kRoot = std::numeric_limits<size_t>::max();
  std::vector<Pending> pending{{0, kRoot, false}};
  size_t met = 0;
  while (!pending.empty()) {
    const Pending next = pending.back();
    pending.pop_back();
    if (++met > count) damaged(source, "a tree's nodes form a ring");
    const bool is_leaf = left[next.node] < 0;
    const auto place = static_cast<int32_t>(is_leaf ? ~static_cast<int64_t>(arrays.leaves.size()) : static_cast<int64_t>(arrays.feature.size()));
    if (next.parent == kRoot) arrays.roots.push_back(place);
    else (next.is_left ? arrays.left : arrays.right)[next.parent] = place;
    if (is_leaf) {
      arrays.leaves.push_back(static_cast<float>(condition[next.node]));
      continue;
    }
    const auto here = arrays.feature.size();
    for (const int64_t child : {left[next.node], right[next.node]}) {
      if (child < 0 || static_cast<size_t>(child) >= count) damaged(source, "a tree names a child that it does not hold");
    }
    if (feature[next.node] < 0 || feature[next.node] > std::numeric_limits<int32_t>::max()) damaged(source, "a split names no feature");
    arrays.feature.push_back(static_cast<int32_t>(feature[next.node]));
    // Left is x < t there and x <= t here.
    arrays.threshold.push_back(std::nextafter(static_cast<float>(condition[next.node]), -std::numeric_limits<float>::infinity()));
    arrays.left.push_back(0);
    arrays.right.push_back(0);
    arrays.flags.push_back(default_left[next.node] != 0 ? TreeArrays::kDefaultLeft : uint8_t{0});
    arrays.bit_begin.push_back(0);
    arrays.bit_end.push_back(0);
    pending.push_back({static_cast<size_t>(right[next.node]), here, false});
    pending.push_back({static_cast<size_t>(left[next.node]), here, true});
  }
}

ScorePlan import_xgboost(std::string_view text, std::string_view source) {
  // UBJSON has a type's letter where JSON has a quote.
  const bool is_binary = text.size() > 1 && text[0] == '{' && std::string_view("iUIlLN#$").find(text[1]) != std::string_view::npos;
  const Json document = is_binary ? parse_ubjson(text, source) : parse_json(text, source);
  const auto learner = json_get<Json>(document, "learner", source);
  const auto objective = json_get<std::string>(json_get<Json>(learner, "objective", source), "name", source);
  if (objective != "binary:logistic" && objective != "binary:logitraw") {
    refuse(source, fmt::format("the objective '{}' gives no probability of bad; binary:logistic and binary:logitraw do", objective));
  }
  const auto booster = json_get<Json>(learner, "gradient_booster", source);
  if (const auto name = json_get<std::string>(booster, "name", source); name != "gbtree")
    refuse(source, fmt::format("the booster '{}'; gbtree is read", name));
  const auto facts = json_get<Json>(learner, "learner_model_param", source);
  const double base = text_number(json_get<std::string>(facts, "base_score", source), "base_score", source);
  const double features = text_number(json_get<std::string>(facts, "num_feature", source), "num_feature", source);
  if (!(features >= 1 && features <= 1e5)) damaged(source, "num_feature is not between 1 and 100,000");
  double margin = base;
  if (objective == "binary:logistic") {
    if (!(base > 0 && base < 1)) damaged(source, "base_score is not between 0 and 1");
    margin = std::log(base / (1 - base));
  }
  std::vector<std::string> names;
  if (learner.contains("feature_names")) names = json_get<std::vector<std::string>>(learner, "feature_names", source);
  if (names.empty()) {
    for (size_t i = 0; i < static_cast<size_t>(features); ++i) names.push_back(fmt::format("f{}", i));
  }
  const auto model = json_get<Json>(booster, "model", source);
  TreeArrays arrays;
  const auto trees = json_get<Json>(model, "trees", source);
  if (!trees.is_array()) damaged(source, "'trees' is not a list");
  for (const Json& tree : trees) add_xgboost_tree(tree, arrays, source);
  check_features(arrays, names.size(), source);
  PlanBuilder builder;
  const NodeId raw = builder.trees(number_inputs(builder, names, source), std::move(arrays));
  return finish(builder, builder.affine(raw, {1.0F}, {static_cast<float>(margin)}, 1), "xgboost");
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
