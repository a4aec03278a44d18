#include "prep/binning/solver.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace obligor::binning {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// Where the bin before stands in the order of rates.
enum class Side { kAny, kBelow, kAbove };

struct Step {
  int from = 0;  // phase
  int to = 0;
  Side side = Side::kAny;
};

std::vector<Step> steps_of(Shape shape) {
  switch (shape) {
    case Shape::kFree: return {{0, 0, Side::kAny}};
    case Shape::kUp: return {{0, 0, Side::kBelow}};
    case Shape::kDown: return {{0, 0, Side::kAbove}};
    case Shape::kPeak: return {{0, 0, Side::kBelow}, {0, 1, Side::kAbove}, {1, 1, Side::kAbove}};
    case Shape::kValley: return {{0, 0, Side::kAbove}, {0, 1, Side::kBelow}, {1, 1, Side::kBelow}};
  }
  return {};
}

struct Best {
  double value = kNever;
  int32_t bin = -1;  // start of the bin before
  int32_t phase = 0;
  void offer(double v, int32_t h, int32_t p) {
    if (v > value) {
      value = v;
      bin = h;
      phase = p;
    }
  }
};

struct Parent {
  int32_t start = -1;
  int32_t phase = 0;
};

}  // namespace

// Of the bins [h, i): their starts by rising rate, and for each bin [i, j) how many are low enough and from where on high enough.
struct Search::Ending {
  std::vector<uint32_t> starts;
  std::vector<uint32_t> below;  // by j
  std::vector<uint32_t> above;
};

Search::Search(const Problem& problem) : problem_(problem), n_(problem.cells.size()) {
  before_.resize(n_ + 1);
  for (size_t i = 0; i < n_; ++i) {
    before_[i + 1] = before_[i];
    before_[i + 1].add(problem.cells[i]);
  }
  // Rates are compared up to what the sums have lost to rounding.
  const double scale = problem.totals.continuous ? std::sqrt(problem.totals.sum_of_squares / problem.totals.count) : 1.0;
  tolerance_ = 1e-12 * scale;
  const size_t size = (n_ + 1) * (n_ + 1);
  gain_.assign(size, 0);
  rate_.assign(size, 0);
  fits_.assign(size, 0);
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = i + 1; j <= n_; ++j) {
      const Cell c = cell(i, j);
      if (!fits(c, i, j)) continue;
      fits_[at(i, j)] = 1;
      rate_[at(i, j)] = c.sum / c.count;
      gain_[at(i, j)] = gain(problem.divergence, c, problem.totals);
    }
  }
  order_endings();
}

Search::~Search() = default;

Cell Search::cell(size_t i, size_t j) const {
  const Cell& a = before_[i];
  const Cell& b = before_[j];
  return {b.rows - a.rows, b.count - a.count, b.events - a.events, b.sum - a.sum, b.square - a.square};
}

bool Search::fits(const Cell& c, size_t i, size_t j) const {
  const Limits& limits = problem_.limits;
  const double slack = 1e-9 * problem_.totals.count;
  if (c.count <= 0 || c.count < limits.min_count - slack) return false;
  if (limits.max_count > 0 && c.count > limits.max_count + slack) return false;
  if (!problem_.totals.continuous && (c.events < limits.min_events - slack || c.count - c.events < limits.min_non_events - slack)) return false;
  if (!problem_.fixed.empty()) {
    for (size_t k = i + 1; k < j; ++k) {
      if (problem_.fixed[k] != 0) return false;
    }
  }
  return true;
}

bool Search::apart(size_t h, size_t i, size_t j) const {
  const Cell a = cell(h, i);
  const Cell b = cell(i, j);
  return (problem_.totals.continuous ? mean_p_value(a, b) : rate_p_value(a, b)) <= problem_.limits.max_p_value;
}

void Search::order_endings() {
  const double difference = problem_.limits.min_difference - tolerance_;
  endings_.resize(n_ + 1);
  std::vector<double> rates;
  for (size_t i = 1; i < n_; ++i) {
    Ending& ending = endings_[i];
    for (size_t h = 0; h < i; ++h) {
      if (fits_[at(h, i)] != 0) ending.starts.push_back(static_cast<uint32_t>(h));
    }
    const auto rate = [&](uint32_t h) { return rate_[at(h, i)]; };
    std::stable_sort(ending.starts.begin(), ending.starts.end(), [&](uint32_t a, uint32_t b) { return rate(a) < rate(b); });
    rates.clear();
    for (const uint32_t h : ending.starts) rates.push_back(rate(h));
    ending.below.assign(n_ + 1, 0);
    ending.above.assign(n_ + 1, 0);
    for (size_t j = i + 1; j <= n_; ++j) {
      if (fits_[at(i, j)] == 0) continue;
      const double own = rate_[at(i, j)];
      ending.below[j] = static_cast<uint32_t>(std::upper_bound(rates.begin(), rates.end(), own - difference) - rates.begin());
      ending.above[j] = static_cast<uint32_t>(std::lower_bound(rates.begin(), rates.end(), own + difference) - rates.begin());
    }
  }
}

