#include "zoo/tree/c50_rules.h"

#include <algorithm>
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

// Error rate of the rule without condition `left_out` (or with all), for the class it was made for.
double rate_without(const std::vector<std::vector<uint8_t>>& met, size_t left_out, const Columns& columns, bool says_bad, double confidence,
                    double& good, double& bad) {
  good = 0;
  bad = 0;
  for (uint32_t row = 0; row < columns.rows; ++row) {
    bool all = true;
    for (size_t c = 0; all && c < met.size(); ++c) all = c == left_out || met[c][row] != 0;
    if (all) (columns.target[row] != 0 ? bad : good) += columns.weight[row];
  }
  return good + bad > 0 ? upper_error_rate(says_bad ? good : bad, good + bad, confidence) : 1;
}

void shorten(Rule& rule, const Columns& columns, bool says_bad, double confidence) {
  std::vector<std::vector<uint8_t>> met;
  for (const Condition& condition : rule.conditions) {
    auto& column = met.emplace_back(columns.rows);
    for (uint32_t row = 0; row < columns.rows; ++row) column[row] = holds(condition, columns, row) ? 1 : 0;
  }
  double current = rate_without(met, met.size(), columns, says_bad, confidence, rule.good, rule.bad);
  while (rule.conditions.size() > 1) {
    double best = 2;
    size_t drop = 0;
    double kept[2] = {0, 0};
    for (size_t c = 0; c < met.size(); ++c) {
      double good = 0;
      double bad = 0;
      const double found = rate_without(met, c, columns, says_bad, confidence, good, bad);
      if (found < best) {
        best = found;
        drop = c;
        kept[0] = good;
        kept[1] = bad;
      }
    }
    if (best > current + 1e-12) return;
    current = best;
    rule.good = kept[0];
    rule.bad = kept[1];
    met.erase(met.begin() + static_cast<int64_t>(drop));
    rule.conditions.erase(rule.conditions.begin() + static_cast<int64_t>(drop));
  }
}

}  // namespace

Json rule_set(const RuleTree& tree, const Columns& columns, double confidence, std::span<const std::string> names,
              std::span<const std::vector<std::string>> levels) {
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
    for (const Condition& condition : rule.conditions) texts.push_back(tree::condition(*condition.branch, condition.child, names, levels));
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
