#include "zoo/tree/c50_grow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/parallel.h"
#include "zoo/tree/value_counts.h"

namespace obligor::tree {
namespace {

struct Count {
  double good = 0;
  double bad = 0;
  [[nodiscard]] double total() const { return good + bad; }
  void add(uint8_t target, double weight) { (target != 0 ? bad : good) += weight; }
};

double bits(double part, double whole) { return part > 0 ? -part * std::log2(part / whole) : 0; }
// Information of a class count times its weight.
double info(const Count& count) { return bits(count.good, count.total()) + bits(count.bad, count.total()); }

// The cases of a node as ValueCounter reads them.
struct Counted {
  std::vector<uint32_t> keys;
  std::vector<double> weights;  // empty where every one is 1

  Counted(const Columns& columns, const Cases& cases) {
    const bool unit = std::all_of(cases.begin(), cases.end(), [](const Case& at) { return at.weight == 1; });
    keys.reserve(cases.size());
    for (const Case& at : cases) keys.push_back(at.row * 2 + columns.target[at.row]);
    if (unit) return;
    weights.reserve(cases.size());
    for (const Case& at : cases) weights.push_back(at.weight);
  }
};

Count count_of(const ValueCount& value) { return {value.weight[0], value.weight[1]}; }

C50Test test_number(const Columns& columns, size_t f, const ValueCounts& counts, const C50Options& options) {
  C50Test test;
  const double unknown = count_of(counts.missing).total();
  const auto levels = counts.known;
  Count known;
  for (const ValueCount& level : levels) {
    known.good += level.weight[0];
    known.bad += level.weight[1];
  }
  const double all = known.total() + unknown;
  if (levels.size() < 2 || known.total() < 2 * options.min_cases) return test;
  const double least = std::max(options.min_cases, std::min(25.0, 0.1 * known.total() / 2)) - 1e-5;
  const double before = info(known);
  // A cut gains no more than its chi-square statistic over ln 2 (see cart_grow.cc), so few cuts need logarithms.
  const double bound = known.total() / (std::max(known.good, 1e-300) * std::max(known.bad, 1e-300) * std::numbers::ln2);
  Count low;
  double best = -1;
  size_t cut = levels.size();
  double best_low = 0;
  size_t tries = 0;
  for (size_t i = 0; i + 1 < levels.size(); ++i) {
    low.good += levels[i].weight[0];
    low.bad += levels[i].weight[1];
    if (low.total() < least) continue;
    if (known.total() - low.total() < least) break;
    ++tries;
    const double cross = low.bad * known.good - low.good * known.bad;
    if (!(bound * cross * cross > best * low.total() * (known.total() - low.total()))) continue;
    const double gain = before - info(low) - info({known.good - low.good, known.bad - low.bad});
    if (gain > best + 1e-12) {
      best = gain;
      best_low = low.total();
      cut = i;
    }
  }
  if (cut == levels.size()) return test;
  const auto value = [&](size_t i) { return columns.distinct[f][levels[i].code]; };
  const double range = (static_cast<double>(value(levels.size() - 1)) - static_cast<double>(value(0))) /
                       (static_cast<double>(value(cut + 1)) - static_cast<double>(value(cut)));
  const double names = std::isfinite(range) && range >= 1 ? std::min(range, static_cast<double>(tries)) : static_cast<double>(tries);
  test.gain = best / all - std::log2(std::max(1.0, names)) / all;
  test.information = (bits(unknown, all) + bits(best_low, all) + bits(known.total() - best_low, all)) / all;
  test.branch.feature = static_cast<int32_t>(f);
  test.branch.cuts = {middle(value(cut), value(cut + 1))};
  test.branch.child_of = {0, 1};
  return test;
}

// Groups of levels are merged two by two, each time the pair that gives the best gain ratio, while it rises (Quinlan 1993, chapter 7).
std::vector<std::vector<size_t>> merge_levels(const std::vector<Count>& counts, const std::vector<size_t>& present, double known_info, double all,
                                              double unknown) {
  std::vector<std::vector<size_t>> groups;
  std::vector<Count> totals;
  for (const size_t code : present) {
    groups.push_back({code});
    totals.push_back(counts[code]);
  }
  const auto ratio_of = [&](double inside, double parts) {
    const double information = (parts + bits(unknown, all)) / all;
    return information > 0 ? (known_info - inside) / all / information : 0;
  };
  double inside = 0;
  double parts = 0;
  for (const Count& total : totals) {
    inside += info(total);
    parts += bits(total.total(), all);
  }
  double current = ratio_of(inside, parts);
  while (groups.size() > 2) {
    double best = -1;
    size_t first = 0;
    size_t second = 0;
    for (size_t i = 0; i < groups.size(); ++i) {
      for (size_t j = i + 1; j < groups.size(); ++j) {
        const Count joined{totals[i].good + totals[j].good, totals[i].bad + totals[j].bad};
        const double found = ratio_of(inside - info(totals[i]) - info(totals[j]) + info(joined),
                                      parts - bits(totals[i].total(), all) - bits(totals[j].total(), all) + bits(joined.total(), all));
        if (found > best) {
          best = found;
          first = i;
          second = j;
        }
      }
    }
    if (best < current) break;
    const Count joined{totals[first].good + totals[second].good, totals[first].bad + totals[second].bad};
    inside += info(joined) - info(totals[first]) - info(totals[second]);
    parts += bits(joined.total(), all) - bits(totals[first].total(), all) - bits(totals[second].total(), all);
    current = best;
    totals[first] = joined;
    groups[first].insert(groups[first].end(), groups[second].begin(), groups[second].end());
    groups.erase(groups.begin() + static_cast<int64_t>(second));
    totals.erase(totals.begin() + static_cast<int64_t>(second));
  }
  return groups;
}

C50Test test_category(const Columns& columns, size_t f, const ValueCounts& met, const C50Options& options) {
  C50Test test;
  std::vector<Count> counts(columns.levels[f]);
  Count known;
  const double unknown = count_of(met.missing).total();
  std::vector<size_t> present;
  for (const ValueCount& level : met.known) {
    counts[level.code] = count_of(level);
    known.good += level.weight[0];
    known.bad += level.weight[1];
    present.push_back(level.code);
  }
  const double all = known.total() + unknown;
  if (present.size() < 2) return test;
  std::vector<std::vector<size_t>> groups;
  if (options.subset && present.size() > 2) {
    groups = merge_levels(counts, present, info(known), all, unknown);
  } else {
    for (const size_t code : present) groups.push_back({code});
  }
  double inside = 0;
  double parts = bits(unknown, all);
  int heavy = 0;
  for (const auto& group : groups) {
    Count total;
    for (const size_t code : group) {
      total.good += counts[code].good;
      total.bad += counts[code].bad;
    }
    inside += info(total);
    parts += bits(total.total(), all);
    heavy += total.total() >= options.min_cases - 1e-9 ? 1 : 0;
  }
  if (heavy < 2) return test;
  test.gain = (info(known) - inside) / all;
  test.information = parts / all;
  test.branch.feature = static_cast<int32_t>(f);
  test.branch.category = true;
  test.branch.child_of.assign(counts.size(), static_cast<int32_t>(groups.size()));  // no case here: a child of their own
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const size_t code : groups[g]) test.branch.child_of[code] = static_cast<int32_t>(g);
  }
  return test;
}