// The values of the bins that end at one boundary, ready to be asked for the best of a range of rates.
struct Search::Layer {
  const Search& search;
  bool by_p;
  size_t i = 0;
  std::vector<Best> up_to;       // best of the first k
  std::vector<Best> from;        // best of those from k on
  std::vector<uint32_t> ranked;  // positions by falling value; for the p-value

  explicit Layer(const Search& s) : search(s), by_p(s.problem_.limits.max_p_value < 1) {}

  void prepare(size_t boundary, const std::vector<double>& value, int phase) {
    i = boundary;
    const auto& starts = search.endings_[i].starts;
    const size_t m = starts.size();
    const auto worth = [&](size_t k) { return value[search.at(starts[k], i)]; };
    if (by_p) {
      ranked.clear();
      for (uint32_t k = 0; k < m; ++k) {
        if (worth(k) > kNever) ranked.push_back(k);
      }
      std::stable_sort(ranked.begin(), ranked.end(), [&](uint32_t a, uint32_t b) { return worth(a) > worth(b); });
      return;
    }
    up_to.resize(m + 1);
    from.resize(m + 1);
    Best best;
    up_to[0] = best;
    for (size_t k = 0; k < m; ++k) {
      best.offer(worth(k), static_cast<int32_t>(starts[k]), phase);
      up_to[k + 1] = best;
    }
    best = {};
    from[m] = best;
    for (size_t k = m; k-- > 0;) {
      best.offer(worth(k), static_cast<int32_t>(starts[k]), phase);
      from[k] = best;
    }
  }

  // `value` is what the layer was made from.
  void ask(size_t j, Side side, const std::vector<double>& value, int phase, Best& best) const {
    const Ending& ending = search.endings_[i];
    const size_t below = ending.below[j];
    const size_t above = ending.above[j];
    if (!by_p) {
      if (side == Side::kAny && search.problem_.limits.min_difference <= 0) {
        merge(best, from[0]);
        return;
      }
      if (side != Side::kAbove) merge(best, up_to[below]);
      if (side != Side::kBelow) merge(best, from[above]);
      return;
    }
    for (const uint32_t k : ranked) {
      const uint32_t h = ending.starts[k];
      if (value[search.at(h, i)] <= best.value) return;
      const bool low = k < below;
      const bool high = k >= above;
      const bool placed = side == Side::kAny ? low || high : (side == Side::kBelow ? low : high);
      if (!placed || !search.apart(h, i, j)) continue;
      best.offer(value[search.at(h, i)], static_cast<int32_t>(h), phase);
      return;
    }
  }
  static void merge(Best& best, const Best& other) { best.offer(other.value, other.bin, other.phase); }
};

