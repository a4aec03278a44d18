#include "metric/recommend.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace obligor::metric {
namespace {

TEST(RankShare, IsOneByLogOfThePosition) {
  const std::vector<double> others{.9, .8, .1, .05};
  EXPECT_DOUBLE_EQ(rank_share(.5, others, 2).hit, 0);
  EXPECT_DOUBLE_EQ(rank_share(.5, others, 3).hit, 1);
  EXPECT_DOUBLE_EQ(rank_share(.5, others, 3).ndcg, 0.5);  // 1 / log2(4)
  EXPECT_DOUBLE_EQ(rank_share(1.0, others, 1).ndcg, 1);
}

// Every order of the products of equal score, one after the other.
TEST(RankShare, IsTheMeanOverTheOrdersOfEqualScores) {
  Random random(3, "ties");
  for (int round = 0; round < 50; ++round) {
    std::vector<double> others(12);
    for (auto& other : others) other = static_cast<double>(random.below(4));
    const auto held_back = static_cast<double>(random.below(4));
    const size_t k = 1 + random.below(13);
    double hit = 0;
    double ndcg = 0;
    int orders = 0;
    // The held-back product may stand before 0, 1, ... of its equals, equally often.
    size_t equals = 0;
    for (const double other : others) equals += other == held_back ? 1U : 0U;
    for (size_t before = 0; before <= equals; ++before, ++orders) {
      size_t position = 1 + before;
      for (const double other : others) position += other > held_back ? 1U : 0U;
      if (position > k) continue;
      hit += 1;
      ndcg += std::log(2.0) / std::log(static_cast<double>(position) + 1);
    }
    const RankShare share = rank_share(held_back, others, k);
    EXPECT_NEAR(share.hit, hit / orders, 1e-12);
    EXPECT_NEAR(share.ndcg, ndcg / orders, 1e-12);
  }
}

TEST(RankShare, OfAModelThatScoresAllAlikeIsKOfN) {
  const std::vector<double> others(99, 0.25);
  EXPECT_NEAR(rank_share(0.25, others, 10).hit, 0.1, 1e-12);
}

TEST(RankShare, RefusesWhatIsNoNumber) {
  EXPECT_THROW((void)rank_share(NAN, std::vector<double>{1.0}, 1), Error);
  EXPECT_THROW((void)rank_share(1, std::vector<double>{1.0}, 0), Error);
}

TEST(ClusterMean, RmseIsTheRootOfTheMeanOverRows) {
  const std::vector<double> squares{1, 4, 9, 16, 0};
  const std::vector<uint32_t> customer{0, 0, 1, 3, 3};
  const auto sums = cluster_sums(squares, customer, 5);
  ASSERT_EQ(sums.sum.size(), 3U);  // customers 2 and 4 have no row
  const Interval rmse = cluster_mean(sums, Transform::kSquareRoot, {.resamples = 500, .seed = 1});
  EXPECT_DOUBLE_EQ(rmse.value, std::sqrt(30.0 / 5));
  EXPECT_LT(rmse.low, rmse.value);
  EXPECT_GT(rmse.high, rmse.value);
}

// The rows of a customer go together: copies of every row within its customer tell nothing new, and the interval stays.
TEST(ClusterMean, CopiesWithinACustomerDoNotNarrowTheInterval) {
  Random random(9, "copies");
  std::vector<double> once;
  std::vector<uint32_t> customer_once;
  std::vector<double> thrice;
  std::vector<uint32_t> customer_thrice;
  for (uint32_t c = 0; c < 60; ++c) {
    const double value = random.normal() + 3;
    once.push_back(value);
    customer_once.push_back(c);
    thrice.insert(thrice.end(), 3, value);
    customer_thrice.insert(customer_thrice.end(), 3, c);
  }
  const BootstrapOptions options{.resamples = 300, .seed = 4};
  const Interval a = cluster_mean(cluster_sums(once, customer_once, 60), Transform::kNone, options);
  const Interval b = cluster_mean(cluster_sums(thrice, customer_thrice, 60), Transform::kNone, options);
  EXPECT_NEAR(a.low, b.low, 1e-12);
  EXPECT_NEAR(a.high, b.high, 1e-12);
}

// One row a customer: the p-value is that of the z-test of the paired differences.
TEST(ClusterDifference, WithOneRowACustomerIsThePairedTest) {
  Random random(2, "pairs");
  constexpr uint32_t kCustomers = 400;
  std::vector<double> a;
  std::vector<double> b;
  std::vector<uint32_t> customer;
  for (uint32_t c = 0; c < kCustomers; ++c) {
    a.push_back(random.normal() + 0.1);
    b.push_back(random.normal());
    customer.push_back(c);
  }
  double mean = 0;
  for (size_t i = 0; i < kCustomers; ++i) mean += (a[i] - b[i]) / kCustomers;
  double variance = 0;
  for (size_t i = 0; i < kCustomers; ++i) variance += (a[i] - b[i] - mean) * (a[i] - b[i] - mean) / (kCustomers - 1);
  const double z = mean / std::sqrt(variance / kCustomers);
  const auto result = cluster_difference(cluster_sums(a, customer, kCustomers), cluster_sums(b, customer, kCustomers), Transform::kNone, {.seed = 1});
  EXPECT_NEAR(result.p, std::erfc(std::fabs(z) / std::sqrt(2.0)), 1e-10);
  EXPECT_NEAR(result.difference.value, mean, 1e-12);
  EXPECT_LT(result.difference.low, mean);
}

TEST(ClusterDifference, OfAModelWithItselfIsNothing) {
  const auto sums = cluster_sums(std::vector<double>{1, 2, 5}, std::vector<uint32_t>{0, 1, 1}, 2);
  const auto result = cluster_difference(sums, sums, Transform::kSquareRoot, {.seed = 1});
  EXPECT_EQ(result.difference.value, 0);
  EXPECT_EQ(result.p, 1);
}

// With one row a cluster it is the plain bootstrap; with the rows of a cluster alike it is as wide as with one of them.
TEST(ClusterAuc, RepeatedRowsDoNotNarrowTheInterval) {
  Random random(4, "cluster auc");
  std::vector<double> scores;
  std::vector<uint8_t> target;
  std::vector<uint32_t> alone;
  std::vector<double> repeated_scores;
  std::vector<uint8_t> repeated_target;
  std::vector<uint32_t> cluster;
  for (uint32_t i = 0; i < 300; ++i) {
    target.push_back(random.uniform() < 0.3 ? 1 : 0);
    scores.push_back(random.normal() + target.back());
    alone.push_back(i);
    for (int copy = 0; copy < 10; ++copy) {
      repeated_scores.push_back(scores.back());
      repeated_target.push_back(target.back());
      cluster.push_back(i);
    }
  }
  const BootstrapOptions options{.resamples = 400, .seed = 1};
  const Interval one = cluster_auc(scores, target, alone, options);
  const Interval ten = cluster_auc(repeated_scores, repeated_target, cluster, options);
  EXPECT_DOUBLE_EQ(one.value, ten.value);
  EXPECT_NEAR(one.high - one.low, ten.high - ten.low, 0.015);
  std::vector<uint32_t> rows(repeated_scores.size());
  for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const Interval naive = cluster_auc(repeated_scores, repeated_target, rows, options);
  EXPECT_LT(naive.high - naive.low, 0.5 * (ten.high - ten.low));
}

}  // namespace
}  // namespace obligor::metric