C50Test test_counted(const Columns& columns, size_t f, const Counted& cases, const C50Options& options, ValueCounter& counter) {
  const ValueCounts counts = counter.count(columns.code[f], columns.codes(f), cases.keys, cases.weights);
  return columns.category[f] != 0 ? test_category(columns, f, counts, options) : test_number(columns, f, counts, options);
}

size_t branches_of(const Branch& branch) { return static_cast<size_t>(*std::max_element(branch.child_of.begin(), branch.child_of.end())) + 1; }

Count count_cases(const Columns& columns, const Cases& cases) {
  Count count;
  for (const Case& at : cases) count.add(columns.target[at.row], at.weight);
  return count;
}

constexpr size_t kParallelWork = 200'000;  // cases times columns of a node from which its columns are shared out
constexpr double kLightest = 1e-4;         // of a case's weight, below which a part of it is no longer followed

// The cases of each branch, those that do not know the column in all of them; the shares they were parted by.
std::vector<Cases> distribute(const Branch& branch, size_t children, const Columns& columns, const Cases& cases, std::vector<double>& shares,
                              bool& had_missing) {
  std::vector<Cases> parts(children);
  Cases unknown;
  double known = 0;
  shares.assign(children, 0);
  const auto& values = columns.values[static_cast<size_t>(branch.feature)];
  std::vector<int32_t> to(cases.size());
  std::vector<size_t> sizes(children, 0);
  for (size_t i = 0; i < cases.size(); ++i) {
    to[i] = branch.route(values[cases[i].row]);
    if (to[i] >= 0) ++sizes[static_cast<size_t>(to[i])];
  }
  for (size_t k = 0; k < children; ++k) parts[k].reserve(sizes[k]);
  for (size_t i = 0; i < cases.size(); ++i) {
    if (to[i] < 0) {
      unknown.push_back(cases[i]);
      continue;
    }
    const auto child = static_cast<size_t>(to[i]);
    parts[child].push_back(cases[i]);
    shares[child] += cases[i].weight;
    known += cases[i].weight;
  }
  had_missing = !unknown.empty();
  for (double& share : shares) share = known > 0 ? share / known : 1.0 / static_cast<double>(children);
  for (size_t k = 0; k < children; ++k) {
    for (const Case& at : unknown) {
      if (at.weight * shares[k] > kLightest) parts[k].push_back({at.row, at.weight * shares[k]});
    }
  }
  return parts;
}

