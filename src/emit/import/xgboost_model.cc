#include "emit/import/xgboost_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/json.h"
#include "emit/import/parts.h"
#include "emit/import/ubjson.h"
#include "plan/builder.h"

namespace obligor {
namespace {

using import_parts::damaged;
using import_parts::refuse;

constexpr int64_t kCategoryLimit = 16'777'216;   // XGBoost's own: codes are float32
constexpr size_t kWordLimit = size_t{1} << 24U;  // of all sets together, 64 MiB
constexpr size_t kFeatureLimit = 100'000;        // inputs of a plan

// A number that XGBoost writes as text: "5E-1", in newer versions "[5E-1]".
double text_number(std::string text, std::string_view what, std::string_view source) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) damaged(source, fmt::format("{} '{}' is not one number", what, text));
  return value;
}

std::vector<int64_t> numbers_or_none(const Json& object, std::string_view key, std::string_view source) {
  return object.contains(key) ? json_get<std::vector<int64_t>>(object, key, source) : std::vector<int64_t>{};
}

// What the splits ask of each feature.
struct Features {
  std::vector<uint8_t> as_number;
  std::vector<uint8_t> as_category;

  void note(size_t feature, bool is_category, std::string_view source) {
    (is_category ? as_category : as_number)[feature] = 1;
    if (as_category[feature] != 0 && as_number[feature] != 0)
      damaged(source, fmt::format("feature {} is split as a number and as a category", feature));
  }
};

// The sets of a tree's splits on categories, by node.
class CategorySets {
 public:
  CategorySets(const Json& tree, size_t nodes, std::string_view source) : source_(source), place_(nodes, -1) {
    const auto split_type = numbers_or_none(tree, "split_type", source);
    if (!split_type.empty() && split_type.size() != nodes) damaged(source, "a tree's arrays differ in length");
    const auto of_nodes = numbers_or_none(tree, "categories_nodes", source);
    begin_ = numbers_or_none(tree, "categories_segments", source);
    size_ = numbers_or_none(tree, "categories_sizes", source);
    codes_ = numbers_or_none(tree, "categories", source);
    if (begin_.size() != of_nodes.size() || size_.size() != of_nodes.size()) damaged(source, "a tree's lists of categories differ in length");
    for (size_t i = 0; i < of_nodes.size(); ++i) {
      const int64_t node = of_nodes[i];
      if (node < 0 || static_cast<size_t>(node) >= nodes || place_[static_cast<size_t>(node)] >= 0 || split_type.empty() ||
          split_type[static_cast<size_t>(node)] != 1) {
        damaged(source, "a set of categories belongs to no split on categories");
      }
      const auto all = static_cast<int64_t>(codes_.size());
      if (begin_[i] < 0 || size_[i] < 1 || begin_[i] > all || size_[i] > all - begin_[i])
        damaged(source, "a set of categories lies outside of the tree's list");
      place_[static_cast<size_t>(node)] = static_cast<int64_t>(i);
    }
    for (size_t node = 0; node < split_type.size(); ++node) {
      if (split_type[node] != 0 && split_type[node] != 1)
        refuse(source, fmt::format("a split of type {}; numbers (0) and categories (1) are read", split_type[node]));
      if (split_type[node] == 1 && place_[node] < 0) damaged(source, "a split on categories has no set of categories");
    }
  }

  [[nodiscard]] bool contains(size_t node) const { return place_[node] >= 0; }

  // The node's set as bits after `words`.
  void append(size_t node, std::vector<int32_t>& words) const {
    const auto i = static_cast<size_t>(place_[node]);
    const auto from = codes_.begin() + begin_[i];
    const auto [low, high] = std::minmax_element(from, from + size_[i]);
    if (*low < 0 || *high >= kCategoryLimit) damaged(source_, fmt::format("a category is not between 0 and {}", kCategoryLimit - 1));
    const size_t first = words.size();
    const size_t more = static_cast<size_t>(*high) / 32 + 1;
    if (more > kWordLimit - std::min(first, kWordLimit)) {
      refuse(source_, fmt::format("its sets of categories take more than {} words of 32 codes; give rare categories one code", kWordLimit));
    }
    std::vector<uint32_t> bits(more, 0);
    std::for_each(from, from + size_[i], [&](int64_t code) { bits[static_cast<size_t>(code) / 32] |= 1U << (static_cast<uint32_t>(code) % 32U); });
    for (const uint32_t word : bits) words.push_back(static_cast<int32_t>(word));
  }

