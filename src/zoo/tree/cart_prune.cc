#include "zoo/tree/cart_prune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include "core/parallel.h"
#include "core/random.h"

namespace obligor::tree {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSame = 1e-12;  // risks, as shares of the whole weight, that differ by rounding only

// Times the whole weight.
double node_risk(const RuleNode& node, const CartOptions& options, Risk risk) {
  const double good = node.good * options.growth[0];
  const double bad = node.bad * options.growth[1];
  if (risk == Risk::kMisclassification) return std::min(good, bad);
  return good + bad > 0 ? 2 * good * bad / (good + bad) : 0;
}

}  // namespace

PruningSequence prune_sequence(const RuleTree& tree, const CartOptions& options, Risk risk) {
  const size_t n = tree.nodes.size();
  PruningSequence sequence;
  sequence.collapse.assign(n, -kInfinity);
  const double whole = tree.nodes[0].good * options.growth[0] + tree.nodes[0].bad * options.growth[1];
  std::vector<double> own(n);
  std::vector<double> below(n);
  std::vector<size_t> leaves(n);
  std::vector<uint8_t> live(n, 0);
  for (size_t i = n; i-- > 0;) {
    own[i] = node_risk(tree.nodes[i], options, risk) / whole;
    below[i] = tree.nodes[i].leaf() ? own[i] : 0;
    leaves[i] = tree.nodes[i].leaf() ? 1 : 0;
    live[i] = tree.nodes[i].leaf() ? 0 : 1;
    for (const int32_t child : tree.nodes[i].children) {
      below[i] += below[static_cast<size_t>(child)];
      leaves[i] += leaves[static_cast<size_t>(child)];
    }
  }
  // The weakest links first. An entry is stale once its node's subtree has changed since.
  struct Entry {
    double link;
    size_t node;
    uint32_t version;
  };
  const auto later = [](const Entry& a, const Entry& b) { return a.link != b.link ? a.link > b.link : a.node > b.node; };
  std::priority_queue<Entry, std::vector<Entry>, decltype(later)> queue(later);
  std::vector<uint32_t> version(n, 0);
  const auto enter = [&](size_t i) { queue.push({(own[i] - below[i]) / static_cast<double>(leaves[i] - 1), i, version[i]}); };
  for (size_t i = 0; i < n; ++i) {
    if (live[i] != 0) enter(i);
  }
  const auto collapse = [&](size_t i, double alpha) {
    const double risk_change = own[i] - below[i];
    const size_t fewer = leaves[i] - 1;
    std::vector<size_t> stack{i};
    while (!stack.empty()) {
      const size_t at = stack.back();
      stack.pop_back();
      if (live[at] == 0) continue;
      live[at] = 0;
      sequence.collapse[at] = alpha;
      for (const int32_t child : tree.nodes[at].children) stack.push_back(static_cast<size_t>(child));
    }
    for (auto at = static_cast<int32_t>(i); at >= 0; at = tree.nodes[static_cast<size_t>(at)].parent) {
      const auto above = static_cast<size_t>(at);
      below[above] += risk_change;
      leaves[above] -= fewer;
      ++version[above];
      if (live[above] != 0) enter(above);
    }
  };
  const auto record = [&](double alpha) {
    sequence.alpha.push_back(alpha);
    sequence.leaves.push_back(leaves[0]);
    sequence.risk.push_back(below[0]);
  };
  // First the splits that gain nothing, then the weakest links, those of equal strength together.
  double alpha = 0;
  while (true) {
    while (!queue.empty() && (live[queue.top().node] == 0 || queue.top().version != version[queue.top().node])) queue.pop();
    if (!queue.empty() && queue.top().link <= alpha + kSame) {
      const size_t i = queue.top().node;
      queue.pop();
      collapse(i, alpha);
      continue;
    }
    record(alpha);
    if (queue.empty()) break;
    alpha = std::max(alpha, queue.top().link);
  }
  return sequence;
}

