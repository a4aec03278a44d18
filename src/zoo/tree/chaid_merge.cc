#include "zoo/tree/chaid_merge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <boost/math/special_functions/gamma.hpp>

namespace obligor::tree {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double log_choose(size_t n, size_t k) {
  if (k > n) return -kNever;
  return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1);
}

double log_add(double a, double b) {
  const double high = std::max(a, b);
  return high == -kNever ? high : high + std::log1p(std::exp(std::min(a, b) - high));
}

// S(n, k) by its recurrence, in logarithms: the alternating sum of Kass loses all digits from some 25 categories on.
double log_stirling(size_t n, size_t k) {
  std::vector<double> row(k + 1, -kNever);
  row[0] = 0;
  for (size_t i = 1; i <= n; ++i) {
    for (size_t j = std::min(i, k); j > 0; --j) row[j] = log_add(row[j] + std::log(static_cast<double>(j)), row[j - 1]);
    row[0] = -kNever;
  }
  return row[k];
}

Cell operator+(const Cell& a, const Cell& b) { return {a.good + b.good, a.bad + b.bad}; }
double weight(const Cell& cell) { return cell.good + cell.bad; }

struct Group {
  Cell total;
  std::vector<size_t> cells;  // ordinal: ascending
  bool floats = false;        // the floating category alone
};

class Merger {
 public:
  Merger(const std::vector<Cell>& cells, Scale scale, bool floating, const MergeOptions& options)
      : cells_(cells), scale_(scale), floating_(floating), options_(options) {
    for (size_t c = 0; c < cells.size(); ++c) groups_.push_back({cells[c], {c}, floating && c + 1 == cells.size()});
  }

  Grouping run() {
    if (options_.exhaustive) {
      exhaust();
    } else {
      merge();
    }
    lift_small();
    return result();
  }

 private:
  [[nodiscard]] double differ(const Group& a, const Group& b) const { return chi_square({a.total, b.total}, options_.likelihood_ratio); }

  // Ordinal groups stand in order, the floating one last.
  [[nodiscard]] bool may_merge(size_t i, size_t j) const {
    if (scale_ == Scale::kNominal || groups_[i].floats || groups_[j].floats) return true;
    return i + 1 == j || j + 1 == i;
  }

  // The two groups that differ least: a chi-square, infinite when no two may merge.
  double least(size_t& first, size_t& second) const {
    double best = kNever;
    for (size_t i = 0; i < groups_.size(); ++i) {
      for (size_t j = i + 1; j < groups_.size(); ++j) {
        if (!may_merge(i, j)) continue;
        const double found = differ(groups_[i], groups_[j]);
        if (found < best) {
          best = found;
          first = i;
          second = j;
        }
      }
    }
    return best;
  }

  // The second group joins the first, which stays in its place.
  void join(size_t first, size_t second) {
    Group& into = groups_[first];
    const Group& from = groups_[second];
    into.total = into.total + from.total;
    into.floats = false;
    into.cells.insert(into.cells.end(), from.cells.begin(), from.cells.end());
    std::sort(into.cells.begin(), into.cells.end());
    groups_.erase(groups_.begin() + static_cast<int64_t>(second));
  }

  void merge() {
    size_t first = 0;
    size_t second = 0;
    // Each round lowers the number of groups or, by parting, makes a pair that is not merged again; the count bounds what rounding could do.
    for (size_t round = 0; groups_.size() > 1 && round < 4 * cells_.size() + 8; ++round) {
      const double difference = least(first, second);
      if (difference == kNever || log_chi_square_tail(difference, 1) <= std::log(options_.alpha_merge)) return;
      join(first, second);
      if (options_.alpha_split_merged > 0 && groups_[first].cells.size() >= 3) part(first);
    }
  }

  void exhaust() {
    std::vector<Group> best = groups_;
    double best_log_p = kNever;
    while (groups_.size() > 1) {
      const double found = log_chi_square_tail(table_chi_square(), static_cast<int>(groups_.size()) - 1);
      if (found < best_log_p) {
        best_log_p = found;
        best = groups_;
      }
      size_t first = 0;
      size_t second = 0;
      if (groups_.size() == 2 || least(first, second) == kNever) break;
      join(first, second);
    }
    groups_ = std::move(best);
  }