 private:
  std::string_view source_;
  std::vector<int64_t> place_;  // -1: a split on a number, or a leaf
  std::vector<int64_t> begin_;
  std::vector<int64_t> size_;
  std::vector<int64_t> codes_;
};

void add_tree(const Json& tree, TreeArrays& arrays, Features& features, std::string_view source) {
  const auto left = json_get<std::vector<int64_t>>(tree, "left_children", source);
  const auto right = json_get<std::vector<int64_t>>(tree, "right_children", source);
  const auto feature = json_get<std::vector<int64_t>>(tree, "split_indices", source);
  const auto condition = json_get<std::vector<double>>(tree, "split_conditions", source);
  const auto default_left = json_get<std::vector<int64_t>>(tree, "default_left", source);
  const size_t count = left.size();
  if (count == 0 || right.size() != count || feature.size() != count || condition.size() != count || default_left.size() != count) {
    damaged(source, "a tree's arrays differ in length");
  }
  const CategorySets sets(tree, count, source);
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
    const size_t node = next.node;
    const bool is_leaf = left[node] < 0;
    const auto place = static_cast<int32_t>(is_leaf ? ~static_cast<int64_t>(arrays.leaves.size()) : static_cast<int64_t>(arrays.feature.size()));
    if (next.parent == kRoot) arrays.roots.push_back(place);
    else (next.is_left ? arrays.left : arrays.right)[next.parent] = place;
    if (is_leaf) {
      arrays.leaves.push_back(static_cast<float>(condition[node]));
      continue;
    }
    const auto here = arrays.feature.size();
    for (const int64_t child : {left[node], right[node]}) {
      if (child < 0 || static_cast<size_t>(child) >= count) damaged(source, "a tree names a child that it does not hold");
    }
    if (feature[node] < 0 || static_cast<size_t>(feature[node]) >= features.as_number.size()) {
      damaged(source, fmt::format("a split looks at feature {}, and the model names {}", feature[node], features.as_number.size()));
    }
    const bool is_category = sets.contains(node);
    features.note(static_cast<size_t>(feature[node]), is_category, source);
    arrays.feature.push_back(static_cast<int32_t>(feature[node]));
    arrays.left.push_back(0);
    arrays.right.push_back(0);
    arrays.bit_begin.push_back(is_category ? static_cast<int32_t>(arrays.words.size()) : 0);
    if (is_category) sets.append(node, arrays.words);
    arrays.bit_end.push_back(is_category ? static_cast<int32_t>(arrays.words.size()) : 0);
    // Left is x < t there and x <= t here; a code of the set goes right there and left here, so its children change sides.
    const auto threshold = std::nextafter(static_cast<float>(condition[node]), -std::numeric_limits<float>::infinity());
    arrays.threshold.push_back(is_category ? 0.0F : threshold);
    const bool missing_left = (default_left[node] != 0) != is_category;
    arrays.flags.push_back(static_cast<uint8_t>((missing_left ? TreeArrays::kDefaultLeft : 0U) | (is_category ? TreeArrays::kCategorical : 0U)));
    pending.push_back({static_cast<size_t>(right[node]), here, is_category});
    pending.push_back({static_cast<size_t>(left[node]), here, !is_category});
  }
}

