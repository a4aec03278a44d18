#include "zoo/tree/rule_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace obligor::tree {

int32_t Branch::route(float x) const {
  if (std::isnan(x)) return -1;
  if (!category) return child_of[static_cast<size_t>(std::lower_bound(cuts.begin(), cuts.end(), x) - cuts.begin())];
  if (x < 0 || x >= static_cast<float>(child_of.size())) return -1;
  return child_of[static_cast<size_t>(x)];
}

size_t RuleTree::leaves() const {
  return static_cast<size_t>(std::count_if(nodes.begin(), nodes.end(), [](const RuleNode& node) { return node.leaf(); }));
}

RuleTree RuleTree::collapsed(std::span<const uint8_t> at) const {
  RuleTree result;
  std::vector<int32_t> place(nodes.size(), -1);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const RuleNode& node = nodes[i];
    if (node.parent >= 0) {
      const auto parent = static_cast<size_t>(node.parent);
      if (place[parent] < 0 || at[parent] != 0) continue;
    }
    place[i] = static_cast<int32_t>(result.nodes.size());
    RuleNode& kept = result.nodes.emplace_back(node);
    if (node.parent >= 0) kept.parent = place[static_cast<size_t>(node.parent)];
    if (at[i] == 0) continue;
    kept.children.clear();
    kept.surrogates.clear();
    kept.shares.clear();
    kept.split = {};
    kept.gain = 0;
  }
  for (RuleNode& node : result.nodes) {
    for (int32_t& child : node.children) child = place[static_cast<size_t>(child)];
  }
  return result;
}

void set_values(RuleTree& tree, const Smoothing& smoothing) {
  const RuleNode& root = tree.nodes[0];
  const double heavy[2] = {root.good * smoothing.factor[0], root.bad * smoothing.factor[1]};
  const double share = heavy[0] + heavy[1] > 0 ? heavy[1] / (heavy[0] + heavy[1]) : 0;
  for (RuleNode& node : tree.nodes) {
    const double bad = node.bad * smoothing.factor[1];
    const double total = bad + node.good * smoothing.factor[0];
    const double above = node.parent < 0 ? share : tree.nodes[static_cast<size_t>(node.parent)].value;
    const double given = total + smoothing.root + smoothing.parent;
    // A branch that no row took (c50) says what the node above it says.
    node.value = total > 0 ? (bad + smoothing.root * share + smoothing.parent * above) / given : above;
  }
}

namespace {

double walk(const RuleTree& tree, std::span<const float> row, size_t at) {
  while (true) {
    const RuleNode& node = tree.nodes[at];
    if (node.leaf()) return node.value;
    int32_t child = node.split.route(row[static_cast<size_t>(node.split.feature)]);
    for (size_t s = 0; child < 0 && s < node.surrogates.size(); ++s) {
      child = node.surrogates[s].route(row[static_cast<size_t>(node.surrogates[s].feature)]);
    }
    if (child < 0) child = node.unknown;
    if (child < 0) {
      double total = 0;
      for (size_t k = 0; k < node.children.size(); ++k) {
        if (node.shares[k] > 0) total += node.shares[k] * walk(tree, row, static_cast<size_t>(node.children[k]));
      }
      return total;
    }
    at = static_cast<size_t>(node.children[static_cast<size_t>(child)]);
  }
}

// Writes binary nodes. A target is an entry (node id, or ~leaf); those not yet known are filled in later.
class ArrayWriter {
 public:
  using Target = int32_t;

  int32_t leaf(double value) {
    arrays.leaves.push_back(static_cast<float>(value));
    return ~static_cast<int32_t>(arrays.leaves.size() - 1);
  }

