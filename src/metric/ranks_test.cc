#include "metric/ranks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.h"

namespace obligor::metric {
namespace {

TEST(Ranks, HolmStepsDown) {
  // By hand: 4 x .01, 3 x .013, 2 x .02 held up to .04, then .5; monotone in p.
  const std::vector<double> p{0.5, 0.01, 0.02, 0.013};
  const auto adjusted = holm(p);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.04);  // 3 x .013 = .039 may not fall below the one before
  EXPECT_DOUBLE_EQ(adjusted[2], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.5);
  const std::vector<double> large{0.6, 0.9};
  EXPECT_EQ(holm(large)[0], 1);
  const std::vector<double> with_nan{0.02, std::numeric_limits<double>::quiet_NaN(), 0.5};
  EXPECT_DOUBLE_EQ(holm(with_nan)[0], 0.04);
  EXPECT_TRUE(std::isnan(holm(with_nan)[1]));
}

// scipy 1.x friedmanchisquare on the same values (it corrects for ties too).
TEST(Ranks, FriedmanEqualsScipy) {
  const std::vector<double> values{.763, .768, .771, .798, .599, .591, .590, .569, .954, .971, .968, .967, .628, .661, .654, .657, .882, .888, .886,
                                   .898, .936, .931, .916, .931, .661, .668, .609, .685, .583, .583, .563, .625, .775, .838, .866, .875, 1,    1,
                                   1,    1,    .940, .962, .965, .962, .619, .666, .614, .669, .972, .981, .975, .975, .957, .978, .946, .970};
  const FriedmanResult r = friedman(values, 14, 4);
  EXPECT_NEAR(r.mean_ranks[0], 3.14285714, 1e-8);
  EXPECT_NEAR(r.mean_ranks[1], 2.0, 1e-12);
  EXPECT_NEAR(r.mean_ranks[2], 2.92857143, 1e-8);
  EXPECT_NEAR(r.mean_ranks[3], 1.92857143, 1e-8);
  EXPECT_NEAR(r.chi_square, 10.952380952380956, 1e-10);
  EXPECT_NEAR(r.p, 0.011986176325417788, 1e-10);
  EXPECT_NEAR(r.f, 13 * r.chi_square / (14 * 3 - r.chi_square), 1e-12);
  EXPECT_LT(r.f_p, r.p);
  std::vector<double> losses = values;
  for (double& v : losses) v = -v;
  EXPECT_EQ(friedman(losses, 14, 4, false).chi_square, r.chi_square);
}

TEST(Ranks, FriedmanOfTiesAndOfPerfectAgreement) {
  const std::vector<double> same(12, 0.7);
  EXPECT_EQ(friedman(same, 4, 3).p, 1);
  EXPECT_EQ(friedman(same, 4, 3).mean_ranks[2], 2);
  const std::vector<double> agreed{1, 2, 3, 1, 2, 3, 1, 2, 3};
  const FriedmanResult r = friedman(agreed, 3, 3);
  EXPECT_DOUBLE_EQ(r.chi_square, 6);
  EXPECT_NEAR(r.p, std::exp(-3.0), 1e-12);  // chi-square with 2 degrees of freedom
  EXPECT_EQ(r.f_p, 0);
  EXPECT_EQ(r.mean_ranks[2], 1);
}

// Demsar, JMLR 7 (2006), table 5 (a): critical values of the two-tailed Nemenyi test.
TEST(Ranks, NemenyiEqualsDemsarsTable) {
  const double at_05[] = {1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
  const double at_10[] = {1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920};
  for (size_t k = 2; k <= 10; ++k) {
    EXPECT_NEAR(normal_range_quantile(0.95, k) / std::numbers::sqrt2, at_05[k - 2], 1.1e-3) << k << " models";
    EXPECT_NEAR(normal_range_quantile(0.90, k) / std::numbers::sqrt2, at_10[k - 2], 1.1e-3) << k << " models";
  }
  // His example: 4 classifiers on 14 data sets.
  EXPECT_NEAR(nemenyi_critical_difference(4, 14), 1.25, 5e-3);
}

// scipy 1.x studentized_range.ppf(.95, k, inf).
TEST(Ranks, StudentisedRangeEqualsScipy) {
  EXPECT_NEAR(normal_range_quantile(0.95, 2), 2.771807648699355, 1e-8);
  EXPECT_NEAR(normal_range_quantile(0.95, 3), 3.314493155398122, 1e-8);
  EXPECT_NEAR(normal_range_quantile(0.95, 10), 4.474124221725907, 1e-8);
  EXPECT_NEAR(normal_range_quantile(0.95, 50), 5.646026026380527, 1e-8);
  for (const double q : {0.1, 1.0, 2.5}) EXPECT_NEAR(normal_range_cdf(q, 2), std::erf(q / 2), 1e-13);
}

TEST(Ranks, NemenyiPIsAlphaAtTheCriticalDifference) {
  const double cd = nemenyi_critical_difference(5, 9, 0.05);
  const std::vector<double> ranks{1, 1 + cd, 3, 3, 3};
  const auto p = nemenyi_p_values(ranks, 9);
  ASSERT_EQ(p.size(), 10U);
  EXPECT_NEAR(p[0], 0.05, 1e-10);
  EXPECT_NEAR(p[9], 1, 1e-12);
}

TEST(Ranks, BadInputIsRefused) {
  const std::vector<double> values{1, 2, 3, std::nan("")};
  EXPECT_THROW((void)friedman(values, 2, 2), Error);
  EXPECT_THROW((void)friedman(values, 2, 3), Error);
  EXPECT_THROW((void)friedman(values, 4, 1), Error);
  EXPECT_THROW((void)nemenyi_critical_difference(51, 9), Error);
  EXPECT_THROW((void)nemenyi_critical_difference(5, 9, 1.5), Error);
}

}  // namespace
}  // namespace obligor::metric
