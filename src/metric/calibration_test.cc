#include "metric/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "metric/metric_test_data.h"

namespace obligor::metric {
namespace {

// scikit-learn 1.x, brier_score_loss and log_loss, on formula_data().
TEST(Calibration, BrierAndLogLossEqualScikitLearn) {
  const TestData d = formula_data();
  const RankedSample plain(d.scores, d.target);
  EXPECT_NEAR(brier(plain, plain.weights()), 0.2373844, 1e-12);
  EXPECT_NEAR(log_loss(plain, plain.weights()), 0.6797913591863257, 1e-12);
  const RankedSample weighted(d.scores, d.target, d.weights);
  EXPECT_NEAR(brier(weighted, weighted.weights()), 0.24221837697641382, 1e-12);
  EXPECT_NEAR(log_loss(weighted, weighted.weights()), 0.691215976591387, 1e-12);
}

TEST(Calibration, ASureMistakeCostsTheClip) {
  const std::vector<double> scores{0.0, 1.0};
  const std::vector<uint8_t> target{1, 0};
  const RankedSample sample(scores, target);
  EXPECT_NEAR(log_loss(sample, sample.weights()), -std::log(kLogLossClip), 0.05);
  EXPECT_NEAR(log_loss(sample, sample.weights(), 0.01), -std::log(0.01), 1e-12);
}

TEST(Calibration, EceIsTheGapOfEqualCountBins) {
  TestData d = random_data(1000, 3);
  for (double& s : d.scores) s = s * s;  // wrong on purpose
  const RankedSample sample(d.scores, d.target);
  std::vector<size_t> order(d.scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return d.scores[a] < d.scores[b]; });
  double expected = 0;
  for (size_t b = 0; b < 10; ++b) {
    double gap = 0;
    for (size_t i = b * 100; i < (b + 1) * 100; ++i) gap += d.scores[order[i]] - d.target[order[i]];
    expected += std::abs(gap) / 1000;
  }
  EXPECT_NEAR(ece(sample, sample.weights(), 10), expected, 1e-12);
  EXPECT_GT(expected, 0.05);
}

TEST(Calibration, EceDoesNotDependOnTheOrderOfTies) {
  const TestData d = random_data(600, 8, 12);
  TestData r = d;
  std::reverse(r.scores.begin(), r.scores.end());
  std::reverse(r.target.begin(), r.target.end());
  const RankedSample a(d.scores, d.target);
  const RankedSample b(r.scores, r.target);
  EXPECT_NEAR(ece(a, a.weights(), 7), ece(b, b.weights(), 7), 1e-12);
}

// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
TEST(Calibration, WilsonEqualsNewcombesTable) {
  const auto expect = [](double bad, double n, double low, double high) {
    const Interval w = wilson(bad / n, n);
    EXPECT_NEAR(w.low, low, 5e-5) << bad << " of " << n;
    EXPECT_NEAR(w.high, high, 5e-5) << bad << " of " << n;
  };
  expect(81, 263, 0.2553, 0.3662);
  expect(15, 148, 0.0624, 0.1605);
  expect(0, 20, 0.0000, 0.1611);
  expect(1, 29, 0.0061, 0.1718);
  EXPECT_EQ(wilson(1, 20).high, 1);
}

TEST(Calibration, ReliabilityAddsUpToTheSample) {
  const TestData d = random_data(2000, 4);
  const RankedSample sample(d.scores, d.target, d.weights);
  const auto table = reliability(sample, 20);
  ASSERT_EQ(table.size(), 20U);
  size_t rows = 0;
  double weight = 0;
  double gap = 0;
  for (size_t b = 0; b < table.size(); ++b) {
    const ReliabilityBin& bin = table[b];
    rows += bin.rows;
    weight += bin.weight;
    gap += bin.weight * std::abs(bin.mean_score - bin.bad_rate.value);
    EXPECT_LE(bin.low, bin.mean_score);
    EXPECT_GE(bin.high, bin.mean_score);
    EXPECT_LE(bin.bad_rate.low, bin.bad_rate.value);
    EXPECT_GE(bin.bad_rate.high, bin.bad_rate.value);
    if (b > 0) {
      EXPECT_GT(bin.low, table[b - 1].high);
    }
  }
  EXPECT_EQ(rows, 2000U);
  EXPECT_NEAR(weight, std::accumulate(d.weights.begin(), d.weights.end(), 0.0), 1e-9);
  EXPECT_NEAR(gap / weight, ece(sample, sample.weights(), 20), 1e-12);
}

TEST(Calibration, AScoreThatIsNoProbabilityIsNamed) {
  const std::vector<double> scores{0.2, 1.5};
  try {
    check_probabilities(scores);
    FAIL() << "1.5 was taken for a probability";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNumeric);
    EXPECT_NE(std::string(error.what()).find("score of row 1 is 1.5"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace obligor::metric
