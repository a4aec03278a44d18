#include "metric/psi.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "metric/metric_test_data.h"

namespace obligor::metric {
namespace {

TEST(Psi, IsZeroForTheSamePopulation) {
  const TestData d = random_data(1000, 1);
  const PsiResult r = psi(d.scores, d.scores);
  EXPECT_EQ(r.value, 0);
  ASSERT_EQ(r.bins.size(), 10U);
  for (const PsiBin& bin : r.bins) EXPECT_NEAR(bin.reference_share, 0.1, 1e-12);
}

TEST(Psi, ByHand) {
  // Quarters of 1..8 are [1,3) [3,5) [5,7) [7,9): shares .25 each against 1, 2, 3, 2 of 8.
  const std::vector<double> reference{1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> current{2, 3, 4, 5, 6, 6.9, 7, 80};
  const PsiResult r = psi(reference, current, 4);
  const double expected = (0.125 - 0.25) * std::log(0.5) + (0.375 - 0.25) * std::log(1.5);
  EXPECT_NEAR(r.value, expected, 1e-14);
  ASSERT_EQ(r.bins.size(), 4U);
  EXPECT_EQ(r.bins[1].low, 3);
  EXPECT_EQ(r.bins[1].high, 5);
  EXPECT_TRUE(std::isinf(r.bins[3].high));
  const std::vector<double> before{2, 2, 2, 2};
  const std::vector<double> after{1, 2, 3, 2};
  EXPECT_NEAR(psi_of_counts(before, after), expected, 1e-14);
}

TEST(Psi, AnEmptyCellTakesHalfARowOnBothSides) {
  const std::vector<double> before{10, 10};
  const std::vector<double> after{0, 20};
  const double expected = (0.5 / 20 - 10.5 / 20) * std::log(0.5 / 10.5) + (1.0 - 0.5) * std::log(2.0);
  EXPECT_NEAR(psi_of_counts(before, after), expected, 1e-14);
}

TEST(Psi, MissingValuesHaveTheirOwnBin) {
  const double nan = std::nan("");
  const std::vector<double> reference{1, 2, 3, 4, nan};
  const std::vector<double> current{1, 2, 3, nan, nan};
  const PsiResult r = psi(reference, current, 2);
  ASSERT_EQ(r.bins.size(), 3U);
  EXPECT_TRUE(std::isnan(r.bins[2].low));
  EXPECT_DOUBLE_EQ(r.bins[2].reference_share, 0.2);
  EXPECT_DOUBLE_EQ(r.bins[2].current_share, 0.4);
  EXPECT_NEAR(r.bins[2].contribution, 0.2 * std::log(2.0), 1e-14);
}

TEST(Psi, HeavyTiesMergeBinsAndWeightsCount) {
  std::vector<double> reference(80, 0.0);
  for (int i = 0; i < 20; ++i) reference.push_back(1 + i);
  const PsiResult r = psi(reference, reference);
  ASSERT_EQ(r.bins.size(), 3U);  // zeros, then the ninth and the tenth
  EXPECT_DOUBLE_EQ(r.bins[0].reference_share, 0.8);
  const std::vector<double> values{0, 1, 2, 3};
  const std::vector<double> weights{80, 5, 10, 5};
  std::vector<double> spelled;
  for (size_t i = 0; i < 4; ++i) spelled.insert(spelled.end(), static_cast<size_t>(weights[i]), values[i]);
  EXPECT_NEAR(psi(values, values, 10, weights, {}).value, psi(spelled, values).value, 1e-12);
  EXPECT_GT(psi(spelled, values).value, 0.25);
}

TEST(Psi, BadInputIsRefused) {
  const std::vector<double> none;
  const std::vector<double> some{1, 2};
  const std::vector<double> missing{std::nan("")};
  const std::vector<double> zero{0, 0};
  EXPECT_THROW((void)psi(none, some), Error);
  EXPECT_THROW((void)psi(some, none), Error);
  EXPECT_THROW((void)psi(missing, some), Error);
  EXPECT_THROW((void)psi(some, some, 0), Error);
  EXPECT_THROW((void)psi(some, some, 10, zero), Error);
  EXPECT_THROW((void)psi(some, some, 10, missing), Error);
  EXPECT_THROW((void)psi_of_counts(some, missing), Error);
}

}  // namespace
}  // namespace obligor::metric
