#include "zoo/tree/cart_prune.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "core/random.h"

namespace obligor::tree {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
  const auto link = [&](size_t i) { return (own[i] - below[i]) / static_cast<double>(leaves[i] - 1); };
  const auto collapse = [&](size_t i, double alpha) {
    const double risk_change = own[i] - below[i];
    const size_t fewer = leaves[i] - 1;
    for (auto at = static_cast<int32_t>(i); at >= 0; at = tree.nodes[static_cast<size_t>(at)].parent) {
      below[static_cast<size_t>(at)] += risk_change;
      leaves[static_cast<size_t>(at)] -= fewer;
    }
    std::vector<size_t> stack{i};
    while (!stack.empty()) {
      const size_t at = stack.back();
      stack.pop_back();
      if (live[at] == 0) continue;
      live[at] = 0;
      sequence.collapse[at] = alpha;
      for (const int32_t child : tree.nodes[at].children) stack.push_back(static_cast<size_t>(child));
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
    bool changed = true;
    while (changed) {
      changed = false;
      for (size_t i = 0; i < n; ++i) {
        if (live[i] == 0 || link(i) > alpha + 1e-12) continue;
        collapse(i, alpha);
        changed = true;
      }
    }
    record(alpha);
    if (live[0] == 0) break;
    double weakest = kInfinity;
    for (size_t i = 0; i < n; ++i) {
      if (live[i] != 0) weakest = std::min(weakest, link(i));
    }
    alpha = std::max(alpha, weakest);
  }
  return sequence;
}

RuleTree prune_at(const RuleTree& tree, const PruningSequence& sequence, double alpha) {
  std::vector<uint8_t> at(tree.nodes.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = !tree.nodes[i].leaf() && sequence.collapse[i] <= alpha ? 1 : 0;
  return tree.collapsed(at);
}

ChosenPruning choose_by_folds(const Columns& columns, const CartOptions& options, Risk risk, const PruningSequence& sequence,
                              const FoldOptions& folds, const Context& context) {
  const size_t steps = sequence.alpha.size();
  // A tree is judged in the middle of the stretch of alphas for which it is the best.
  std::vector<double> judged(steps);
  for (size_t k = 0; k < steps; ++k) judged[k] = k + 1 < steps ? std::sqrt(sequence.alpha[k] * sequence.alpha[k + 1]) : kInfinity;
  const auto fold_of = deal_folds(columns.target, folds.folds, derive_seed(context.seed(), "cart-pruning"));
  struct Sums {
    std::vector<double> cost;
    std::vector<double> square;
  };
  std::vector<Sums> sums(folds.folds);
  CartOptions growing = options;
  growing.all_surrogates = false;
  growing.value_prior = 0;
  parallel_for(context, folds.folds, [&](size_t fold) {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> left_out;
    for (uint32_t row = 0; row < columns.rows; ++row) (fold_of[row] == fold ? left_out : rows).push_back(row);
    const RuleTree tree = grow_cart(columns, rows, growing, context);
    const PruningSequence own = prune_sequence(tree, growing, risk);
    auto& [cost, square] = sums[fold];
    cost.assign(steps, 0);
    square.assign(steps, 0);
    std::vector<float> features(columns.width);
    for (const uint32_t row : left_out) {
      for (size_t f = 0; f < columns.width; ++f) features[f] = columns.values[f][row];
      const double w = columns.weight[row];
      const double factor = options.growth[columns.target[row]];
      // Down the path: at a large alpha the row stops early.
      size_t at = 0;
      for (size_t k = steps; k-- > 0;) {
        while (!tree.nodes[at].leaf() && own.collapse[at] > judged[k]) {
          const RuleNode& node = tree.nodes[at];
          int32_t child = node.split.route(features[static_cast<size_t>(node.split.feature)]);
          for (size_t s = 0; child < 0 && s < node.surrogates.size(); ++s) {
            child = node.surrogates[s].route(features[static_cast<size_t>(node.surrogates[s].feature)]);
          }
          at = static_cast<size_t>(node.children[static_cast<size_t>(child < 0 ? node.unknown : child)]);
        }
        const RuleNode& node = tree.nodes[at];
        const double good = node.good * options.growth[0];
        const double bad = node.bad * options.growth[1];
        double miss = 0;
        if (risk == Risk::kMisclassification) {
          miss = (bad > good ? 1 : 0) == columns.target[row] ? 0 : 1;
        } else {
          const double gap = columns.target[row] - bad / (good + bad);
          miss = 2 * gap * gap;
        }
        miss *= factor;
        cost[k] += w * miss;
        square[k] += w * miss * miss;
      }
    }
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
    if (result.cost[k] <= limit + 1e-15) result.chosen = k;
  }
  return result;
}

}  // namespace obligor::tree
