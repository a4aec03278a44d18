#include "zoo/tree/c50_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "zoo/tree/c50_grow.h"

namespace obligor::tree {
namespace {

struct Condition {
  const Branch* branch = nullptr;
  int32_t child = 0;
};

struct Rule {
  std::vector<Condition> conditions;
  double good = 0;
  double bad = 0;
  [[nodiscard]] double covered() const { return good + bad; }
};

bool holds(const Condition& condition, const Columns& columns, uint32_t row) {
  return condition.branch->route(columns.values[static_cast<size_t>(condition.branch->feature)][row]) == condition.child;
}

// What a rule covers with all of its conditions, and without each.
struct Covered {
  double with_all[2] = {0, 0};
  std::vector<std::array<double, 2>> without;

  Covered(const std::vector<std::vector<uint8_t>>& met, const Columns& columns) : without(met.size(), {0, 0}) {
    for (uint32_t row = 0; row < columns.rows; ++row) {
      size_t failed = 0;
      size_t which = 0;
      for (size_t c = 0; failed < 2 && c < met.size(); ++c) {
        if (met[c][row] != 0) continue;
        ++failed;
        which = c;
      }
      if (failed == 0) with_all[columns.target[row]] += columns.weight[row];
      else if (failed == 1) without[which][columns.target[row]] += columns.weight[row];
    }
  }
  [[nodiscard]] std::array<double, 2> left_out(size_t c) const { return {with_all[0] + without[c][0], with_all[1] + without[c][1]}; }
};

// Conditions go while the pessimistic error rate, for the class that the rule was made for, does not rise.
void shorten(Rule& rule, const Columns& columns, bool says_bad, double confidence) {
  std::vector<std::vector<uint8_t>> met;
  for (const Condition& condition : rule.conditions) {
    auto& column = met.emplace_back(columns.rows);
    for (uint32_t row = 0; row < columns.rows; ++row) column[row] = holds(condition, columns, row) ? 1 : 0;
  }
  const auto rate = [&](const auto& counts) {
    const double all = counts[0] + counts[1];
    return all > 0 ? upper_error_rate(counts[says_bad ? 0 : 1], all, confidence) : 1;
  };
  Covered covered(met, columns);
  rule.good = covered.with_all[0];
  rule.bad = covered.with_all[1];
  double current = rate(covered.with_all);
  while (rule.conditions.size() > 1) {
    double best = 2;
    size_t drop = 0;
    for (size_t c = 0; c < met.size(); ++c) {
      const double found = rate(covered.left_out(c));
      if (found >= best) continue;
      best = found;
      drop = c;
    }
    if (best > current + 1e-12) return;
    current = best;
    rule.good = covered.left_out(drop)[0];
    rule.bad = covered.left_out(drop)[1];
    met.erase(met.begin() + static_cast<int64_t>(drop));
    rule.conditions.erase(rule.conditions.begin() + static_cast<int64_t>(drop));
    covered = Covered(met, columns);
  }
}

}  // namespace

Json rule_set(const RuleTree& tree, const Columns& columns, double confidence, const FeatureTexts& features) {
  Json rules = Json::array();
  if (tree.nodes.size() < 2) return rules;
  std::vector<std::pair<double, Json>> found;
  std::set<std::string> known;
  const double total = columns.total[0] + columns.total[1];
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const RuleNode& leaf = tree.nodes[i];
    if (!leaf.leaf() || !(leaf.weight() > 0)) continue;
    Rule rule;
    for (auto at = static_cast<int32_t>(i); tree.nodes[static_cast<size_t>(at)].parent >= 0;) {
      const RuleNode& parent = tree.nodes[static_cast<size_t>(tree.nodes[static_cast<size_t>(at)].parent)];
      const auto child = static_cast<int32_t>(std::find(parent.children.begin(), parent.children.end(), at) - parent.children.begin());
      rule.conditions.insert(rule.conditions.begin(), {&parent.split, child});
      at = tree.nodes[static_cast<size_t>(at)].parent;
    }
    const bool says_bad = leaf.bad > leaf.good;
    shorten(rule, columns, says_bad, confidence);
    const double right = says_bad ? rule.bad : rule.good;
    const double sure = (right + 1) / (rule.covered() + 2);
    const double lift = sure / (columns.total[says_bad ? 1 : 0] / total);
    std::vector<std::string> texts;
    for (const Condition& condition : rule.conditions) texts.push_back(tree::condition(*condition.branch, condition.child, features));
    std::string text = fmt::format("{}", fmt::join(texts, " and "));
    if (!(lift > 1) || !known.insert(text + (says_bad ? "1" : "0")).second) continue;
    Json row{{"if", std::move(text)}, {"then", says_bad ? "bad" : "good"}, {"covered", rule.covered()}};
    row["wrong"] = rule.covered() - right;
    row["confidence"] = sure;
    row["lift"] = lift;
    found.emplace_back(lift, std::move(row));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [lift, row] : found) rules.push_back(std::move(row));
  return rules;
}

}  // namespace obligor::tree