class Grower {
 public:
  Grower(const Columns& columns, const C50Options& options, const Context& context)
      : columns_(columns),
        options_(options),
        context_(context),
        counters_(std::min(static_cast<size_t>(ThreadPool::inside() ? 1 : context.pool().threads()), columns.width)) {}

  std::unique_ptr<C50Node> grow(const Cases& cases, int depth) {
    context_.check_cancelled();
    auto node = std::make_unique<C50Node>();
    const Count count = count_cases(columns_, cases);
    node->good = count.good;
    node->bad = count.bad;
    if (depth >= options_.max_depth || node->wrong() <= 1e-9 || node->cases() < 2 * options_.min_cases) return node;
    std::vector<C50Test> tests(columns_.width);
    const Counted counted(columns_, cases);
    const size_t chunks = cases.size() * columns_.width > kParallelWork ? counters_.size() : 1;
    const auto chunk = [&](size_t c) {
      for (size_t f = c; f < columns_.width; f += chunks) {
        if (f >= options_.skipped.size() || options_.skipped[f] == 0) tests[f] = test_counted(columns_, f, counted, options_, counters_[c]);
      }
    };
    if (chunks > 1) parallel_for(context_, chunks, chunk);
    else chunk(0);
    const C50Test* best = choose(tests);
    if (best == nullptr) return node;
    node->split = best->branch;
    node->gain = best->gain;
    node->ratio = best->ratio();
    for (float& cut : node->split.cuts) {
      const auto& sorted = columns_.distinct[static_cast<size_t>(node->split.feature)];
      cut = *std::prev(std::upper_bound(sorted.begin(), sorted.end(), cut));
    }
    const std::vector<Cases> parts = distribute(node->split, branches_of(node->split), columns_, cases, node->shares, node->had_missing);
    for (const Cases& part : parts) node->children.push_back(grow(part, depth + 1));
    return node;
  }

 private:
  // The best gain ratio among the tests whose gain is no less than the mean.
  [[nodiscard]] const C50Test* choose(const std::vector<C50Test>& tests) const {
    double sum = 0;
    size_t possible = 0;
    for (size_t f = 0; f < tests.size(); ++f) {
      // A category of very many levels would raise the mean for all others.
      if (!(tests[f].gain > 1e-10) || static_cast<double>(columns_.levels[f]) > 0.3 * static_cast<double>(columns_.rows)) continue;
      sum += tests[f].gain;
      ++possible;
    }
    const double mean = possible > 0 ? sum / static_cast<double>(possible) : 0;
    const C50Test* best = nullptr;
    for (const C50Test& test : tests) {
      if (!(test.gain > 1e-10) || test.gain < mean - 1e-9) continue;
      if (best == nullptr || test.ratio() > best->ratio() * (1 + 1e-12)) best = &test;
    }
    return best;
  }

  const Columns& columns_;
  const C50Options& options_;
  const Context& context_;
  std::vector<ValueCounter> counters_;
};

}  // namespace

size_t C50Node::leaves() const {
  if (leaf()) return 1;
  size_t total = 0;
  for (const auto& child : children) total += child->leaves();
  return total;
}