// The names of one feature's categories, by code; empty where the model holds none.
std::vector<std::string> category_names(const Json& kept, std::string_view source) {
  std::vector<std::string> names;
  const auto values = json_get<std::vector<Json>>(kept, "values", source);
  if (!kept.contains("offsets")) {  // whole numbers
    for (const Json& value : values) {
      if (!value.is_number() || std::floor(value.get<double>()) != value.get<double>() || std::fabs(value.get<double>()) > 1e15)
        refuse(source, "a category that is a number with a fraction; train it on texts or whole numbers");
      names.push_back(fmt::format("{}", static_cast<int64_t>(value.get<double>())));
    }
    return names;
  }
  const auto offsets = json_get<std::vector<int64_t>>(kept, "offsets", source);
  std::string bytes;
  for (const Json& value : values) {
    if (!value.is_number_integer() || value.get<int64_t>() < -128 || value.get<int64_t>() > 255)
      damaged(source, "the text of its categories is no text");
    bytes.push_back(static_cast<char>(value.get<int64_t>() & 0xFF));
  }
  const bool rises = std::is_sorted(offsets.begin(), offsets.end());
  if (!rises || (!offsets.empty() && (offsets.front() < 0 || static_cast<size_t>(offsets.back()) > bytes.size())))
    damaged(source, "the offsets of its categories do not fit their text");
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    names.push_back(bytes.substr(static_cast<size_t>(offsets[i]), static_cast<size_t>(offsets[i + 1] - offsets[i])));
  return names;
}

// `cats` of newer versions: the names of the categories of every feature that has some.
std::vector<std::vector<std::string>> all_category_names(const Json& model, size_t features, std::string_view source) {
  std::vector<std::vector<std::string>> names(features);
  if (!model.contains("cats")) return names;
  const Json& cats = model["cats"];
  if (!cats.is_object() || !cats.contains("enc") || !cats["enc"].is_array()) return names;
  const Json& kept = cats["enc"];
  if (kept.size() > features) damaged(source, "it has names of categories for more features than it names");
  for (size_t i = 0; i < kept.size(); ++i) names[i] = category_names(kept[i], source);
  return names;
}

// The column that the trees look at. Codes that are numbers: one below 0 is in no set, and must not become 0 where its fraction is cut off.
NodeId column_of(PlanBuilder& builder, const std::string& name, const std::vector<std::string>& categories, bool is_category) {
  if (categories.empty()) {
    const NodeId x = builder.input(name, InputKind::kNumber);
    if (!is_category) return x;
    return builder.sum({x, builder.look_up(builder.bin(x, {0.0F}), {-1.0F, 0.0F, 0.0F}, 1)}, {1.0F, 1.0F});
  }
  const auto count = static_cast<int32_t>(categories.size());
  std::vector<int32_t> codes;
  std::vector<float> table;
  for (int32_t code = 0; code < count; ++code) {
    codes.push_back(code);
    table.push_back(static_cast<float>(code));
  }
  table.push_back(std::numeric_limits<float>::quiet_NaN());
  table.push_back(-1.0F);
  const NodeId code =
      builder.encode(builder.input(name, InputKind::kCategory), categories, codes, count, count + 1, static_cast<uint32_t>(count) + 2);
  return builder.look_up(code, table, 1);
}

}  // namespace

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
  if (!(features >= 1 && features <= static_cast<double>(kFeatureLimit))) damaged(source, "num_feature is not between 1 and 100,000");
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
  if (names.size() > kFeatureLimit) damaged(source, "it names more than 100,000 features");
  import_parts::check_names(names, source);
  const auto model = json_get<Json>(booster, "model", source);
  const auto trees = json_get<Json>(model, "trees", source);
  if (!trees.is_array()) damaged(source, "'trees' is not a list");
  TreeArrays arrays;
  Features asked{std::vector<uint8_t>(names.size(), 0), std::vector<uint8_t>(names.size(), 0)};
  for (const Json& tree : trees) add_tree(tree, arrays, asked, source);
  const auto categories = all_category_names(model, names.size(), source);
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!categories[i].empty() && asked.as_number[i] != 0)
      damaged(source, fmt::format("'{}' has names of categories and is split as a number", names[i]));
    columns.push_back(column_of(builder, names[i], categories[i], asked.as_category[i] != 0));
  }
  const NodeId raw = builder.trees(builder.concat(columns), std::move(arrays));
  return import_parts::finish(builder, builder.affine(raw, {1.0F}, {static_cast<float>(margin)}, 1), "xgboost");
}

}  // namespace obligor
