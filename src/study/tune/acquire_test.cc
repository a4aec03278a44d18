#include "study/tune/acquire.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace obligor {
namespace {

TEST(ExpectedImprovement, IsTheMeanOfWhatMonteCarloDraws) {
  Random random(1, "ei");
  for (const auto& [mean, sd, best] : {std::tuple{0.0, 1.0, 0.5}, {0.7, 0.2, 0.75}, {0.9, 0.5, 0.1}, {-1.0, 2.0, 1.0}}) {
    constexpr int kDraws = 400'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double gain = std::max(0.0, mean + sd * random.normal() - best);
      sum += gain;
      squares += gain * gain;
    }
    const double average = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - average * average) / kDraws);
    EXPECT_NEAR(expected_improvement(mean, sd, best), average, 4 * error);
  }
}

TEST(ExpectedImprovement, WithoutDoubtIsThePlainGain) {
  EXPECT_EQ(expected_improvement(3, 0, 1), 2);
  EXPECT_EQ(expected_improvement(0, 0, 1), 0);
  EXPECT_EQ(log_expected_improvement(0, 0, 1), -INFINITY);
}

TEST(ExpectedImprovement, ItsLogarithmIsSmoothAndDoesNotUnderflow) {
  for (const double z : {2.0, 0.0, -3.0, -9.0}) EXPECT_NEAR(log_expected_improvement(z, 1, 0), std::log(expected_improvement(z, 1, 0)), 1e-9);
  // phi(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - 105 / z^6) at z = -12 with mpmath-like precision: the integral of Phi up to z, by Simpson.
  double integral = 0;
  const auto tail = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  constexpr int kSteps = 20'000;
  const double width = 4.0 / kSteps;
  for (int i = 0; i < kSteps; ++i) {
    const double a = -16 + i * width;
    integral += width / 6 * (tail(a) + 4 * tail(a + width / 2) + tail(a + width));
  }
  EXPECT_NEAR(log_expected_improvement(-12, 1, 0), std::log(integral), 1e-4);
  EXPECT_NEAR(log_expected_improvement(-10 - 1e-9, 1, 0), log_expected_improvement(-10 + 1e-9, 1, 0), 1e-3);
  EXPECT_TRUE(std::isfinite(log_expected_improvement(-100, 1, 0)));
  EXPECT_LT(log_expected_improvement(-101, 1, 0), log_expected_improvement(-100, 1, 0));
}

SearchSpace plane() {
  const std::vector<ParamSpec> specs{real_param("x", 0.5, 0, 1, ""), real_param("y", 0.5, 0, 1, ""), choice_param("c", "a", {"a", "b"}, "")};
  const std::vector<TuneRange> ranges{{"x", 0, 1, false, {}}, {"y", 0, 1, false, {}}, {"c", 0, 0, false, {"a", "b"}}};
  return {specs, ranges, {}};
}

TEST(Propose, FindsAsMuchImprovementAsAFineGrid) {
  const SearchSpace space = plane();
  Random random(5, "grid");
  std::vector<Point> seen;
  std::vector<double> values;
  for (int i = 0; i < 15; ++i) {
    seen.push_back(space.random_point(random));
    values.push_back(-std::pow(seen.back()[0] - 0.7, 2) - std::pow(seen.back()[1] - 0.2, 2) + 0.1 * seen.back()[2]);
  }
  const auto gp = GaussianProcess::fit(seen, values, space.categories(), 1);
  double best = -INFINITY;
  for (const auto& point : seen) best = std::max(best, gp.predict(point).mean);
  const auto value = [&](const Point& point) {
    const auto at = gp.predict(point);
    return log_expected_improvement(at.mean, at.sd, best);
  };
  double highest = -INFINITY;
  for (int i = 0; i <= 100; ++i) {
    for (int j = 0; j <= 100; ++j) {
      for (const double c : {0.0, 1.0}) highest = std::max(highest, value({i / 100.0, j / 100.0, c}));
    }
  }
  const auto proposed = propose(gp, space, seen, random);
  ASSERT_TRUE(proposed.has_value());
  EXPECT_GT(value(*proposed), highest - 0.02);
  EXPECT_EQ(space.rounded(*proposed), *proposed);
}

TEST(Propose, NeverWhatWasSeenAndNothingWhenAllWas) {
  const std::vector<ParamSpec> specs{integer_param("n", 1, 1, 3, ""), flag_param("f", false, "")};
  const std::vector<TuneRange> ranges{{"n", 1, 3, false, {}}, {"f", 0, 0, false, {}}};
  const SearchSpace space(specs, ranges, {});
  Random random(1, "all");
  std::vector<Point> seen{space.encode({}), space.encode({{"n", "3"}})};
  std::vector<double> values{0.5, 0.6};
  while (seen.size() < 6) {
    const auto next = propose(GaussianProcess::fit(seen, values, space.categories(), 1), space, seen, random);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(std::count(seen.begin(), seen.end(), *next), 0);
    seen.push_back(*next);
    values.push_back(0.5);
  }
  EXPECT_FALSE(propose(GaussianProcess::fit(seen, values, space.categories(), 1), space, seen, random).has_value());
}

}  // namespace
}  // namespace obligor
