#include "metric/delong.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "metric/metric_test_data.h"
#include "metric/roc.h"

namespace obligor::metric {
namespace {

// DeLong et al. 1988, eq. 3-6, straight from the pairs: structural components and their sample covariances.
DelongResult by_pairs(const std::vector<std::vector<double>>& scores, const std::vector<uint8_t>& target) {
  const size_t k = scores.size();
  std::vector<std::vector<double>> of_bads(k);
  std::vector<std::vector<double>> of_goods(k);
  DelongResult r;
  for (size_t m = 0; m < k; ++m) {
    const auto component = [&](size_t i) {
      double wins = 0;
      double others = 0;
      for (size_t j = 0; j < target.size(); ++j) {
        if (target[j] == target[i]) continue;
        const double gap = (scores[m][i] - scores[m][j]) * (target[i] == 1 ? 1 : -1);
        wins += gap > 0 ? 1 : gap == 0 ? 0.5 : 0;
        others += 1;
      }
      return wins / others;
    };
    double sum = 0;
    for (size_t i = 0; i < target.size(); ++i) (target[i] == 1 ? of_bads : of_goods)[m].push_back(component(i));
    for (const double v : of_bads[m]) sum += v;
    r.auc.push_back(sum / static_cast<double>(of_bads[m].size()));
  }
  const auto covariance = [&](const std::vector<std::vector<double>>& v, size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < v[a].size(); ++i) sum += (v[a][i] - r.auc[a]) * (v[b][i] - r.auc[b]);
    const auto n = static_cast<double>(v[a].size());
    return sum / (n - 1) / n;
  };
  for (size_t a = 0; a < k; ++a) {
    for (size_t b = 0; b < k; ++b) r.covariance.push_back(covariance(of_bads, a, b) + covariance(of_goods, a, b));
  }
  return r;
}

TEST(Delong, EqualsItsDefinitionFromAllPairs) {
  for (const int grid : {0, 15}) {
    const TestData d = random_data(300, 2, grid);
    std::vector<std::vector<double>> scores{d.scores, d.rival, d.weights};
    const std::vector<std::span<const double>> views(scores.begin(), scores.end());
    const DelongResult fast = delong(views, d.target);
    const DelongResult slow = by_pairs(scores, d.target);
    for (size_t m = 0; m < 3; ++m) EXPECT_NEAR(fast.auc[m], slow.auc[m], 1e-13);
    for (size_t m = 0; m < 9; ++m) EXPECT_NEAR(fast.covariance[m], slow.covariance[m], 1e-14) << "entry " << m;
  }
}

// numpy.cov of the structural components of formula_data(), scipy.stats.norm.
TEST(Delong, PairedTestEqualsNumpy) {
  const TestData d = formula_data();
  const std::vector<std::span<const double>> views{d.scores, d.rival};
  const DelongResult r = delong(views, d.target);
  EXPECT_NEAR(r.auc[0], 0.6748431362093176, 1e-13);
  EXPECT_NEAR(r.auc[1], 0.6073961499493414, 1e-13);
  EXPECT_NEAR(r.variance(0), 0.0006227099702822375, 1e-15);
  EXPECT_NEAR(r.covariance[1], 0.00040813175595502406, 1e-15);
  const auto tests = pairwise_tests(r);
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_NEAR(tests[0].z, 3.0250850746596933, 1e-9);
  EXPECT_NEAR(tests[0].p, 0.0024856319927701693, 1e-10);
  EXPECT_EQ(tests[0].p_holm, tests[0].p);
  EXPECT_NEAR(tests[0].difference.low, tests[0].difference.value - 1.959963984540054 * tests[0].standard_error, 1e-12);
}

TEST(Delong, AucIsThatOfRoc) {
  const TestData d = formula_data();
  EXPECT_NEAR(delong(d.scores, d.target, d.weights).auc[0], auc(d.scores, d.target, d.weights), 1e-13);
  EXPECT_NEAR(delong(d.scores, d.target, d.weights).auc[0], 0.6625140093859613, 1e-13);  // scikit-learn 1.x
}

TEST(Delong, WeightsAreSharesNotCounts) {
  const TestData d = random_data(400, 9, 30);
  const std::vector<double> sevens(400, 7.0);
  EXPECT_NEAR(delong(d.scores, d.target, sevens).variance(0), delong(d.scores, d.target).variance(0), 1e-15);
  std::vector<double> some = d.weights;
  some[0] = some[17] = 0;
  TestData without = d;
  for (const std::ptrdiff_t row : {17, 0}) {
    without.scores.erase(without.scores.begin() + row);
    without.target.erase(without.target.begin() + row);
    without.weights.erase(without.weights.begin() + row);
  }
  EXPECT_NEAR(delong(d.scores, d.target, some).variance(0), delong(without.scores, without.target, without.weights).variance(0), 1e-15);
}

TEST(Delong, TheSameRankingIsNotDifferent) {
  const TestData d = random_data(200, 4);
  std::vector<double> cubed = d.scores;
  for (double& s : cubed) s = s * s * s;
  const std::vector<std::span<const double>> views{d.scores, cubed, d.rival};
  const auto tests = pairwise_tests(delong(views, d.target));
  ASSERT_EQ(tests.size(), 3U);
  EXPECT_EQ(tests[0].p, 1);
  EXPECT_EQ(tests[0].z, 0);
  EXPECT_NEAR(tests[1].p, tests[2].p, 1e-12);
  EXPECT_NEAR(tests[1].p_holm, std::min(1.0, 3 * tests[1].p), 1e-12);
}

TEST(Delong, IntervalsStayInsideZeroAndOne) {
  const Interval logit = auc_interval(0.97, 0.02 * 0.02);
  const Interval plain = auc_interval(0.97, 0.02 * 0.02, 0.95, AucInterval::kPlain);
  EXPECT_LT(logit.high, 1);
  EXPECT_EQ(plain.high, 1);
  EXPECT_NEAR(plain.low, 0.97 - 1.959963984540054 * 0.02, 1e-12);
  const double spread = 1.959963984540054 * 0.02 / (0.97 * 0.03);
  EXPECT_NEAR(std::log(logit.low / (1 - logit.low)), std::log(0.97 / 0.03) - spread, 1e-9);
  const Interval perfect = auc_interval(1, 0);
  EXPECT_EQ(perfect.low, 1);
  // One bad: its variance cannot be known.
  const std::vector<double> scores{0.1, 0.9, 0.2, 0.4};
  const std::vector<uint8_t> target{0, 1, 0, 0};
  const DelongResult r = delong(scores, target);
  EXPECT_TRUE(std::isnan(r.variance(0)));
  EXPECT_EQ(auc_interval(r.auc[0], r.variance(0)).low, 0);
}

// 95 % intervals of samples whose true AUC is known (two normals one apart: Phi(1 / sqrt 2) = .76025) hold it 95 times in 100.
TEST(Delong, IntervalsCoverTheTruth) {
  Random random(77, "coverage");
  int held = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    std::vector<double> scores;
    std::vector<uint8_t> target;
    for (size_t i = 0; i < 200; ++i) {
      target.push_back(i < 60 ? 1 : 0);
      scores.push_back(random.normal() + target.back());
    }
    const DelongResult r = delong(scores, target);
    const Interval interval = auc_interval(r.auc[0], r.variance(0));
    held += interval.low <= 0.760250 && interval.high >= 0.760250 ? 1 : 0;
  }
  EXPECT_GT(held, 930);  // binomial: 950 +- 3 x 6.9
  EXPECT_LT(held, 972);
}

TEST(Delong, FoldsAverage) {
  const TestData a = random_data(200, 1);
  const TestData b = random_data(300, 2);
  const std::vector<DelongResult> folds{delong(a.scores, a.target), delong(b.scores, b.target)};
  const DelongResult mean = mean_over_folds(folds);
  EXPECT_NEAR(mean.auc[0], (folds[0].auc[0] + folds[1].auc[0]) / 2, 1e-15);
  EXPECT_NEAR(mean.variance(0), (folds[0].variance(0) + folds[1].variance(0)) / 4, 1e-15);
  EXPECT_THROW((void)mean_over_folds({}), Error);
}

}  // namespace
}  // namespace obligor::metric