C50Test test_column(const Columns& columns, size_t column, const Cases& cases, const C50Options& options) {
  ValueCounter counter;
  return test_counted(columns, column, Counted(columns, cases), options, counter);
}

std::unique_ptr<C50Node> grow_c50(const Columns& columns, const Cases& cases, const C50Options& options, const Context& context) {
  return Grower(columns, options, context).grow(cases, 0);
}

namespace {

// The normal deviate of a one-sided confidence, from the short table that C4.5 interpolates (its figures follow from this, not from the exact one).
double deviate(double confidence) {
  constexpr std::array<std::pair<double, double>, 9> kTable{
      {{0, 4.0}, {0.001, 3.09}, {0.005, 2.58}, {0.01, 2.33}, {0.05, 1.65}, {0.1, 1.28}, {0.2, 0.84}, {0.4, 0.25}, {1, 0}}};
  size_t i = 1;
  while (i + 1 < kTable.size() && confidence > kTable[i].first) ++i;
  const auto [low, high] = std::pair{kTable[i - 1], kTable[i]};
  return low.second + (high.second - low.second) * (confidence - low.first) / (high.first - low.first);
}

// What the pessimistic count adds to the errors seen.
double extra_errors(double errors, double cases, double confidence) {
  if (errors < 1e-6) return cases * -std::expm1(std::log(confidence) / cases);
  if (errors < 0.9999) {
    const double none = extra_errors(0, cases, confidence);
    return none + errors * (extra_errors(1, cases, confidence) - none);
  }
  if (errors + 0.5 >= cases) return 0.67 * std::max(0.0, cases - errors);
  const double square = std::pow(deviate(confidence), 2);
  const double seen = errors + 0.5;
  const double rate = (seen + square / 2 + std::sqrt(square * (seen * (1 - seen / cases) + square / 4))) / (cases + square);
  return cases * rate - errors;
}

}  // namespace

double upper_error_rate(double errors, double cases, double confidence) { return (errors + extra_errors(errors, cases, confidence)) / cases; }

namespace {

double pessimistic(const Count& count, double confidence) {
  return count.total() > 0 ? count.total() * upper_error_rate(std::min(count.good, count.bad), count.total(), confidence) : 0;
}

// Errors of a subtree on cases that need not be its own; with `update` the subtree takes their counts and is pruned.
class Pruner {
 public:
  Pruner(const Columns& columns, const C50Options& options) : columns_(columns), options_(options) {}

  double estimate(const C50Node& node, const Cases& cases) const {
    if (node.leaf()) return pessimistic(count_cases(columns_, cases), options_.confidence);
    std::vector<double> shares;
    bool had_missing = false;
    const auto parts = distribute(node.split, node.children.size(), columns_, cases, shares, had_missing);
    double total = 0;
    Count small;
    for (size_t k = 0; k < parts.size(); ++k) {
      const Count count = count_cases(columns_, parts[k]);
      if (count.total() < options_.min_cases) {
        small.good += count.good;
        small.bad += count.bad;
      } else {
        total += estimate(*node.children[k], parts[k]);
      }
    }
    return total + pessimistic(small, options_.confidence);
  }

  void prune(C50Node& node, const Cases& cases) const {
    const Count count = count_cases(columns_, cases);
    node.good = count.good;
    node.bad = count.bad;
    const double as_leaf = pessimistic(count, options_.confidence);
    node.errors = as_leaf;
    if (node.leaf()) return;
    const auto parts = distribute(node.split, node.children.size(), columns_, cases, node.shares, node.had_missing);
    double as_tree = 0;
    Count small;
    C50Node* largest = nullptr;
    for (size_t k = 0; k < parts.size(); ++k) {
      C50Node& child = *node.children[k];
      prune(child, parts[k]);
      if (child.cases() < options_.min_cases) {
        small.good += child.good;
        small.bad += child.bad;
      } else {
        as_tree += child.errors;
      }
      const bool again = !child.leaf() && !child.split.category && child.split.feature == node.split.feature;
      if (child.leaf() || again || child.cases() < 0.1 * node.cases()) continue;
      if (largest == nullptr || child.cases() > largest->cases()) largest = &child;
    }
    as_tree += pessimistic(small, options_.confidence);
    const double as_branch = largest != nullptr ? estimate(*largest, cases) : as_leaf + as_tree + 1;
    if (as_leaf <= as_branch + 0.1 && as_leaf <= as_tree + 0.1) {
      node.children.clear();
    } else if (as_branch <= as_tree + 0.1) {
      const auto at = std::find_if(node.children.begin(), node.children.end(), [&](const auto& child) { return child.get() == largest; });
      const std::unique_ptr<C50Node> kept = std::move(*at);
      node = std::move(*kept);
      prune(node, cases);
    } else {
      node.errors = as_tree;
    }
  }