RuleTree prune_at(const RuleTree& tree, const PruningSequence& sequence, double alpha) {
  std::vector<uint8_t> at(tree.nodes.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = !tree.nodes[i].leaf() && sequence.collapse[i] <= alpha ? 1 : 0;
  return tree.collapsed(at);
}

namespace {

// Rows that the tree did not see, by the node they pass.
struct Passing {
  double weight[2] = {0, 0};
};

std::vector<Passing> pass_down(const RuleTree& tree, const Columns& columns, std::span<const uint32_t> rows) {
  std::vector<Passing> passing(tree.nodes.size());
  const auto value = [&](const Branch& branch, uint32_t row) { return columns.values[static_cast<size_t>(branch.feature)][row]; };
  for (const uint32_t row : rows) {
    size_t at = 0;
    while (true) {
      passing[at].weight[columns.target[row]] += columns.weight[row];
      const RuleNode& node = tree.nodes[at];
      if (node.leaf()) break;
      int32_t child = node.split.route(value(node.split, row));
      for (size_t s = 0; child < 0 && s < node.surrogates.size(); ++s) child = node.surrogates[s].route(value(node.surrogates[s], row));
      at = static_cast<size_t>(node.children[static_cast<size_t>(child < 0 ? node.unknown : child)]);
    }
  }
  return passing;
}

struct Sums {
  std::vector<double> cost;
  std::vector<double> square;
};

// What the rows left out cost at each of `judged` (ascending): a node ends their way at the alphas from which it is a leaf up to those from which
// the node above it is.
Sums judge(const RuleTree& tree, const PruningSequence& own, const std::vector<Passing>& passing, const CartOptions& options, Risk risk,
           const std::vector<double>& judged) {
  Sums sums;
  sums.cost.assign(judged.size() + 1, 0);
  sums.square.assign(judged.size() + 1, 0);
  const auto first = [&](double alpha) { return static_cast<size_t>(std::lower_bound(judged.begin(), judged.end(), alpha) - judged.begin()); };
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const RuleNode& node = tree.nodes[i];
    const size_t begin = node.leaf() ? 0 : first(own.collapse[i]);
    const size_t end = node.parent < 0 ? judged.size() : first(own.collapse[static_cast<size_t>(node.parent)]);
    if (begin >= end) continue;
    const double good = node.good * options.growth[0];
    const double bad = node.bad * options.growth[1];
    double cost = 0;
    double square = 0;
    for (const int side : {0, 1}) {
      double miss = 0;
      if (risk == Risk::kMisclassification) {
        miss = (bad > good ? 1 : 0) == side ? 0 : 1;
      } else {
        const double gap = side - bad / (good + bad);
        miss = 2 * gap * gap;
      }
      miss *= options.growth[side];
      cost += passing[i].weight[side] * miss;
      square += passing[i].weight[side] * miss * miss;
    }
    sums.cost[begin] += cost;
    sums.cost[end] -= cost;
    sums.square[begin] += square;
    sums.square[end] -= square;
  }
  for (size_t k = 1; k < judged.size(); ++k) {
    sums.cost[k] += sums.cost[k - 1];
    sums.square[k] += sums.square[k - 1];
  }
  return sums;
}

}  // namespace

ChosenPruning choose_by_folds(const Columns& columns, const CartOptions& options, Risk risk, const PruningSequence& sequence,
                              const FoldOptions& folds, const Context& context) {
  const size_t steps = sequence.alpha.size();
  // A tree is judged in the middle of the stretch of alphas for which it is the best.
  std::vector<double> judged(steps);
  for (size_t k = 0; k < steps; ++k) judged[k] = k + 1 < steps ? std::sqrt(sequence.alpha[k] * sequence.alpha[k + 1]) : kInfinity;
  const auto fold_of = deal_folds(columns.target, folds.folds, derive_seed(context.seed(), "cart-pruning"));
  std::vector<Sums> sums(folds.folds);
  parallel_for(context, folds.folds, [&](size_t fold) {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> left_out;
    for (uint32_t row = 0; row < columns.rows; ++row) (fold_of[row] == fold ? left_out : rows).push_back(row);
    const RuleTree tree = grow_cart(columns, rows, options, context);
    sums[fold] = judge(tree, prune_sequence(tree, options, risk), pass_down(tree, columns, left_out), options, risk, judged);
  });
  ChosenPruning result;
  result.cost.assign(steps, 0);
  result.error.assign(steps, 0);
  const double weight = columns.total[0] + columns.total[1];
  const double scale = weight / (columns.total[0] * options.growth[0] + columns.total[1] * options.growth[1]);
  for (size_t k = 0; k < steps; ++k) {
    double cost = 0;
    double square = 0;
    for (const Sums& fold : sums) {
      cost += fold.cost[k];
      square += fold.square[k];
    }
    const double mean = cost / weight;
    result.cost[k] = mean * scale;
    result.error[k] = scale * std::sqrt(std::max(0.0, square / weight - mean * mean) / static_cast<double>(columns.rows));
  }
  const auto least = static_cast<size_t>(std::min_element(result.cost.begin(), result.cost.end()) - result.cost.begin());
  const double limit = result.cost[least] + folds.se * result.error[least];
  for (size_t k = 0; k < steps; ++k) {
    if (result.cost[k] <= limit + kSame) result.chosen = k;
  }
  return result;
}

}  // namespace obligor::tree