Solution Search::solve(Shape shape) const {
  Solution solution;
  const Limits& limits = problem_.limits;
  if (n_ == 0) {
    solution.found = limits.min_bins <= 0;
    return solution;
  }
  const auto steps = steps_of(shape);
  const int phases = shape == Shape::kPeak || shape == Shape::kValley ? 2 : 1;
  // Without a limit that bites, the number of bins is not tracked: one layer that reads itself, in order of the boundary.
  const int most = limits.max_bins > 0 ? std::min(limits.max_bins, static_cast<int>(n_)) : static_cast<int>(n_);
  const bool counted = limits.min_bins > 1 || most < static_cast<int>(n_);
  const int layers = counted ? most : 1;
  const size_t size = (n_ + 1) * (n_ + 1);

  using Phases = std::vector<std::vector<double>>;
  std::vector<std::vector<std::vector<Parent>>> parents(static_cast<size_t>(layers));
  Phases previous;
  std::vector<Layer> asked(static_cast<size_t>(phases), Layer(*this));
  Best best;
  int best_layer = -1;
  int32_t best_phase = 0;
  for (int b = 0; b < layers; ++b) {
    Phases value(static_cast<size_t>(phases), std::vector<double>(size, kNever));
    auto& parent = parents[static_cast<size_t>(b)];
    parent.assign(static_cast<size_t>(phases), std::vector<Parent>(size));
    if (b == 0) {
      for (size_t j = 1; j <= n_; ++j) {
        if (fits_[at(0, j)] != 0) value[0][at(0, j)] = gain_[at(0, j)];
      }
    }
    if (b > 0 || !counted) {
      const Phases& source = counted ? previous : value;
      for (size_t i = 1; i < n_; ++i) {
        if (endings_[i].starts.empty()) continue;
        for (int p = 0; p < phases; ++p) asked[static_cast<size_t>(p)].prepare(i, source[static_cast<size_t>(p)], p);
        for (size_t j = i + 1; j <= n_; ++j) {
          if (fits_[at(i, j)] == 0) continue;
          for (int to = 0; to < phases; ++to) {
            Best found;
            for (const Step& step : steps) {
              if (step.to != to) continue;
              const auto from = static_cast<size_t>(step.from);
              asked[from].ask(j, step.side, source[from], step.from, found);
            }
            if (found.bin < 0) continue;
            value[static_cast<size_t>(to)][at(i, j)] = found.value + gain_[at(i, j)];
            parent[static_cast<size_t>(to)][at(i, j)] = {found.bin, found.phase};
          }
        }
      }
    }
    if (b + 1 >= limits.min_bins || !counted) {
      for (int p = 0; p < phases; ++p) {
        for (size_t i = 0; i < n_; ++i) {
          const double v = value[static_cast<size_t>(p)][at(i, n_)];
          // More bins must be worth more than rounding.
          if (v > best.value + 1e-12 * (1 + std::fabs(v))) {
            best.offer(v, static_cast<int32_t>(i), p);
            best_layer = b;
            best_phase = p;
          }
        }
      }
    }
    previous = std::move(value);
  }
  if (best_layer < 0) return solution;
  solution.found = true;
  solution.value = best.value;
  size_t j = n_;
  auto i = static_cast<size_t>(best.bin);
  int32_t phase = best_phase;
  for (int b = best_layer;; b -= counted ? 1 : 0) {
    solution.ends.push_back(static_cast<uint32_t>(j));
    if (i == 0) break;
    const Parent p = parents[static_cast<size_t>(b)][static_cast<size_t>(phase)][at(i, j)];
    j = i;
    i = static_cast<size_t>(p.start);
    phase = p.phase;
  }
  std::reverse(solution.ends.begin(), solution.ends.end());
  return solution;
}

std::vector<std::string> conflict(const Problem& problem, Shape shape) {
  struct Constraint {
    std::string text;
    std::function<void(Problem&, Shape&)> drop;
  };
  const Limits& l = problem.limits;
  const double total = problem.totals.count;
  std::vector<Constraint> all;
  const auto name = [](Shape s) {
    constexpr const char* kNames[] = {"none", "ascending", "descending", "peak", "valley"};
    return kNames[static_cast<size_t>(s)];
  };
  if (shape != Shape::kFree) all.push_back({fmt::format("trend {}", name(shape)), [](Problem&, Shape& s) { s = Shape::kFree; }});
  if (l.max_p_value < 1) all.push_back({fmt::format("max_p_value {:g}", l.max_p_value), [](Problem& p, Shape&) { p.limits.max_p_value = 1; }});
  if (l.min_difference > 0) {
    all.push_back({fmt::format("min_difference {:g}", l.min_difference), [](Problem& p, Shape&) { p.limits.min_difference = 0; }});
  }
  if (l.min_non_events > 0) {
    all.push_back({fmt::format("min_non_events {:g}", l.min_non_events), [](Problem& p, Shape&) { p.limits.min_non_events = 0; }});
  }
  if (l.min_events > 0) all.push_back({fmt::format("min_events {:g}", l.min_events), [](Problem& p, Shape&) { p.limits.min_events = 0; }});
  if (l.min_count > 0) {
    all.push_back({fmt::format("min_share {:g}", l.min_count / total), [](Problem& p, Shape&) { p.limits.min_count = 0; }});
  }
  if (l.max_count > 0) {
    all.push_back({fmt::format("max_share {:g}", l.max_count / total), [](Problem& p, Shape&) { p.limits.max_count = 0; }});
  }
  if (l.max_bins > 0) all.push_back({fmt::format("max_bins {}", l.max_bins), [](Problem& p, Shape&) { p.limits.max_bins = 0; }});
  if (l.min_bins > 1) all.push_back({fmt::format("min_bins {}", l.min_bins), [](Problem& p, Shape&) { p.limits.min_bins = 1; }});
  if (std::find(problem.fixed.begin(), problem.fixed.end(), 1) != problem.fixed.end()) {
    all.push_back({"the fixed splits", [](Problem& p, Shape&) { p.fixed.clear(); }});
  }
  Problem left = problem;
  Shape left_shape = shape;
  if (Search(left).solve(left_shape).found) return {};
  // Deletion filter: what can go without letting a partition in, goes; the rest is a minimal conflict.
  std::vector<std::string> kept;
  for (const auto& constraint : all) {
    Problem fewer = left;
    Shape fewer_shape = left_shape;
    constraint.drop(fewer, fewer_shape);
    if (Search(fewer).solve(fewer_shape).found) {
      kept.push_back(constraint.text);
    } else {
      left = std::move(fewer);
      left_shape = fewer_shape;
    }
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace obligor::binning