  // Parts a compound group in the two parts that differ most, if they do so significantly.
  void part(size_t at) {
    std::vector<size_t> order = groups_[at].cells;
    const bool has_floating = floating_ && order.back() + 1 == cells_.size();
    std::vector<std::vector<size_t>> candidates;  // the first part of each
    const auto prefixes = [&](const std::vector<size_t>& ordered, bool with_floating) {
      for (size_t k = 1; k < ordered.size() + (with_floating ? 1 : 0); ++k) {
        if (k > ordered.size()) break;
        candidates.emplace_back(ordered.begin(), ordered.begin() + static_cast<int64_t>(k));
      }
    };
    if (scale_ == Scale::kNominal) {
      // For two classes the best subset is a prefix in the order of the bad rate.
      std::stable_sort(order.begin(), order.end(),
                       [&](size_t a, size_t b) { return cells_[a].bad * cells_[b].good < cells_[b].bad * cells_[a].good; });
      prefixes(order, false);
    } else {
      std::vector<size_t> known = order;
      if (has_floating) known.pop_back();
      prefixes(known, has_floating);  // the floating category in the second part; alone there at the end
      const size_t plain = candidates.size();
      for (size_t k = 0; has_floating && k < plain; ++k) {
        if (candidates[k].size() == known.size()) continue;
        candidates.push_back(candidates[k]);
        candidates.back().push_back(cells_.size() - 1);
      }
    }
    double best = 0;
    const std::vector<size_t>* chosen = nullptr;
    for (const auto& candidate : candidates) {
      Cell inside;
      for (const size_t c : candidate) inside = inside + cells_[c];
      const Cell outside{groups_[at].total.good - inside.good, groups_[at].total.bad - inside.bad};
      const double found = chi_square({inside, outside}, options_.likelihood_ratio);
      if (found > best) {
        best = found;
        chosen = &candidate;
      }
    }
    if (chosen == nullptr || log_chi_square_tail(best, 1) > std::log(std::min(options_.alpha_split_merged, options_.alpha_merge))) return;
    Group parts[2];
    for (const size_t c : groups_[at].cells) {
      Group& to = parts[std::find(chosen->begin(), chosen->end(), c) != chosen->end() ? 0 : 1];
      to.total = to.total + cells_[c];
      to.cells.push_back(c);
    }
    for (Group& to : parts) to.floats = floating_ && to.cells.size() == 1 && to.cells[0] + 1 == cells_.size();
    groups_[at] = std::move(parts[0]);
    groups_.insert(groups_.begin() + static_cast<int64_t>(at) + 1, std::move(parts[1]));
    if (groups_[at + 1].floats)
      std::rotate(groups_.begin() + static_cast<int64_t>(at) + 1, groups_.begin() + static_cast<int64_t>(at) + 2, groups_.end());
  }

  void lift_small() {
    while (groups_.size() > 1) {
      const auto light = static_cast<size_t>(
          std::min_element(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return weight(a.total) < weight(b.total); }) -
          groups_.begin());
      if (weight(groups_[light].total) >= options_.min_leaf) return;
      double best = kNever;
      size_t other = groups_.size();
      for (size_t j = 0; j < groups_.size(); ++j) {
        if (j == light || !may_merge(light, j)) continue;
        const double found = differ(groups_[light], groups_[j]);
        if (found < best) {
          best = found;
          other = j;
        }
      }
      if (other == groups_.size()) return;
      // The floating category stands last; an ordinal group keeps its place.
      join(std::min(light, other), std::max(light, other));
    }
  }

  [[nodiscard]] double table_chi_square() const {
    std::vector<Cell> table;
    table.reserve(groups_.size());
    for (const Group& group : groups_) table.push_back(group.total);
    return chi_square(table, options_.likelihood_ratio);
  }

  [[nodiscard]] Grouping result() const {
    Grouping grouping;
    for (const Group& group : groups_) grouping.groups.push_back(group.cells);
    grouping.degrees = static_cast<int>(groups_.size()) - 1;
    if (groups_.size() < 2) return grouping;
    grouping.chi_square = table_chi_square();
    grouping.log_p_raw = log_chi_square_tail(grouping.chi_square, grouping.degrees);
    grouping.log_p = grouping.log_p_raw;
    if (!options_.adjust) return grouping;
    const size_t c = cells_.size();
    double multiplier = 0;
    if (options_.exhaustive) {
      const auto x = static_cast<double>(c);
      multiplier = std::log(scale_ == Scale::kNominal ? x * (x * x - 1) / 6 : floating_ ? (x - 1) * (x - 1) : x * (x - 1) / 2);
    } else {
      multiplier = log_groupings(c, groups_.size(), scale_, floating_);
    }
    grouping.log_p = std::min(0.0, grouping.log_p_raw + multiplier);
    return grouping;
  }

  const std::vector<Cell>& cells_;
  Scale scale_;
  bool floating_;
  const MergeOptions& options_;
  std::vector<Group> groups_;
};

}  // namespace

double chi_square(const std::vector<Cell>& table, bool likelihood_ratio) {
  double good = 0;
  double bad = 0;
  for (const Cell& cell : table) {
    good += cell.good;
    bad += cell.bad;
  }
  const double total = good + bad;
  double sum = 0;
  for (const Cell& cell : table) {
    const double row = weight(cell);
    for (const auto& [seen, column] : {std::pair{cell.good, good}, std::pair{cell.bad, bad}}) {
      const double expected = row * column / total;
      if (!(expected > 0)) continue;
      if (likelihood_ratio) sum += seen > 0 ? 2 * seen * std::log(seen / expected) : 0;
      else sum += (seen - expected) * (seen - expected) / expected;
    }
  }
  return std::max(0.0, sum);
}

double log_chi_square_tail(double x, int degrees) {
  if (!(x > 0) || degrees < 1) return 0;
  const double a = degrees / 2.0;
  const double half = x / 2;
  // Past some 1e-300 the tail's first two terms are exact to five digits.
  if (half > 650) return (a - 1) * std::log(half) - half - std::lgamma(a) + std::log1p((a - 1) / half);
  return std::log(boost::math::gamma_q(a, half));
}

double log_groupings(size_t categories, size_t groups, Scale scale, bool floating) {
  if (groups < 2) return 0;
  if (scale == Scale::kNominal) return log_stirling(categories, groups);
  if (!floating) return log_choose(categories - 1, groups - 1);
  return log_add(log_choose(categories - 2, groups - 2), std::log(static_cast<double>(groups)) + log_choose(categories - 2, groups - 1));
}

Grouping merge_categories(const std::vector<Cell>& cells, Scale scale, bool floating, const MergeOptions& options) {
  return Merger(cells, scale, floating, options).run();
}

}  // namespace obligor::tree
