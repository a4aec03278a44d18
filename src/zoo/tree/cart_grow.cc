#include "zoo/tree/cart_grow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/parallel.h"
#include "zoo/tree/value_counts.h"

namespace obligor::tree {
namespace {

constexpr double kMore = 1 + 1e-12;        // a later cut must be better by more than rounding
constexpr size_t kParallelWork = 200'000;  // rows times columns of a node from which its columns are shared out
constexpr uint8_t kUnknownSide = 2;        // of a row that does not know the split's column

// Between two values that stand next to each other in a list.
struct Cut {
  double gain = 0;
  size_t after = 0;  // the place of the lower one
};

// Where the rows that do not know the split's column belong, when they have a say.
enum class Missing : uint8_t { kNoSay, kLow, kHigh, kAlone };

// What a column offers: `low` and `high` are the codes beside a number's cut.
struct Offer {
  double gain = 0;
  uint32_t low = 0;
  uint32_t high = 0;
  bool turned = false;  // a surrogate that sends low values to child 1
  Missing missing = Missing::kNoSay;
};

struct Pending {
  size_t node = 0;
  int depth = 0;
  size_t begin = 0;  // its rows, in keys_
  size_t end = 0;
  [[nodiscard]] size_t size() const { return end - begin; }
};

double entropy(double good, double bad) {
  const double total = good + bad;
  const auto term = [&](double w) { return w > 0 ? -w * std::log(w / total) : 0.0; };
  return term(good) + term(bad);
}

class Grower {
 public:
  Grower(const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context)
      : columns_(columns), options_(options), context_(context), growth_{options.growth[0], options.growth[1]} {
    keys_.reserve(rows.size());
    for (const uint32_t row : rows) keys_.push_back(row * 2 + columns.target[row]);
    if (!columns.unit) {
      for (const uint32_t row : rows) weights_.push_back(columns.weight[row]);
    }
    side_.resize(rows.size());
    spare_keys_.resize(rows.size());
    spare_weights_.resize(weights_.size());
    counters_.resize(std::min(static_cast<size_t>(ThreadPool::inside() ? 1 : context.pool().threads()), columns.width));
  }

  RuleTree run() {
    std::vector<Pending> stack{{0, 0, 0, keys_.size()}};
    open(stack.back(), -1);
    while (!stack.empty()) {
      context_.check_cancelled();
      const Pending at = stack.back();
      stack.pop_back();
      split(at, stack);
    }
    set_values(tree_, options_.smoothing);
    return std::move(tree_);
  }

  void complete(RuleTree& tree) {
    if (options_.surrogates == 0 || options_.missing_branch || tree.nodes[0].leaf()) return;
    std::vector<Pending> stack{{0, 0, 0, keys_.size()}};
    while (!stack.empty()) {
      context_.check_cancelled();
      const Pending at = stack.back();
      stack.pop_back();
      RuleNode& node = tree.nodes[at.node];
      const bool missing = take_sides(at, node);
      if (node.surrogates.empty()) find_surrogates(at, node);
      if (missing) settle_unknown(at, node);
      const size_t middle = part(at);
      const size_t children[2] = {static_cast<size_t>(node.children[0]), static_cast<size_t>(node.children[1])};
      if (!tree.nodes[children[0]].leaf()) stack.push_back({children[0], 0, at.begin, middle});
      if (!tree.nodes[children[1]].leaf()) stack.push_back({children[1], 0, middle, at.end});
    }
  }

 private:
  [[nodiscard]] double weight(size_t place) const { return weights_.empty() ? 1.0 : weights_[place]; }
  [[nodiscard]] std::span<const uint32_t> keys(const Pending& at) const { return std::span(keys_).subspan(at.begin, at.size()); }
  [[nodiscard]] std::span<const double> weights(const Pending& at) const {
    return weights_.empty() ? std::span<const double>() : std::span(weights_).subspan(at.begin, at.size());
  }

  void open(Pending& pending, int32_t parent) {
    pending.node = tree_.nodes.size();
    RuleNode& node = tree_.nodes.emplace_back();
    node.parent = parent;
    double sums[2] = {0, 0};
    for (size_t i = pending.begin; i < pending.end; ++i) sums[keys_[i] & 1U] += weight(i);
    node.good = sums[0];
    node.bad = sums[1];
  }

