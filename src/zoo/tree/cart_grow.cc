#include "zoo/tree/cart_grow.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/parallel.h"

namespace obligor::tree {
namespace {

struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  [[nodiscard]] uint32_t size() const { return end - begin; }
};

struct Entry {
  float value;
  uint32_t row;
};

struct Candidate {
  double gain = 0;
  double agreement = 0;
  Branch branch;
};

struct Pending {
  size_t node = 0;
  int depth = 0;
  Range rows;
  std::vector<Range> known;  // by number column: its sorted rows
};

// Weighted impurity of a pair of class weights.
double impurity(Impurity kind, double good, double bad) {
  const double total = good + bad;
  if (!(total > 0)) return 0;
  if (kind == Impurity::kGini) return 2 * good * bad / total;
  const auto term = [&](double w) { return w > 0 ? -w * std::log(w / total) : 0.0; };
  return term(good) + term(bad);
}

class Grower {
 public:
  Grower(const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context)
      : columns_(columns), options_(options), context_(context), rows_(rows.begin(), rows.end()) {
    side_.assign(columns.rows, 0);
    scratch_rows_.resize(rows.size());
    sorted_.resize(columns.width);
    for (int c = 0; c < 2; ++c) growth_[c] = options.growth[c];
    parallel_for(context, columns.width, [&](size_t f) {
      if (columns.category[f] != 0) return;
      auto& sorted = sorted_[f];
      sorted.reserve(rows.size());
      const auto& values = columns.values[f];
      for (const uint32_t row : rows_) {
        if (!std::isnan(values[row])) sorted.push_back({values[row], row});
      }
      std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) { return a.value < b.value; });
    });
  }

  RuleTree run() {
    Pending root;
    root.rows = {0, static_cast<uint32_t>(rows_.size())};
    for (const auto& sorted : sorted_) root.known.push_back({0, static_cast<uint32_t>(sorted.size())});
    open(root, -1);
    root_share_ = share(tree_.nodes[0]);
    std::vector<Pending> stack;
    stack.push_back(std::move(root));
    while (!stack.empty()) {
      context_.check_cancelled();
      Pending at = std::move(stack.back());
      stack.pop_back();
      split(std::move(at), stack);
    }
    for (RuleNode& node : tree_.nodes) node.value = value(node);
    return std::move(tree_);
  }

 private:
  [[nodiscard]] double share(const RuleNode& node) const {
    const double bad = node.bad * options_.prior[1];
    const double total = bad + node.good * options_.prior[0];
    return total > 0 ? bad / total : 0;
  }
  [[nodiscard]] double value(const RuleNode& node) const {
    const double bad = node.bad * options_.prior[1];
    const double total = bad + node.good * options_.prior[0];
    return (bad + options_.value_prior * root_share_) / (total + options_.value_prior);
  }

  void open(Pending& pending, int32_t parent) {
    pending.node = tree_.nodes.size();
    RuleNode& node = tree_.nodes.emplace_back();
    node.parent = parent;
    for (uint32_t i = pending.rows.begin; i < pending.rows.end; ++i) {
      (columns_.target[rows_[i]] != 0 ? node.bad : node.good) += columns_.weight[rows_[i]];
    }
  }

  // The gain of parting known rows with class weights `total` (raw) into `left` and the rest; negative when a child is too light.
  [[nodiscard]] double gain(const double (&left)[2], const double (&total)[2], double before) const {
    const double right[2] = {total[0] - left[0], total[1] - left[1]};
    if (left[0] + left[1] < options_.min_leaf || right[0] + right[1] < options_.min_leaf) return -1;
    return before - impurity(options_.impurity, left[0] * growth_[0], left[1] * growth_[1]) -
           impurity(options_.impurity, right[0] * growth_[0], right[1] * growth_[1]);
  }

  [[nodiscard]] Candidate best_number(size_t f, Range range) const {
    const Entry* entries = sorted_[f].data();
    Candidate best;
    best.branch.feature = static_cast<int32_t>(f);
    if (range.size() < 2 || !(entries[range.begin].value < entries[range.end - 1].value)) return best;
    double total[2] = {0, 0};
    for (uint32_t i = range.begin; i < range.end; ++i) total[columns_.target[entries[i].row]] += columns_.weight[entries[i].row];
    const double before = impurity(options_.impurity, total[0] * growth_[0], total[1] * growth_[1]);
    double left[2] = {0, 0};
    uint32_t cut = 0;
    for (uint32_t i = range.begin; i + 1 < range.end; ++i) {
      left[columns_.target[entries[i].row]] += columns_.weight[entries[i].row];
      if (!(entries[i].value < entries[i + 1].value)) continue;
      const double found = gain(left, total, before);
      if (found > best.gain * (1 + 1e-12)) {
        best.gain = found;
        cut = i;
      }
    }
    if (best.gain > 0) {
      best.branch.cuts = {middle(entries[cut].value, entries[cut + 1].value)};
      best.branch.child_of = {0, 1};
    }
    return best;
  }

  [[nodiscard]] Candidate best_category(size_t f, Range range) const {
    Candidate best;
    best.branch.feature = static_cast<int32_t>(f);
    best.branch.category = true;
    const auto& values = columns_.values[f];
    std::vector<std::pair<double, double>> level(columns_.levels[f], {0, 0});
    double total[2] = {0, 0};
    for (uint32_t i = range.begin; i < range.end; ++i) {
      const uint32_t row = rows_[i];
      if (std::isnan(values[row])) continue;
      auto& [good, bad] = level[static_cast<size_t>(values[row])];
      (columns_.target[row] != 0 ? bad : good) += columns_.weight[row];
      total[columns_.target[row]] += columns_.weight[row];
    }
    std::vector<size_t> order;
    for (size_t code = 0; code < level.size(); ++code) {
      if (level[code].first + level[code].second > 0) order.push_back(code);
    }
    if (order.size() < 2) return best;
    // By bad share: b_i / (g_i + b_i) < b_j / (g_j + b_j) exactly when b_i g_j < b_j g_i.
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t i, size_t j) { return level[i].second * level[j].first < level[j].second * level[i].first; });
    const double before = impurity(options_.impurity, total[0] * growth_[0], total[1] * growth_[1]);
    double left[2] = {0, 0};
    size_t cut = 0;
    for (size_t i = 0; i + 1 < order.size(); ++i) {
      left[0] += level[order[i]].first;
      left[1] += level[order[i]].second;
      const double found = gain(left, total, before);
      if (found > best.gain * (1 + 1e-12)) {
        best.gain = found;
        cut = i;
      }
    }
    if (best.gain > 0) {
      best.branch.child_of.assign(level.size(), -1);
      for (size_t i = 0; i < order.size(); ++i) best.branch.child_of[order[i]] = i <= cut ? 0 : 1;
    }
    return best;
  }

  // side_[row]: 0 or 1 where the primary split knows the row, 2 where it does not.
  [[nodiscard]] Candidate imitate_number(size_t f, Range range) const {
    const Entry* entries = sorted_[f].data();
    Candidate best;
    best.branch.feature = static_cast<int32_t>(f);
    double total[3] = {0, 0, 0};
    for (uint32_t i = range.begin; i < range.end; ++i) total[side_[entries[i].row]] += columns_.weight[entries[i].row];
    const double baseline = std::max(total[0], total[1]);
    best.agreement = baseline * (1 + 1e-12);
    double left[3] = {0, 0, 0};
    const Entry* last = nullptr;
    for (uint32_t i = range.begin; i < range.end; ++i) {
      const uint8_t side = side_[entries[i].row];
      if (side == 2) continue;
      if (last != nullptr && last->value < entries[i].value) {
        const double straight = left[0] + total[1] - left[1];
        const double turned = left[1] + total[0] - left[0];
        if (std::max(straight, turned) > best.agreement) {
          best.agreement = std::max(straight, turned);
          best.branch.cuts = {middle(last->value, entries[i].value)};
          best.branch.child_of = straight >= turned ? std::vector<int32_t>{0, 1} : std::vector<int32_t>{1, 0};
        }
      }
      left[side] += columns_.weight[entries[i].row];
      last = &entries[i];
    }
    finish(best, total);
    return best;
  }

  [[nodiscard]] Candidate imitate_category(size_t f, Range range) const {
    Candidate best;
    best.branch.feature = static_cast<int32_t>(f);
    best.branch.category = true;
    const auto& values = columns_.values[f];
    std::vector<std::pair<double, double>> level(columns_.levels[f], {0, 0});
    double total[3] = {0, 0, 0};
    for (uint32_t i = range.begin; i < range.end; ++i) {
      const uint32_t row = rows_[i];
      if (std::isnan(values[row]) || side_[row] == 2) continue;
      auto& [zero, one] = level[static_cast<size_t>(values[row])];
      (side_[row] == 0 ? zero : one) += columns_.weight[row];
      total[side_[row]] += columns_.weight[row];
    }
    best.branch.child_of.assign(level.size(), -1);
    for (size_t code = 0; code < level.size(); ++code) {
      const auto [zero, one] = level[code];
      if (zero + one > 0) best.branch.child_of[code] = one > zero ? 1 : 0;
      best.agreement += std::max(zero, one);
    }
    if (best.agreement <= std::max(total[0], total[1]) * (1 + 1e-12)) best.branch.child_of.clear();
    finish(best, total);
    return best;
  }

  // Predictive association: how much fewer rows go astray than when all go to the heavier child (equation 5.1 of the book's section 5.3.1).
  static void finish(Candidate& candidate, const double (&total)[3]) {
    const double lesser = std::min(total[0], total[1]);
    candidate.gain = candidate.branch.child_of.empty() || !(lesser > 0) ? 0 : (lesser - (total[0] + total[1] - candidate.agreement)) / lesser;
  }

  template <typename Search>
  std::vector<Candidate> over_columns(uint32_t rows, const Search& search) const {
    std::vector<Candidate> found(columns_.width);
    const auto one = [&](size_t f) { found[f] = search(f); };
    if (static_cast<size_t>(rows) * columns_.width > 100'000) {
      parallel_for(context_, columns_.width, one);
    } else {
      for (size_t f = 0; f < columns_.width; ++f) one(f);
    }
    return found;
  }

  void find_surrogates(const Pending& at, RuleNode& node) {
    const auto primary = static_cast<size_t>(node.split.feature);
    std::vector<Candidate> found = over_columns(at.rows.size(), [&](size_t f) {
      if (f == primary) return Candidate{};
      return columns_.category[f] != 0 ? imitate_category(f, at.rows) : imitate_number(f, at.known[f]);
    });
    std::erase_if(found, [](const Candidate& candidate) { return !(candidate.gain > 0); });
    std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.gain > b.gain; });
    if (found.size() > options_.surrogates) found.resize(options_.surrogates);
    for (Candidate& candidate : found) node.surrogates.push_back(std::move(candidate.branch));
  }

  void split(Pending at, std::vector<Pending>& stack) {
    {
      const RuleNode& node = tree_.nodes[at.node];
      if (at.depth >= options_.max_depth || node.weight() < options_.min_split || !(node.good > 0) || !(node.bad > 0)) return;
    }
    const std::vector<Candidate> found =
        over_columns(at.rows.size(), [&](size_t f) { return columns_.category[f] != 0 ? best_category(f, at.rows) : best_number(f, at.known[f]); });
    const Candidate* best = nullptr;
    for (const Candidate& candidate : found) {
      if (candidate.gain > (best == nullptr ? 1e-10 : best->gain * (1 + 1e-12))) best = &candidate;
    }
    if (best == nullptr) return;
    RuleNode node = std::move(tree_.nodes[at.node]);
    node.split = best->branch;
    node.gain = best->gain;
    const auto& values = columns_.values[static_cast<size_t>(node.split.feature)];
    double known[2] = {0, 0};
    bool missing = false;
    for (uint32_t i = at.rows.begin; i < at.rows.end; ++i) {
      const uint32_t row = rows_[i];
      const int32_t child = node.split.route(values[row]);
      side_[row] = child < 0 ? 2 : static_cast<uint8_t>(child);
      if (child < 0) missing = true;
      else known[child] += columns_.weight[row];
    }
    node.unknown = known[1] > known[0] ? 1 : 0;
    if (options_.surrogates > 0 && (missing || options_.all_surrogates)) find_surrogates(at, node);
    if (missing) {
      for (uint32_t i = at.rows.begin; i < at.rows.end; ++i) {
        const uint32_t row = rows_[i];
        if (side_[row] != 2) continue;
        int32_t child = -1;
        for (size_t s = 0; child < 0 && s < node.surrogates.size(); ++s) {
          child = node.surrogates[s].route(columns_.values[static_cast<size_t>(node.surrogates[s].feature)][row]);
        }
        side_[row] = static_cast<uint8_t>(child < 0 ? node.unknown : child);
      }
    }
    Pending children[2];
    part(at, children);
    for (auto& child : children) {
      child.depth = at.depth + 1;
      open(child, static_cast<int32_t>(at.node));
      node.children.push_back(static_cast<int32_t>(child.node));
    }
    tree_.nodes[at.node] = std::move(node);
    stack.push_back(std::move(children[1]));
    stack.push_back(std::move(children[0]));
  }

  // Stable partition of every list of the node by side_.
  void part(const Pending& at, Pending (&children)[2]) {
    uint32_t middle_row = at.rows.begin;
    uint32_t spare = 0;
    for (uint32_t i = at.rows.begin; i < at.rows.end; ++i) {
      const uint32_t row = rows_[i];
      if (side_[row] == 0) rows_[middle_row++] = row;
      else scratch_rows_[spare++] = row;
    }
    std::copy_n(scratch_rows_.begin(), spare, rows_.begin() + middle_row);
    children[0].rows = {at.rows.begin, middle_row};
    children[1].rows = {middle_row, at.rows.end};
    for (auto& child : children) child.known.resize(columns_.width);
    const auto one = [&](size_t f) {
      const Range range = at.known[f];
      Entry* entries = sorted_[f].data();
      std::vector<Entry> right;
      right.reserve(range.size());
      uint32_t cut = range.begin;
      for (uint32_t i = range.begin; i < range.end; ++i) {
        const Entry entry = entries[i];
        if (side_[entry.row] == 0) entries[cut++] = entry;
        else right.push_back(entry);
      }
      std::copy(right.begin(), right.end(), entries + cut);
      children[0].known[f] = {range.begin, cut};
      children[1].known[f] = {cut, range.end};
    };
    if (static_cast<size_t>(at.rows.size()) * columns_.width > 100'000) {
      parallel_for(context_, columns_.width, one);
    } else {
      for (size_t f = 0; f < columns_.width; ++f) one(f);
    }
  }

  const Columns& columns_;
  const CartOptions& options_;
  const Context& context_;
  double growth_[2] = {1, 1};
  double root_share_ = 0;
  std::vector<uint32_t> rows_;  // those of a node stand together
  std::vector<uint32_t> scratch_rows_;
  std::vector<std::vector<Entry>> sorted_;  // by number column; those of a node stand together, in order of value
  std::vector<uint8_t> side_;
  RuleTree tree_;
};

}  // namespace

RuleTree grow_cart(const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context) {
  return Grower(columns, rows, options, context).run();
}

}  // namespace obligor::tree