  // The whole subtree of a node, its leaves by value; returns its entry.
  int32_t subtree(const RuleTree& tree, size_t at) {
    const RuleNode& node = tree.nodes[at];
    if (node.leaf()) return leaf(node.value);
    const size_t first = arrays.feature.size();
    // Symbolic targets: child k is kPending - k until the child's own entry is known.
    std::vector<Target> targets;
    for (size_t k = 0; k < node.children.size(); ++k) targets.push_back(kPending - static_cast<int32_t>(k));
    const int32_t entry = route(node, targets, targets[static_cast<size_t>(node.unknown)]);
    const size_t last = arrays.feature.size();
    std::vector<int32_t> entries;
    entries.reserve(node.children.size());
    for (const int32_t child : node.children) entries.push_back(subtree(tree, static_cast<size_t>(child)));
    for (size_t i = first; i < last; ++i) {
      for (auto* side : {&arrays.left[i], &arrays.right[i]}) {
        if (*side <= kPending) *side = entries[static_cast<size_t>(kPending - *side)];
      }
    }
    return entry;
  }

  // The nodes of a rule node's split, then of each surrogate for what the one before does not know.
  int32_t route(const RuleNode& node, std::span<const Target> targets, Target unknown) {
    // A node's own parts are written in order, so that every entry stands after what leads to it; the entry of the next part is its first id.
    std::vector<const Branch*> parts{&node.split};
    for (const Branch& surrogate : node.surrogates) parts.push_back(&surrogate);
    const auto entry = static_cast<int32_t>(arrays.feature.size());
    for (size_t i = 0; i < parts.size(); ++i) {
      const bool is_last = i + 1 == parts.size();
      const auto next = static_cast<int32_t>(arrays.feature.size() + count(*parts[i], targets.size(), is_last ? unknown : kElsewhere, targets));
      branch(*parts[i], targets, is_last ? unknown : next);
    }
    return entry;
  }

  TreeArrays arrays;

 private:
  static constexpr int32_t kPending = -1'000'000'000;
  static constexpr int32_t kElsewhere = std::numeric_limits<int32_t>::max();

  static size_t index_of(std::span<const Target> targets, Target target) {
    return static_cast<size_t>(std::find(targets.begin(), targets.end(), target) - targets.begin());
  }

  // Of a number: no interval's child is that of the missing.
  static bool apart(const Branch& branch, std::span<const Target> targets, Target unknown) {
    return std::none_of(branch.child_of.begin(), branch.child_of.end(),
                        [&](int32_t child) { return targets[static_cast<size_t>(child)] == unknown; });
  }

  // Number of binary nodes that branch() writes.
  static size_t count(const Branch& branch, size_t children, Target unknown, std::span<const Target> targets) {
    if (!branch.category) return branch.cuts.size() + (apart(branch, targets, unknown) ? 1 : 0);
    return index_of(targets, unknown) == targets.size() ? children : children - 1;
  }

  int32_t node(int32_t feature, float threshold, uint8_t flags) {
    arrays.feature.push_back(feature);
    arrays.threshold.push_back(threshold);
    arrays.flags.push_back(flags);
    arrays.left.push_back(0);
    arrays.right.push_back(0);
    arrays.bit_begin.push_back(0);
    arrays.bit_end.push_back(0);
    return static_cast<int32_t>(arrays.feature.size() - 1);
  }

  void link(int32_t id, Target left, Target right) {
    arrays.left[static_cast<size_t>(id)] = left;
    arrays.right[static_cast<size_t>(id)] = right;
  }

  void branch(const Branch& branch, std::span<const Target> targets, Target unknown) {
    if (branch.category) {
      categories(branch, targets, unknown);
    } else {
      numbers(branch, targets, unknown);
    }
  }

  void numbers(const Branch& branch, std::span<const Target> targets, Target unknown) {
    const bool elsewhere = apart(branch, targets, unknown);
    // Every number is <= infinity, so only a missing value goes right here.
    if (elsewhere) {
      const int32_t id = node(branch.feature, std::numeric_limits<float>::infinity(), 0);
      link(id, branch.cuts.empty() ? targets[static_cast<size_t>(branch.child_of[0])] : id + 1, unknown);
    }
    bool placed = false;  // the missing value's way out of the chain is written
    for (size_t k = 0; k < branch.cuts.size(); ++k) {
      const Target left = targets[static_cast<size_t>(branch.child_of[k])];
      const bool last = k + 1 == branch.cuts.size();
      const bool takes = !elsewhere && !placed && left == unknown;
      placed = placed || takes;
      const int32_t id = node(branch.feature, branch.cuts[k], takes ? TreeArrays::kDefaultLeft : uint8_t{0});
      link(id, left, last ? targets[static_cast<size_t>(branch.child_of[k + 1])] : id + 1);
    }
  }

