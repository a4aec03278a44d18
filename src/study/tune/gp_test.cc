#include "study/tune/gp.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace obligor {
namespace {

double matern(double distance, double length) {
  const double q = std::sqrt(5.0) * distance / length;
  return (1 + q + q * q / 3) * std::exp(-q);
}

struct Sample {
  std::vector<std::vector<double>> points;
  std::vector<double> values;
};

// Three numbers and a category, a smooth function of the first two.
Sample sample(size_t n, double noise, uint64_t seed) {
  Random random(seed, "gp-test");
  Sample result;
  for (size_t i = 0; i < n; ++i) {
    std::vector<double> p{random.uniform(), random.uniform(), random.uniform(), static_cast<double>(random.below(3))};
    result.values.push_back(std::sin(5 * p[0]) + p[1] * p[1] + 0.3 * (p[3] == 1.0 ? 1 : 0) + noise * random.normal());
    result.points.push_back(std::move(p));
  }
  return result;
}

const std::vector<uint8_t> kMixed{0, 0, 0, 1};

TEST(GaussianProcess, TwoPointsByHand) {
  const double k = 2.0 * matern(0.4, 0.5);
  const double d = 2.0 + 0.1;  // signal and noise
  const GaussianProcess gp({{0.1}, {0.5}}, {1.0, 3.0}, {0}, {{0.5}, 2.0, 0.1});
  EXPECT_NEAR(gp.mean(), 2.0, 1e-7);  // two alike points: their mean
  // K^-1 of [[d, k], [k, d]] on the deviations (-1, 1) is (-1, 1) / (d - k).
  const double a = 2.0 * matern(0.2, 0.5);
  const double b = 2.0 * matern(0.2, 0.5);
  const auto at = gp.predict(std::vector<double>{0.3});
  EXPECT_NEAR(at.mean, 2.0 + (b - a) / (d - k), 1e-7);
  const double explained = (a * (d * a - k * b) + b * (d * b - k * a)) / (d * d - k * k);
  EXPECT_NEAR(at.sd, std::sqrt(2.0 - explained), 1e-7);
  const double left = 2.0 * matern(0.1, 0.5);
  const double right = 2.0 * matern(0.5, 0.5);
  EXPECT_NEAR(gp.predict(std::vector<double>{0.0}).mean, 2.0 + (right - left) / (d - k), 1e-7);
  const double likelihood = -0.5 * (2 / (d - k) + std::log(d * d - k * k) + 2 * std::log(2 * std::numbers::pi));
  EXPECT_NEAR(gp.log_marginal_likelihood(), likelihood, 1e-7);
}

TEST(GaussianProcess, WithoutNoiseThePosteriorAtTheDataIsTheData) {
  const Sample data = sample(25, 0, 1);
  const GaussianProcess gp(data.points, data.values, kMixed, {{0.5, 0.7, 1.0, 2.0}, 1.5, 0});
  for (size_t i = 0; i < data.points.size(); ++i) {
    const auto at = gp.predict(data.points[i]);
    EXPECT_NEAR(at.mean, data.values[i], 1e-6);
    EXPECT_NEAR(at.sd, 0, 1e-4);
  }
}

TEST(GaussianProcess, FarFromTheDataIsThePrior) {
  const GaussianProcess gp({{0.0}, {0.1}, {0.2}}, {1, 2, 4}, {0}, {{0.05}, 3.0, 0.2});
  const auto far = gp.predict(std::vector<double>{50.0});
  EXPECT_NEAR(far.mean, gp.mean(), 1e-9);
  EXPECT_NEAR(far.sd, std::sqrt(3.0), 1e-9);
}

TEST(GaussianProcess, GradientOfTheLikelihoodByFiniteDifferences) {
  const Sample data = sample(20, 0.2, 2);
  const std::vector<double> logs{-0.7, 0.2, 0.9, 0.4, 0.3, -2.0};
  const auto make = [&](const std::vector<double>& at) {
    return GaussianProcess(data.points, data.values, kMixed,
                           {{std::exp(at[0]), std::exp(at[1]), std::exp(at[2]), std::exp(at[3])}, std::exp(at[4]), std::exp(at[5])});
  };
  const auto gradient = make(logs).gradient();
  for (size_t i = 0; i < logs.size(); ++i) {
    auto up = logs;
    auto down = logs;
    up[i] += 1e-5;
    down[i] -= 1e-5;
    const double numeric = (make(up).log_marginal_likelihood() - make(down).log_marginal_likelihood()) / 2e-5;
    EXPECT_NEAR(gradient[i], numeric, 1e-5 * (1 + std::fabs(numeric))) << i;
  }
}

TEST(GaussianProcess, ACategoryIsComparedNotMeasured) {
  // Categories 0 and 2 are as far from each other as 0 and 1.
  const GaussianProcess gp({{0}, {1}}, {0.0, 1.0}, {1}, {{0.8}, 1.0, 0.01});
  const auto two = gp.predict(std::vector<double>{2});
  const auto seven = gp.predict(std::vector<double>{7});
  EXPECT_NEAR(two.mean, 0.5, 1e-9);
  EXPECT_EQ(two.mean, seven.mean);
  EXPECT_EQ(two.sd, seven.sd);
}

TEST(GaussianProcess, FitFindsWhichAxesMatter) {
  const Sample data = sample(60, 0.05, 3);
  const auto gp = GaussianProcess::fit(data.points, data.values, kMixed, 1);
  EXPECT_GT(gp.params().length[2], 3 * gp.params().length[0]);  // the third number is in no term
  const Sample fresh = sample(200, 0, 4);
  double squared = 0;
  double total = 0;
  size_t inside = 0;
  for (size_t i = 0; i < fresh.points.size(); ++i) {
    const auto at = gp.predict(fresh.points[i]);
    squared += (at.mean - fresh.values[i]) * (at.mean - fresh.values[i]);
    total += fresh.values[i] * fresh.values[i];
    inside += std::fabs(at.mean - fresh.values[i]) <= 2.5 * at.sd ? 1U : 0U;
  }
  EXPECT_LT(squared, 0.02 * total);
  EXPECT_GT(inside, 170U);
}

TEST(GaussianProcess, FitIsBetterThanItsStart) {
  const Sample data = sample(40, 0.3, 5);
  const auto fitted = GaussianProcess::fit(data.points, data.values, kMixed, 1);
  const double start = std::exp(std::numbers::sqrt2 - 3 + 0.5 * std::log(4.0));
  double mean = 0;
  for (const double value : data.values) mean += value / 40;
  double variance = 0;
  for (const double value : data.values) variance += (value - mean) * (value - mean) / 40;
  std::vector<double> standard;
  for (const double value : data.values) standard.push_back((value - mean) / std::sqrt(variance));
  const GaussianProcess prior(data.points, standard, kMixed, {{start, start, start, start}, 1.0, std::exp(-4.0)});
  EXPECT_GT(fitted.log_marginal_likelihood(), prior.log_marginal_likelihood() + 5);
  const auto again = GaussianProcess::fit(data.points, data.values, kMixed, 1);
  EXPECT_EQ(again.params().length, fitted.params().length);
}

TEST(GaussianProcess, EqualValuesAndRepeatedPointsAreNoHarm) {
  const auto flat = GaussianProcess::fit({{0.1}, {0.5}, {0.9}}, {2, 2, 2}, {0}, 1);
  EXPECT_NEAR(flat.predict(std::vector<double>{0.3}).mean, 2, 1e-6);
  const auto twice = GaussianProcess::fit({{0.1}, {0.1}, {0.9}}, {1, 2, 3}, {0}, 1);
  EXPECT_TRUE(std::isfinite(twice.predict(std::vector<double>{0.1}).mean));
}

}  // namespace
}  // namespace obligor
