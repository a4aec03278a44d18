#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/date.h"
#include "zoo/tree/rule_tree.h"

namespace obligor::tree {
namespace {

constexpr size_t kLevelsShown = 8;

std::string level_name(const std::vector<std::string>* names, size_t code) {
  return names != nullptr && code < names->size() ? (*names)[code] : fmt::format("{}", code);
}

// The training rows of a node and its bad rate, as rules_text prints them.
std::string counts_text(const Json& node) {
  return fmt::format("n={:.6g} bad={:.1f}%", node["n"].get<double>(), 100 * node["bad_rate"].get<double>());
}

}  // namespace

std::string FeatureTexts::name(size_t feature) const { return feature < names.size() ? names[feature] : fmt::format("x{}", feature); }

std::string FeatureTexts::value(size_t feature, float x) const {
  return feature < days.size() && days[feature] != 0 ? day_text(static_cast<double>(x)) : fmt::format("{}", x);
}

std::string condition(const Branch& branch, int32_t child, const FeatureTexts& features) {
  const auto feature = static_cast<size_t>(branch.feature);
  const std::string name = features.name(feature);
  const auto cut = [&](size_t k) { return features.value(feature, branch.cuts[k]); };
  if (branch.category) {
    const auto& levels = features.levels;
    const auto* known = feature < levels.size() && !levels[feature].empty() ? &levels[feature] : nullptr;
    std::vector<std::string> inside;
    for (size_t code = 0; code < branch.child_of.size(); ++code) {
      if (branch.child_of[code] == child) inside.push_back(level_name(known, code));
    }
    std::sort(inside.begin(), inside.end());
    const size_t more = inside.size() > kLevelsShown + 1 ? inside.size() - kLevelsShown : 0;
    if (more > 0) inside.resize(kLevelsShown);
    if (inside.empty()) return fmt::format("{} missing", name);
    if (inside.size() == 1 && more == 0) return fmt::format("{} = {}", name, inside[0]);
    return fmt::format("{} in {{{}{}}}", name, fmt::join(inside, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
  }
  // The intervals of a child are neighbours; a branch that sends two apart ones there names each.
  std::vector<std::string> parts;
  for (size_t k = 0; k < branch.child_of.size(); ++k) {
    if (branch.child_of[k] != child) continue;
    size_t end = k;
    while (end + 1 < branch.child_of.size() && branch.child_of[end + 1] == child) ++end;
    const bool open_low = k == 0;
    const bool open_high = end == branch.cuts.size();
    if (open_low && open_high) parts.push_back(fmt::format("{} known", name));
    else if (open_low) parts.push_back(fmt::format("{} <= {}", name, cut(end)));
    else if (open_high) parts.push_back(fmt::format("{} > {}", name, cut(k - 1)));
    else parts.push_back(fmt::format("{} < {} <= {}", cut(k - 1), name, cut(end)));
    k = end;
  }
  return parts.empty() ? fmt::format("{} missing", name) : fmt::format("{}", fmt::join(parts, " or "));
}

Json describe(const RuleTree& tree, const FeatureTexts& features) {
  Json nodes = Json::array();
  std::vector<int> depth(tree.nodes.size(), 0);
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const RuleNode& node = tree.nodes[i];
    Json row;
    row["id"] = i;
    row["parent"] = node.parent;
    if (node.parent >= 0) {
      const RuleNode& parent = tree.nodes[static_cast<size_t>(node.parent)];
      depth[i] = depth[static_cast<size_t>(node.parent)] + 1;
      const auto child =
          static_cast<int32_t>(std::find(parent.children.begin(), parent.children.end(), static_cast<int32_t>(i)) - parent.children.begin());
      std::string when = condition(parent.split, child, features);
      if (parent.unknown == child && parent.surrogates.empty() && !when.ends_with(" missing")) {
        row["takes_missing"] = true;
        const auto feature = static_cast<size_t>(parent.split.feature);
        if (feature < features.missing.size() && features.missing[feature] == 0) row["missing_seen"] = false;
      }
      row["when"] = std::move(when);
    } else {
      row["when"] = "all rows";
    }
    row["depth"] = depth[i];
    row["n"] = node.weight();
    row["bad_rate"] = node.weight() > 0 ? node.bad / node.weight() : 0.0;
    row["value"] = node.value;
    if (!node.leaf()) {
      row["split"] = features.name(static_cast<size_t>(node.split.feature));
      row["gain"] = node.gain;
      row["missing"] = node.unknown < 0 ? "shared" : node.surrogates.empty() ? "branch" : "surrogates";
      for (const Branch& surrogate : node.surrogates) row["surrogates"].push_back(condition(surrogate, 0, features));
    }
    for (const auto& [key, value] : node.facts.items()) row[key] = value;
    nodes.push_back(std::move(row));
  }
  return nodes;
}

std::string rules_text(const Json& nodes) {
  std::vector<std::vector<size_t>> children(nodes.size());
  for (size_t i = 1; i < nodes.size(); ++i) children[nodes[i]["parent"].get<size_t>()].push_back(i);
  std::string text;
  std::vector<size_t> stack{0};
  while (!stack.empty() && !nodes.empty()) {
    const size_t at = stack.back();
    stack.pop_back();
    const Json& node = nodes[at];
    const auto indent = static_cast<size_t>(node["depth"].get<int>()) * 2;
    text += fmt::format("{:{}}{}{}: {}{}\n", "", indent, node["when"].get<std::string>(),
                        node.contains("takes_missing") && !node.contains("missing_seen") ? " or missing" : "", counts_text(node),
                        children[at].empty() ? fmt::format(" -> {:.4f}", node["value"].get<double>()) : "");
    stack.insert(stack.end(), children[at].rbegin(), children[at].rend());
  }
  return text;
}

}  // namespace obligor::tree