  // One test a child, the unknown values' own child last and without a test.
  void categories(const Branch& branch, std::span<const Target> targets, Target unknown) {
    const size_t home = index_of(targets, unknown);
    std::vector<size_t> order;
    for (size_t k = 0; k < targets.size(); ++k) {
      if (k != home) order.push_back(k);
    }
    for (size_t i = 0; i < order.size(); ++i) {
      const int32_t id = node(branch.feature, 0, TreeArrays::kCategorical);
      const auto at = static_cast<size_t>(id);
      arrays.bit_begin[at] = static_cast<int32_t>(arrays.words.size());
      std::vector<uint32_t> bits((branch.child_of.size() + 31) / 32, 0);
      for (size_t code = 0; code < branch.child_of.size(); ++code) {
        if (branch.child_of[code] == static_cast<int32_t>(order[i])) bits[code / 32] |= 1U << (code % 32);
      }
      for (const uint32_t word : bits) arrays.words.push_back(static_cast<int32_t>(word));
      arrays.bit_end[at] = static_cast<int32_t>(arrays.words.size());
      link(id, targets[order[i]], i + 1 == order.size() ? unknown : id + 1);
    }
  }
};

bool shares_rows(const RuleTree& tree) {
  return std::any_of(tree.nodes.begin(), tree.nodes.end(), [](const RuleNode& node) { return !node.leaf() && node.unknown < 0; });
}

// The log of a share of zero: exp of it is 0 in float32.
constexpr double kLogNothing = -1000;

// For one leaf: the sum over the nodes above it of the log share of a row that goes on towards it.
NodeId log_share(PlanBuilder& builder, NodeId features, const RuleTree& tree, size_t leaf) {
  ArrayWriter writer;
  for (auto at = static_cast<int32_t>(leaf); tree.nodes[static_cast<size_t>(at)].parent >= 0;) {
    const RuleNode& node = tree.nodes[static_cast<size_t>(tree.nodes[static_cast<size_t>(at)].parent)];
    const int32_t own = at;
    std::vector<int32_t> targets;
    int32_t unknown = 0;
    for (size_t k = 0; k < node.children.size(); ++k) targets.push_back(writer.leaf(node.children[k] == own ? 0 : kLogNothing));
    if (node.unknown >= 0) {
      unknown = targets[static_cast<size_t>(node.unknown)];
    } else {
      const auto k = static_cast<size_t>(std::find(node.children.begin(), node.children.end(), own) - node.children.begin());
      unknown = writer.leaf(node.shares[k] > 0 ? std::log(node.shares[k]) : kLogNothing);
    }
    writer.arrays.roots.push_back(writer.route(node, targets, unknown));
    at = tree.nodes[static_cast<size_t>(at)].parent;
  }
  return builder.trees(features, std::move(writer.arrays));
}

}  // namespace

double predict(const RuleTree& tree, std::span<const float> row) { return walk(tree, row, 0); }

NodeId lower_tree(PlanBuilder& builder, NodeId features, const RuleTree& tree) {
  if (!shares_rows(tree)) {
    ArrayWriter writer;
    const int32_t root = writer.subtree(tree, 0);
    writer.arrays.roots.push_back(root);
    return builder.trees(features, std::move(writer.arrays));
  }
  std::vector<NodeId> logs;
  std::vector<float> values;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    if (!tree.nodes[i].leaf()) continue;
    logs.push_back(log_share(builder, features, tree, i));
    values.push_back(static_cast<float>(tree.nodes[i].value));
  }
  const NodeId shares = builder.activate(builder.concat(std::move(logs)), "exp");
  return builder.affine(shares, std::move(values), {0.0F}, 1);
}

std::vector<double> importance(const RuleTree& tree, size_t width) {
  std::vector<double> gains(width, 0);
  for (const RuleNode& node : tree.nodes) {
    if (!node.leaf()) gains[static_cast<size_t>(node.split.feature)] += std::max(0.0, node.gain);
  }
  return gains;
}

}  // namespace obligor::tree
