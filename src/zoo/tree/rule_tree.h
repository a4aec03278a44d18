// RuleTree: a fitted decision tree of any number of branches a node, as CART, CHAID and C5.0 grow it.
//
//   RuleTree tree = grow(...);
//   double p = predict(tree, row);                                  // the direct walk, the oracle
//   NodeId node = lower_tree(builder, features, tree);              // the same as plan nodes
//   Json nodes = describe(tree, features_of(input, columns.missing));  std::string text = rules_text(nodes);
//
// Contract: nodes[0] is the root and a child stands after its parent. A row goes to the child that `split` names; when the split does
// not know the value (missing, or a level it never saw) the first surrogate that knows its own value decides; when none does the row
// goes to child `unknown`, or, when that is -1, to every child in proportion to `shares` (Quinlan 1993, section 3.2), and the values
// found there are averaged. Lowering: `trees` nodes that share subtrees (a child may have several parents). A node that shares rows out is
// lowered leaf by leaf: the log of a leaf's share is a sum over the nodes above it, so `trees`, then exp, then a weighted sum.
// Probabilities are stored as float32 and agree to 1e-6.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "model/model.h"
#include "plan/builder.h"

namespace obligor::tree {

// Sends a value to a child. Number: interval k is (cuts[k-1], cuts[k]] and goes to child_of[k]. Category: code c goes to child_of[c].
struct Branch {
  int32_t feature = -1;
  bool category = false;
  std::vector<float> cuts;        // ascending
  std::vector<int32_t> child_of;  // -1: not known

  // -1 for a missing value and for a code that is not known.
  [[nodiscard]] int32_t route(float x) const;
};

struct RuleNode {
  int32_t parent = -1;
  std::vector<int32_t> children;  // empty: a leaf
  Branch split;
  std::vector<Branch> surrogates;  // best first
  int32_t unknown = 0;
  std::vector<double> shares;  // one a child, sum 1, when unknown is -1
  double good = 0;             // weight of the training rows
  double bad = 0;
  double value = 0;             // probability of bad
  double gain = 0;              // what the split gained, in the grower's own measure
  Json facts = Json::object();  // further figures for people: chi_square, p, ...

  [[nodiscard]] bool leaf() const { return children.empty(); }
  [[nodiscard]] double weight() const { return good + bad; }
};

struct RuleTree {
  std::vector<RuleNode> nodes;

  [[nodiscard]] size_t leaves() const;
  // The tree without the descendants of nodes marked 1.
  [[nodiscard]] RuleTree collapsed(std::span<const uint8_t> at) const;
};

// How a node's probability is made from its counts: (bad + root r + parent v) / (n + root + parent), where n counts rows by `factor` (priors), r is
// the root's own share, v the value of the node above (Cestnik 1990, m-estimate; Ferri, Flach and Hernandez-Orallo 2003 for a tree's way down).
struct Smoothing {
  double factor[2] = {1, 1};  // on the weight of goods and bads
  double root = 0;            // in rows
  double parent = 0;          // in rows; at the root, of its own share
};
void set_values(RuleTree& tree, const Smoothing& smoothing);

[[nodiscard]] double predict(const RuleTree& tree, std::span<const float> row);

// One number node: the probability of bad.
[[nodiscard]] NodeId lower_tree(PlanBuilder& builder, NodeId features, const RuleTree& tree);

// What people call the features: names, the codes of a category, and which number is a date.
struct FeatureTexts {
  std::span<const std::string> names;
  std::span<const std::vector<std::string>> levels;  // may be empty, as a whole or of a feature
  std::span<const uint8_t> days;                     // 1: days since 1970-01-01; may be empty
  std::span<const uint8_t> missing;                  // 0: every training row knew it, so its rules need not say where missing goes; may be empty

  [[nodiscard]] std::string name(size_t feature) const;
  [[nodiscard]] std::string value(size_t feature, float x) const;
};
[[nodiscard]] inline FeatureTexts features_of(const FitInput& input, std::span<const uint8_t> missing) {
  return {input.feature_names, input.feature_levels, input.days, missing};
}

// A flat array, one object a node: id, parent, depth, when (the condition that leads there), n, bad_rate, value, and for an inner
// node split and surrogates (texts); takes_missing where an unknown value goes, and missing_seen = false beside it when no training row had one.
[[nodiscard]] Json describe(const RuleTree& tree, const FeatureTexts& features);
// One line a node, indented.
[[nodiscard]] std::string rules_text(const Json& nodes);
// "age <= 25.5", "25.5 < age <= 40", "job in {clerk, farmer}": when a branch sends a row to a child.
[[nodiscard]] std::string condition(const Branch& branch, int32_t child, const FeatureTexts& features);
// Gains by feature.
[[nodiscard]] std::vector<double> importance(const RuleTree& tree, size_t width);

}  // namespace obligor::tree
