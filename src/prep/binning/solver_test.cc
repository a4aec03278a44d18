#include "prep/binning/solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/random.h"

namespace obligor::binning {
namespace {

struct Made {
  Problem problem;
  Shape shape = Shape::kFree;
  std::string text;
};

// Cells of random counts; rates in steps so that equal rates occur; every constraint on or off by the bits of `mask`.
Made make(Random& random, uint64_t mask, bool continuous) {
  Made made;
  Problem& p = made.problem;
  const size_t n = 2 + random.below(8);
  Cell all;
  for (size_t k = 0; k < n; ++k) {
    Cell c;
    const double unit = random.below(4) == 0 ? 0.25 + random.uniform() : 1;  // some weighted
    c.rows = static_cast<double>(4 + random.below(40));
    c.count = c.rows * unit;
    if (continuous) {
      for (int r = 0; r < static_cast<int>(c.rows); ++r) {
        const double y = 3 * random.normal() + static_cast<double>(random.below(4));
        c.events += unit * y;
        c.square += unit * y * y;
      }
    } else {
      c.events = unit * static_cast<double>(random.below(static_cast<uint64_t>(c.rows) + 1));
      c.square = c.events;
    }
    c.sum = c.events;
    all.add(c);
    p.cells.push_back(c);
  }
  Cell apart{10, 10, continuous ? 4.0 : 3.0, 0, continuous ? 30.0 : 3.0};  // the missing
  all.add(apart);
  p.totals = totals_of(all, continuous);
  p.divergence = static_cast<BinDivergence>(random.below(4));
  Limits& l = p.limits;
  if ((mask & 1U) != 0) l.min_bins = 2 + static_cast<int>(random.below(3));
  if ((mask & 2U) != 0) l.max_bins = std::max(l.min_bins, 1 + static_cast<int>(random.below(4)));
  if ((mask & 4U) != 0) l.min_count = p.totals.count * (0.05 + 0.2 * random.uniform());
  if ((mask & 8U) != 0) l.max_count = p.totals.count * (0.25 + 0.5 * random.uniform());
  if ((mask & 16U) != 0 && !continuous) {
    l.min_events = 3 + static_cast<double>(random.below(20));
    l.min_non_events = 3 + static_cast<double>(random.below(20));
  }
  if ((mask & 32U) != 0) l.min_difference = continuous ? random.uniform() : 0.15 * random.uniform();
  if ((mask & 64U) != 0) l.max_p_value = random.below(2) == 0 ? 0.5 : 0.05;
  if ((mask & 128U) != 0) {
    p.fixed.assign(n + 1, 0);
    p.fixed[1 + random.below(n - 1)] = 1;
  }
  made.shape = static_cast<Shape>(random.below(5));
  made.text = fmt::format("mask {} shape {} n {}", mask, static_cast<int>(made.shape), n);
  return made;
}

// Whether bins stand in the shape: told by all rises and falls, not by the search's states.
bool in_shape(const std::vector<double>& rates, Shape shape, double difference) {
  const double d = difference - 1e-12;
  const auto ordered = [&](size_t from, size_t to, double sign) {
    for (size_t k = from; k + 1 < to; ++k) {
      if (sign * (rates[k + 1] - rates[k]) < d) return false;
    }
    return true;
  };
  const size_t n = rates.size();
  switch (shape) {
    case Shape::kUp: return ordered(0, n, 1);
    case Shape::kDown: return ordered(0, n, -1);
    case Shape::kPeak:
    case Shape::kValley: {
      const double sign = shape == Shape::kPeak ? 1 : -1;
      for (size_t turn = 0; turn < n; ++turn) {
        if (ordered(0, turn + 1, sign) && ordered(turn, n, -sign)) return true;
      }
      return false;
    }
    case Shape::kFree: break;
  }
  for (size_t k = 0; difference > 0 && k + 1 < n; ++k) {
    if (std::fabs(rates[k + 1] - rates[k]) < d) return false;
  }
  return true;
}

// All 2^(n-1) partitions.
Solution brute_force(const Problem& p, Shape shape) {
  Solution best;
  const size_t n = p.cells.size();
  const Limits& l = p.limits;
  for (uint64_t cuts = 0; cuts < (uint64_t{1} << (n - 1)); ++cuts) {
    std::vector<Cell> bins(1);
    std::vector<uint32_t> ends;
    for (size_t k = 0; k < n; ++k) {
      bins.back().add(p.cells[k]);
      if (k + 1 < n && (cuts >> k & 1U) != 0) {
        ends.push_back(static_cast<uint32_t>(k + 1));
        bins.emplace_back();
      }
    }
    ends.push_back(static_cast<uint32_t>(n));
    bool good = static_cast<int>(bins.size()) >= l.min_bins && (l.max_bins == 0 || static_cast<int>(bins.size()) <= l.max_bins);
    double value = 0;
    std::vector<double> rates;
    for (const Cell& bin : bins) {
      good = good && bin.count >= l.min_count && (l.max_count == 0 || bin.count <= l.max_count);
      if (!p.totals.continuous) good = good && bin.events >= l.min_events && bin.count - bin.events >= l.min_non_events;
      value += gain(p.divergence, bin, p.totals);
      rates.push_back(bin.sum / bin.count);
    }
    for (size_t k = 0; good && k + 1 < bins.size(); ++k) {
      const double pv = p.totals.continuous ? mean_p_value(bins[k], bins[k + 1]) : rate_p_value(bins[k], bins[k + 1]);
      good = pv <= l.max_p_value;
    }
    for (size_t k = 1; k < n && !p.fixed.empty(); ++k) good = good && (p.fixed[k] == 0 || (cuts >> (k - 1) & 1U) != 0);
    if (!good || !in_shape(rates, shape, l.min_difference)) continue;
    if (!best.found || value > best.value) best = {true, value, ends};
  }
  return best;
}

double worth(const Problem& p, const std::vector<uint32_t>& ends) {
  double value = 0;
  size_t from = 0;
  for (const uint32_t end : ends) {
    Cell bin;
    for (; from < end; ++from) bin.add(p.cells[from]);
    value += gain(p.divergence, bin, p.totals);
  }
  return value;
}

void compare_with_brute_force(bool continuous) {
  int found = 0;
  int none = 0;
  for (uint64_t mask = 0; mask < 256; ++mask) {
    Random random(7, fmt::format("brute-force-{}-{}", mask, continuous));
    for (int repeat = 0; repeat < 24; ++repeat) {
      const Made made = make(random, mask, continuous);
      const Solution wanted = brute_force(made.problem, made.shape);
      const Solution got = Search(made.problem).solve(made.shape);
      ASSERT_EQ(got.found, wanted.found) << made.text << " repeat " << repeat;
      if (!wanted.found) {
        ++none;
        continue;
      }
      ++found;
      ASSERT_NEAR(got.value, wanted.value, 1e-9 * std::max(1.0, std::fabs(wanted.value))) << made.text << " repeat " << repeat;
      // The partition itself is worth what the search says, and is allowed.
      ASSERT_NEAR(worth(made.problem, got.ends), got.value, 1e-9 * std::max(1.0, std::fabs(wanted.value))) << made.text;
      Problem only = made.problem;
      only.fixed.assign(only.cells.size() + 1, 0);
      for (const uint32_t end : got.ends) {
        if (end < only.cells.size()) only.fixed[end] = 1;
      }
      only.limits.max_bins = static_cast<int>(got.ends.size());
      only.limits.min_bins = std::min(only.limits.min_bins, only.limits.max_bins);
      ASSERT_TRUE(brute_force(only, made.shape).found) << made.text;
      ASSERT_TRUE(static_cast<int>(got.ends.size()) >= made.problem.limits.min_bins) << made.text;
    }
  }
  // Both outcomes were met often enough for the comparison to mean something.
  EXPECT_GT(found, 1000);
  EXPECT_GT(none, 500);
}

TEST(BinningSearch, IsTheBestOfAllPartitionsUnderEveryMixOfConstraints) { compare_with_brute_force(false); }
TEST(BinningSearch, IsTheBestOfAllPartitionsForAContinuousTarget) { compare_with_brute_force(true); }

TEST(BinningSearch, NamesASmallestSetOfConstraintsThatCannotBeMet) {
  Problem p;
  for (const double bads : {10.0, 20.0, 30.0, 40.0}) p.cells.push_back({100, 100, bads, bads, bads});
  p.totals = totals_of({400, 400, 100, 100, 100}, false);
  p.limits.min_bins = 3;
  p.limits.min_count = 150;
  p.limits.min_events = 1;
  EXPECT_THAT(conflict(p, Shape::kUp), testing::ElementsAre("min_bins 3", "min_share 0.375"));
  p.limits.min_count = 0;
  EXPECT_TRUE(conflict(p, Shape::kUp).empty());
  EXPECT_THAT(conflict(p, Shape::kDown), testing::ElementsAre("min_bins 3", "trend descending"));
  p.limits.min_bins = 1;
  p.limits.max_count = 90;
  EXPECT_THAT(conflict(p, Shape::kFree), testing::ElementsAre("max_share 0.225"));
}

// Every constraint that is named is needed for the conflict, and together they suffice.
TEST(BinningSearch, ConflictsAreFoundExactlyWhereThereIsNoPartition) {
  Random random(3, "conflicts");
  int conflicts = 0;
  for (int repeat = 0; repeat < 400; ++repeat) {
    const Made made = make(random, random.below(256), false);
    const auto names = conflict(made.problem, made.shape);
    EXPECT_EQ(names.empty(), brute_force(made.problem, made.shape).found) << made.text;
    conflicts += names.empty() ? 0 : 1;
  }
  EXPECT_GT(conflicts, 50);
}

TEST(BinningSearch, TakesFewerBinsWhereMoreAddNothing) {
  Problem p;
  for (const double bads : {10.0, 10.0, 30.0, 30.0, 30.0}) p.cells.push_back({100, 100, bads, bads, bads});
  p.totals = totals_of({500, 500, 110, 110, 110}, false);
  p.limits.max_bins = 5;
  EXPECT_THAT(Search(p).solve(Shape::kUp).ends, testing::ElementsAre(2, 5));
}

// Two-proportion chi-square without correction: R, prop.test(c(15, 25), c(100, 100), correct = FALSE): X-squared = 3.125, p = 0.0771.
TEST(BinningTests, PValueOfTwoRatesIsThePearsonChiSquare) {
  EXPECT_NEAR(rate_p_value({100, 100, 15, 15, 15}, {100, 100, 25, 25, 25}), 0.0770999, 1e-6);
  EXPECT_EQ(rate_p_value({100, 100, 0, 0, 0}, {50, 50, 0, 0, 0}), 1);
}

// Welch on (1, 2, 3, 4) and (2, 4, 6, 8, 10): t = -2.3763541 with 5.6000 degrees of freedom.
TEST(BinningTests, PValueOfTwoMeansIsWelchs) {
  const Cell a{4, 4, 10, 10, 30};
  const Cell b{5, 5, 30, 30, 220};
  const double va = (30 - 25.0) / 3 / 4;
  const double vb = (220 - 180.0) / 4 / 5;
  const double t = (6 - 2.5) / std::sqrt(va + vb);
  const double freedom = (va + vb) * (va + vb) / (va * va / 3 + vb * vb / 4);
  EXPECT_NEAR(t, 2.2514, 1e-3);
  EXPECT_NEAR(freedom, 5.52, 0.01);
  // Simpson's rule over the density of Student's t.
  const double c = std::tgamma((freedom + 1) / 2) / (std::sqrt(freedom * M_PI) * std::tgamma(freedom / 2));
  const int steps = 20000;
  double area = 0;
  for (int s = 0; s <= steps; ++s) {
    const double x = t * s / steps;
    area += (s == 0 || s == steps ? 1 : s % 2 == 0 ? 2 : 4) * c * std::pow(1 + x * x / freedom, -(freedom + 1) / 2);
  }
  EXPECT_NEAR(mean_p_value(a, b), 1 - 2 * area * t / steps / 3, 1e-9);
}

}  // namespace
}  // namespace obligor::binning