  // The cut of a list of values that lowers the weighted impurity most. For two classes Gini's falls by 2 (b_l G - g_l B)^2 / (n n_l n_r), where n =
  // G + B: a form without differences of near numbers. That of entropy falls by no more than n (b_l G - g_l B)^2 / (G B n_l n_r), as the
  // Kullback-Leibler divergence is at most the chi-square one, so few cuts need logarithms.
  // `below` stands before the first value: rows that are on the low side of every cut; `above` on the high side.
  [[nodiscard]] Cut best_cut(std::span<const ValueCount> list, const ValueCount& below = {}, const ValueCount& above = {}) const {
    double total[2] = {below.weight[0] + above.weight[0], below.weight[1] + above.weight[1]};
    for (const ValueCount& value : list) {
      total[0] += value.weight[0];
      total[1] += value.weight[1];
    }
    Cut best;
    const double good = total[0] * growth_[0];
    const double bad = total[1] * growth_[1];
    const double whole = good + bad;
    if (list.size() < 2 || !(good > 0) || !(bad > 0)) return best;
    const bool gini = options_.impurity == Impurity::kGini;
    const double last = total[0] + total[1] - options_.min_leaf;
    const double before = gini ? 0 : entropy(good, bad);
    const double bound = gini ? 2 / whole : whole / (good * bad);
    double left[2] = {below.weight[0], below.weight[1]};
    for (size_t i = 0; i + 1 < list.size(); ++i) {
      left[0] += list[i].weight[0];
      left[1] += list[i].weight[1];
      if (left[0] + left[1] < options_.min_leaf) continue;
      if (left[0] + left[1] > last) break;
      const double low_good = left[0] * growth_[0];
      const double low_bad = left[1] * growth_[1];
      const double cross = low_bad * good - low_good * bad;
      const double sides = (low_good + low_bad) * (whole - low_good - low_bad);
      if (!(bound * cross * cross > best.gain * kMore * sides)) continue;
      const double gain = gini ? bound * cross * cross / sides : before - entropy(low_good, low_bad) - entropy(good - low_good, bad - low_bad);
      if (gain > best.gain * kMore) best = {gain, i};
    }
    return best;
  }

  // The levels present by bad share: b_i / (g_i + b_i) < b_j / (g_j + b_j) exactly when b_i g_j < b_j g_i.
  // What is missing, where it has a say, is one level more.
  static std::vector<ValueCount> by_share(std::span<const ValueCount> known, const ValueCount* missing) {
    std::vector<ValueCount> list(known.begin(), known.end());
    if (missing != nullptr) list.push_back(*missing);
    std::stable_sort(list.begin(), list.end(),
                     [](const ValueCount& a, const ValueCount& b) { return a.weight[1] * b.weight[0] < b.weight[1] * a.weight[0]; });
    return list;
  }

  [[nodiscard]] Offer offer_of(size_t f, const Pending& at, ValueCounter& counter) const {
    const ValueCounts counts = counter.count(columns_.code[f], columns_.codes(f), keys(at), weights(at));
    const std::span<const ValueCount> known = counts.known;
    const ValueCount& missing = counts.missing;
    const bool heard = options_.missing_branch && missing.weight[0] + missing.weight[1] > 0;
    if (columns_.category[f] != 0) return {best_cut(by_share(known, heard ? &missing : nullptr)).gain};
    const auto offer = [&](const Cut& cut, Missing to) -> Offer {
      return cut.gain > 0 ? Offer{cut.gain, known[cut.after].code, known[cut.after + 1].code, false, to} : Offer{};
    };
    if (!heard) return offer(best_cut(known), Missing::kNoSay);
    Offer best = offer(best_cut(known, missing, {}), Missing::kLow);
    const Offer high = offer(best_cut(known, {}, missing), Missing::kHigh);
    if (high.gain > best.gain * kMore) best = high;
    ValueCount all[2] = {{}, missing};
    for (const ValueCount& value : known) {
      all[0].weight[0] += value.weight[0];
      all[0].weight[1] += value.weight[1];
    }
    const double alone = best_cut(all).gain;
    if (alone > best.gain * kMore) best = {alone, 0, 0, false, Missing::kAlone};
    return best;
  }

  [[nodiscard]] Branch number_branch(size_t f, const Offer& offer) const {
    Branch branch;
    branch.feature = static_cast<int32_t>(f);
    if (offer.missing == Missing::kAlone) {
      branch.child_of = {0};
      return branch;
    }
    branch.cuts = {middle(columns_.distinct[f][offer.low], columns_.distinct[f][offer.high])};
    branch.child_of = offer.turned ? std::vector<int32_t>{1, 0} : std::vector<int32_t>{0, 1};
    return branch;
  }