 private:
  const Columns& columns_;
  const C50Options& options_;
};

// Errors on the cases themselves.
double errors_inside(const C50Node& node) {
  if (node.leaf()) return node.wrong();
  double total = 0;
  for (const auto& child : node.children) total += errors_inside(*child);
  return total;
}

// The inner node that costs least a leaf to remove, and what it costs; only those within the limit.
void weakest(C50Node& node, double limit, C50Node*& found, double& least, double& cost) {
  if (node.leaf()) return;
  const double extra = node.wrong() - errors_inside(node);
  const double each = extra / static_cast<double>(node.leaves() - 1);
  if (extra <= limit && (found == nullptr || each < least - 1e-12)) {
    found = &node;
    least = each;
    cost = extra;
  }
  for (const auto& child : node.children) weakest(*child, limit, found, least, cost);
}

}  // namespace

void prune_c50(C50Node& root, const Columns& columns, const Cases& cases, const C50Options& options) {
  if (options.prune) Pruner(columns, options).prune(root, cases);
  if (!options.global_pruning) return;
  const double errors = errors_inside(root);
  double limit = std::sqrt(std::max(0.0, errors * (1 - errors / root.cases())));
  while (limit > 0) {
    C50Node* found = nullptr;
    double least = 0;
    double cost = 0;
    weakest(root, limit, found, least, cost);
    if (found == nullptr) return;
    found->children.clear();
    limit -= cost;
  }
}

double share_of_bad(const C50Node& node, const Columns& columns, uint32_t row, int32_t hidden) {
  if (node.leaf()) return node.cases() > 0 ? node.bad / node.cases() : 0.5;
  const int32_t child = node.split.feature == hidden ? -1 : node.split.route(columns.values[static_cast<size_t>(node.split.feature)][row]);
  const auto of_child = [&](size_t k) {
    const C50Node& to = *node.children[k];
    return to.cases() > 0 ? share_of_bad(to, columns, row, hidden) : node.bad / node.cases();
  };
  if (child >= 0) return of_child(static_cast<size_t>(child));
  double total = 0;
  for (size_t k = 0; k < node.children.size(); ++k) {
    if (node.shares[k] > 0) total += node.shares[k] * of_child(k);
  }
  return total;
}

namespace {

void recount(C50Node& node, const Columns& columns, const Cases& cases) {
  const Count count = count_cases(columns, cases);
  node.good = count.good;
  node.bad = count.bad;
  if (node.leaf()) return;
  const auto parts = distribute(node.split, node.children.size(), columns, cases, node.shares, node.had_missing);
  for (size_t k = 0; k < parts.size(); ++k) recount(*node.children[k], columns, parts[k]);
}

void write(const C50Node& from, int32_t parent, RuleTree& tree) {
  const size_t at = tree.nodes.size();
  RuleNode& node = tree.nodes.emplace_back();
  node.parent = parent;
  node.good = from.good;
  node.bad = from.bad;
  if (from.leaf()) return;
  node.split = from.split;
  node.gain = from.gain * from.cases();
  node.facts["gain_bits"] = from.gain;
  node.facts["gain_ratio"] = from.ratio;
  node.shares = from.shares;
  // Where training saw no missing value, one that comes later goes down the heaviest branch.
  node.unknown = from.had_missing ? -1 : static_cast<int32_t>(std::max_element(from.shares.begin(), from.shares.end()) - from.shares.begin());
  for (const auto& child : from.children) {
    tree.nodes[at].children.push_back(static_cast<int32_t>(tree.nodes.size()));
    write(*child, static_cast<int32_t>(at), tree);
  }
}

}  // namespace

RuleTree finish_c50(C50Node& root, const Columns& columns, const Cases& cases, const Smoothing& smoothing) {
  recount(root, columns, cases);
  RuleTree tree;
  write(root, -1, tree);
  set_values(tree, smoothing);
  return tree;
}

}  // namespace obligor::tree
