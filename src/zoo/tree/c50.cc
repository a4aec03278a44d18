// C5.0: winnowing, a tree or boosted trees, rules. See c50_grow.h for the rules of one tree.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/tree/c50_grow.h"
#include "zoo/tree/c50_rules.h"
#include "zoo/tree/tree.h"
#include "zoo/tree/tree_model.h"

namespace obligor::zoo {
namespace {

using tree::C50Node;
using tree::C50Options;
using tree::Case;
using tree::Cases;
using tree::Columns;
using tree::RuleTree;

constexpr size_t kRuleLeaves = 150;  // of a larger tree nobody reads the rules

void mark_used(const C50Node& node, std::vector<uint8_t>& used) {
  if (node.leaf()) return;
  used[static_cast<size_t>(node.split.feature)] = 1;
  for (const auto& child : node.children) mark_used(*child, used);
}

double wrong_weight(const C50Node& node, const Columns& columns, const Cases& cases, int32_t hidden) {
  double wrong = 0;
  for (const Case& at : cases) {
    const bool says_bad = tree::share_of_bad(node, columns, at.row, hidden) > 0.5;
    if (says_bad != (columns.target[at.row] != 0)) wrong += at.weight;
  }
  return wrong;
}

// Columns that a tree of one half does not use, or whose hiding lowers its errors on the other half, are left out; the latter come back
// when a tree without them errs more.
std::vector<uint8_t> winnow(const Columns& columns, const Cases& cases, C50Options options, const Context& context) {
  Cases halves[2];
  const auto half_of = tree::deal_folds(columns.target, 2, derive_seed(context.seed(), "c50-winnow"));
  for (const Case& at : cases) halves[half_of[at.row]].push_back(at);
  options.min_cases = std::max(options.min_cases / 2, 2.0);
  options.global_pruning = false;
  auto trial = tree::grow_c50(columns, halves[0], options, context);
  std::vector<uint8_t> split(columns.width, 0);
  mark_used(*trial, split);
  tree::prune_c50(*trial, columns, halves[0], options);
  std::vector<uint8_t> used(columns.width, 0);
  mark_used(*trial, used);
  const double base = wrong_weight(*trial, columns, halves[1], -1);
  std::vector<uint8_t> harmful(columns.width, 0);
  for (size_t f = 0; f < columns.width; ++f) {
    if (used[f] != 0 && wrong_weight(*trial, columns, halves[1], static_cast<int32_t>(f)) < base) harmful[f] = 1;
  }
  if (std::count(harmful.begin(), harmful.end(), 1) > 0) {
    options.skipped = harmful;
    auto again = tree::grow_c50(columns, halves[0], options, context);
    tree::prune_c50(*again, columns, halves[0], options);
    if (wrong_weight(*again, columns, halves[1], -1) > base) std::fill(harmful.begin(), harmful.end(), uint8_t{0});
  }
  std::vector<uint8_t> skipped(columns.width, 0);
  for (size_t f = 0; f < columns.width; ++f) skipped[f] = harmful[f] != 0 || split[f] == 0 ? 1 : 0;
  if (std::count(skipped.begin(), skipped.end(), 0) == 0) std::fill(skipped.begin(), skipped.end(), uint8_t{0});
  return skipped;
}

// Weights of the next trial: those of the rows that were wrong are raised by an equal amount, so that their sum comes half way to half of all;
// those that were right are lowered in proportion. False when there is nothing left to learn.
bool reweigh(Cases& cases, const std::vector<uint8_t>& wrong) {
  double wrong_sum = 0;
  double right_sum = 0;
  double errors = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    (wrong[i] != 0 ? wrong_sum : right_sum) += cases[i].weight;
    errors += wrong[i];
  }
  const double all = wrong_sum + right_sum;
  if (wrong_sum < 0.1 || wrong_sum >= 0.49 * all) return false;
  const double moved = 0.25 * (right_sum - wrong_sum);
  for (size_t i = 0; i < cases.size(); ++i) {
    if (wrong[i] != 0) cases[i].weight += moved / errors;
    else cases[i].weight = std::max(1e-3, cases[i].weight * (right_sum - moved) / right_sum);
  }
  return true;
}

}  // namespace

FitResult fit_c50(const FitInput& input, const Params& params, const Context& context) {
  Columns columns = tree::columns_of(input, "model 'c50'");
  tree::rank_columns(columns, context);
  C50Options options;
  options.min_cases = params.real("min_cases");
  options.confidence = params.real("confidence");
  options.subset = params.flag("subset");
  options.prune = params.flag("prune");
  options.global_pruning = options.prune && params.flag("global_pruning");
  options.max_depth = static_cast<int>(params.integer("max_depth"));
  Cases own;
  Cases cases;
  // The dearer error makes its class heavier while trees grow (two classes: the same as a cost matrix); the leaves are counted without it.
  const double factor[2] = {1, params.real("cost_bad_accepted")};
  for (uint32_t row = 0; row < columns.rows; ++row) {
    own.push_back({row, columns.weight[row]});
    cases.push_back({row, columns.weight[row] * factor[columns.target[row]]});
  }
  FitResult result;
  Json& details = result.report.details;
  if (params.flag("winnow") && columns.rows >= 4) {
    options.skipped = winnow(columns, cases, options, context);
    details["winnowed"] = Json::array();
    for (size_t f = 0; f < columns.width; ++f) {
      if (options.skipped[f] != 0) details["winnowed"].push_back(f < input.feature_names.size() ? input.feature_names[f] : fmt::format("x{}", f));
    }
  }
  const tree::Smoothing smoothing{.root = params.real("leaf_prior"), .parent = params.real("parent_prior")};
  std::vector<tree::WeightedTree> trees;
  const int64_t trials = params.integer("trials");
  for (int64_t trial = 0; trial < trials; ++trial) {
    auto root = tree::grow_c50(columns, cases, options, context);
    tree::prune_c50(*root, columns, cases, options);
    std::vector<uint8_t> wrong;
    for (const Case& at : cases) wrong.push_back((tree::share_of_bad(*root, columns, at.row) > 0.5) != (columns.target[at.row] != 0) ? 1 : 0);
    const bool flat = root->leaf();
    if (trial > 0 && flat) break;
    trees.push_back({tree::finish_c50(*root, columns, own, smoothing), 1.0});
    if (flat || !reweigh(cases, wrong)) break;
  }
  for (auto& member : trees) member.weight = 1.0 / static_cast<double>(trees.size());
  const RuleTree& first = trees.front().tree;
  if (first.nodes.size() == 1) result.report.notes.emplace_back("the tree has no split: the score is the same for every row");
  details["trials"] = trees.size();
  details["leaves"] = first.leaves();
  details["nodes"] = tree::describe(first, tree::features_of(input, columns.missing));
  details["rules"] = tree::rules_text(details["nodes"]);
  if (first.leaves() <= kRuleLeaves) {
    details["rule_set"] = tree::rule_set(first, columns, options.confidence, tree::features_of(input, columns.missing));
  }
  result.report.importance.assign(columns.width, 0);
  for (const auto& member : trees) {
    const auto gains = tree::importance(member.tree, columns.width);
    for (size_t f = 0; f < columns.width; ++f) result.report.importance[f] += gains[f];
  }
  result.model = tree::make_tree_model(std::move(trees), input.train.width, "model 'c50'");
  return result;
}

}  // namespace obligor::zoo