  // The node's split; `unknown` is the child of what is missing, or -1 where it has no say.
  void write_split(RuleNode& node, size_t f, const Offer& offer, const Pending& at) {
    node.gain = offer.gain;
    node.unknown = offer.missing == Missing::kNoSay ? -1 : offer.missing == Missing::kLow ? 0 : 1;
    Branch& branch = node.split;
    if (columns_.category[f] == 0) {
      branch = number_branch(f, offer);
      return;
    }
    const auto [known, missing] = counters_[0].count(columns_.code[f], columns_.codes(f), keys(at), weights(at));
    const bool heard = options_.missing_branch && missing.weight[0] + missing.weight[1] > 0;
    const auto list = by_share(known, heard ? &missing : nullptr);
    const Cut cut = best_cut(list);
    branch.feature = static_cast<int32_t>(f);
    branch.category = true;
    branch.child_of.assign(columns_.levels[f], -1);
    for (size_t i = 0; i < list.size(); ++i) {
      const int32_t child = i <= cut.after ? 0 : 1;
      if (list[i].code == columns_.levels[f]) node.unknown = child;
      else branch.child_of[list[i].code] = child;
    }
  }

  template <typename Search>
  std::vector<Offer> over_columns(size_t rows, const Search& search) {
    std::vector<Offer> found(columns_.width);
    const size_t chunks = rows * columns_.width > kParallelWork ? counters_.size() : 1;
    const auto chunk = [&](size_t c) {
      for (size_t f = c; f < columns_.width; f += chunks) found[f] = search(f, counters_[c]);
    };
    if (chunks > 1) parallel_for(context_, chunks, chunk);
    else chunk(0);
    return found;
  }

  // Predictive association: how much fewer rows go astray than when all go to the heavier child (equation 5.1 of the book's section 5.3.1).
  [[nodiscard]] Offer imitation_of(size_t f, std::span<const uint32_t> keys, std::span<const double> weights, ValueCounter& counter) const {
    const auto known = counter.count(columns_.code[f], columns_.codes(f), keys, weights).known;
    double total[2] = {0, 0};
    for (const ValueCount& value : known) {
      total[0] += value.weight[0];
      total[1] += value.weight[1];
    }
    Offer best;
    double agreement = 0;
    const double least = std::max(total[0], total[1]) * kMore;
    if (columns_.category[f] != 0) {
      for (const ValueCount& value : known) agreement += std::max(value.weight[0], value.weight[1]);
    } else {
      double left[2] = {0, 0};
      for (size_t i = 0; i + 1 < known.size(); ++i) {
        left[0] += known[i].weight[0];
        left[1] += known[i].weight[1];
        const double straight = left[0] + total[1] - left[1];
        const double turned = left[1] + total[0] - left[0];
        if (!(std::max(straight, turned) > std::max(least, agreement))) continue;
        agreement = std::max(straight, turned);
        best = {0, known[i].code, known[i + 1].code, turned > straight};
      }
    }
    const double lesser = std::min(total[0], total[1]);
    best.gain = agreement > least && lesser > 0 ? (lesser - (total[0] + total[1] - agreement)) / lesser : 0;
    return best;
  }

  // side_ is set: rows whose side is not known take no part.
  void find_surrogates(const Pending& at, RuleNode& node) {
    std::vector<uint32_t> keys;
    std::vector<double> weights;
    for (size_t i = at.begin; i < at.end; ++i) {
      if (side_[i] == kUnknownSide) continue;
      keys.push_back((keys_[i] & ~1U) | side_[i]);
      if (!weights_.empty()) weights.push_back(weights_[i]);
    }
    const auto primary = static_cast<size_t>(node.split.feature);
    const std::vector<Offer> found =
        over_columns(at.size(), [&](size_t f, ValueCounter& counter) { return f == primary ? Offer{} : imitation_of(f, keys, weights, counter); });
    std::vector<size_t> order;
    for (size_t f = 0; f < found.size(); ++f) {
      if (found[f].gain > 0) order.push_back(f);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return found[a].gain > found[b].gain; });
    if (order.size() > options_.surrogates) order.resize(options_.surrogates);
    for (const size_t f : order) {
      if (columns_.category[f] == 0) {
        node.surrogates.push_back(number_branch(f, found[f]));
        continue;
      }
      Branch& branch = node.surrogates.emplace_back();
      branch.feature = static_cast<int32_t>(f);
      branch.category = true;
      branch.child_of.assign(columns_.levels[f], -1);
      for (const ValueCount& value : counters_[0].count(columns_.code[f], columns_.codes(f), keys, weights).known) {
        branch.child_of[value.code] = value.weight[1] > value.weight[0] ? 1 : 0;
      }
    }
  }

  // Sets side_ by the node's split and, where the split did not, which child the rows go to that nothing else decides; true when some do not
  // know the column.
  bool take_sides(const Pending& at, RuleNode& node) {
    const auto& values = columns_.values[static_cast<size_t>(node.split.feature)];
    double known[3] = {0, 0, 0};
    if (node.split.category) {
      for (size_t i = at.begin; i < at.end; ++i) {
        const int32_t child = node.split.route(values[keys_[i] >> 1]);
        side_[i] = child < 0 ? kUnknownSide : static_cast<uint8_t>(child);
      }
    } else {
      const float cut = node.split.cuts.empty() ? std::numeric_limits<float>::infinity() : node.split.cuts[0];
      for (size_t i = at.begin; i < at.end; ++i) {
        const float x = values[keys_[i] >> 1];
        side_[i] = x <= cut ? 0 : x > cut ? 1 : kUnknownSide;
      }
    }
    bool missing = false;
    for (size_t i = at.begin; i < at.end; ++i) {
      known[side_[i]] += weight(i);
      missing = missing || side_[i] == kUnknownSide;
    }
    if (node.unknown < 0 || !options_.missing_branch) node.unknown = known[1] > known[0] ? 1 : 0;
    return missing;
  }

  void settle_unknown(const Pending& at, const RuleNode& node) {
    for (size_t i = at.begin; i < at.end; ++i) {
      if (side_[i] != kUnknownSide) continue;
      int32_t child = -1;
      for (size_t s = 0; child < 0 && s < node.surrogates.size(); ++s) {
        child = node.surrogates[s].route(columns_.values[static_cast<size_t>(node.surrogates[s].feature)][keys_[i] >> 1]);
      }
      side_[i] = static_cast<uint8_t>(child < 0 ? node.unknown : child);
    }
  }

  void split(const Pending& at, std::vector<Pending>& stack) {
    {
      const RuleNode& node = tree_.nodes[at.node];
      if (at.depth >= options_.max_depth || node.weight() < options_.min_split || !(node.good > 0) || !(node.bad > 0)) return;
    }
    const std::vector<Offer> found = over_columns(at.size(), [&](size_t f, ValueCounter& counter) { return offer_of(f, at, counter); });
    size_t best = columns_.width;
    for (size_t f = 0; f < columns_.width; ++f) {
      if (found[f].gain > (best == columns_.width ? 1e-10 : found[best].gain * kMore)) best = f;
    }
    if (best == columns_.width) return;
    RuleNode node = std::move(tree_.nodes[at.node]);
    write_split(node, best, found[best], at);
    if (take_sides(at, node)) {
      if (options_.surrogates > 0 && !options_.missing_branch) find_surrogates(at, node);
      settle_unknown(at, node);
    }
    const size_t middle = part(at);
    Pending children[2] = {{0, at.depth + 1, at.begin, middle}, {0, at.depth + 1, middle, at.end}};
    for (auto& child : children) {
      open(child, static_cast<int32_t>(at.node));
      node.children.push_back(static_cast<int32_t>(child.node));
    }
    tree_.nodes[at.node] = std::move(node);
    stack.push_back(children[1]);
    stack.push_back(children[0]);
  }

  // Stable partition of the node's rows by side_; returns where those of child 1 begin.
  size_t part(const Pending& at) {
    size_t zero = at.begin;
    size_t one = 0;
    for (size_t i = at.begin; i < at.end; ++i) {
      const uint32_t key = keys_[i];
      keys_[zero] = key;
      spare_keys_[one] = key;
      if (!weights_.empty()) {
        const double w = weights_[i];
        weights_[zero] = w;
        spare_weights_[one] = w;
      }
      zero += side_[i] == 0 ? 1U : 0U;
      one += side_[i] == 0 ? 0U : 1U;
    }
    std::copy_n(spare_keys_.begin(), one, keys_.begin() + static_cast<int64_t>(zero));
    if (!weights_.empty()) std::copy_n(spare_weights_.begin(), one, weights_.begin() + static_cast<int64_t>(zero));
    return zero;
  }

  const Columns& columns_;
  const CartOptions& options_;
  const Context& context_;
  double growth_[2];
  std::vector<uint32_t> keys_;   // row * 2 + class; those of a node stand together
  std::vector<double> weights_;  // beside keys_; empty where every weight is 1
  std::vector<uint32_t> spare_keys_;
  std::vector<double> spare_weights_;
  std::vector<uint8_t> side_;  // beside keys_
  std::vector<ValueCounter> counters_;
  RuleTree tree_;
};

}  // namespace

RuleTree grow_cart(const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context) {
  return Grower(columns, rows, options, context).run();
}

void add_surrogates(RuleTree& tree, const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context) {
  Grower(columns, rows, options, context).complete(tree);
}

}  // namespace obligor::tree
