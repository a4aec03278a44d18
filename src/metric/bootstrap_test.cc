#include "metric/bootstrap.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/error.h"
#include "metric/delong.h"
#include "metric/metric_test_data.h"
#include "metric/roc.h"

namespace obligor::metric {
namespace {

double auc_of(const RankedSample& sample, std::span<const double> weights) { return auc(sample, weights); }

TEST(Bootstrap, SameSeedSameInterval) {
  const TestData d = random_data(500, 1);
  const RankedSample sample(d.scores, d.target);
  const Interval a = bootstrap(sample, auc_of, {.resamples = 100, .seed = 3});
  const Interval b = bootstrap(sample, auc_of, {.resamples = 100, .seed = 3});
  const Interval c = bootstrap(sample, auc_of, {.resamples = 100, .seed = 4});
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(a.low, c.low);
}

TEST(Bootstrap, AgreesWithDelong) {
  const TestData d = random_data(2000, 2);
  const RankedSample sample(d.scores, d.target, d.weights);
  const Interval drawn = bootstrap(sample, auc_of, {.resamples = 2000, .seed = 1});
  const DelongResult r = delong(d.scores, d.target, d.weights);
  const Interval exact = auc_interval(r.auc[0], r.variance(0));
  const double width = exact.high - exact.low;
  EXPECT_NEAR(drawn.value, exact.value, 1e-12);
  EXPECT_NEAR(drawn.low, exact.low, 0.08 * width);
  EXPECT_NEAR(drawn.high, exact.high, 0.08 * width);
}

TEST(Bootstrap, ResamplesKeepTheClassesAndAreUniform) {
  const TestData d = random_data(60, 7);
  const RankedSample sample(d.scores, d.target);
  const double bads = std::accumulate(d.target.begin(), d.target.end(), 0.0);
  std::vector<double> drawn(60, 0.0);
  double calls = 0;
  const Interval rate = bootstrap(sample,
                                  [&](const RankedSample& s, std::span<const double> w) {
                                    double bad = 0;
                                    double all = 0;
                                    for (size_t i = 0; i < w.size(); ++i) {
                                      bad += w[i] * s.target()[i];
                                      all += w[i];
                                      drawn[i] += w[i];
                                    }
                                    EXPECT_EQ(all, 60);
                                    calls += 1;
                                    return bad;
                                  },
                                  {.resamples = 4000});
  EXPECT_EQ(rate.low, bads);
  EXPECT_EQ(rate.high, bads);
  // Each row once a resample on average; its sum over 4001 calls has a deviation of about 63.
  for (const double count : drawn) EXPECT_NEAR(count, calls, 320);
}

TEST(Bootstrap, FoldsAreResampledApartAndMeaned) {
  const TestData a = random_data(400, 1);
  const TestData b = random_data(400, 2);
  std::vector<RankedSample> folds;
  folds.emplace_back(a.scores, a.target);
  folds.emplace_back(b.scores, b.target);
  const Metrics metrics = [&](size_t f, std::span<const double> w, std::span<double> out) { out[0] = auc(folds[f], w); };
  const Interval both = bootstrap_folds(folds, 1, metrics, {.resamples = 1500})[0];
  const Interval one = bootstrap(folds[0], auc_of, {.resamples = 1500});
  EXPECT_NEAR(both.value, (auc(a.scores, a.target) + auc(b.scores, b.target)) / 2, 1e-12);
  // The mean of two independent folds of one size is sqrt 2 surer than one.
  EXPECT_NEAR((one.high - one.low) / (both.high - both.low), std::sqrt(2.0), 0.2);
}

TEST(Bootstrap, LeavesOutResamplesWithoutAValue) {
  const TestData d = random_data(50, 1);
  const RankedSample sample(d.scores, d.target);
  int call = 0;
  const Interval half = bootstrap(sample, [&](const RankedSample&, std::span<const double>) { return ++call % 2 == 0 ? std::nan("") : 3.0; });
  EXPECT_EQ(half.low, 3);
  EXPECT_EQ(half.high, 3);
  const Interval none = bootstrap(sample, [](const RankedSample&, std::span<const double>) { return std::nan(""); });
  EXPECT_TRUE(std::isnan(none.low));
  EXPECT_THROW((void)bootstrap(sample, auc_of, {.resamples = 0}), Error);
  EXPECT_THROW((void)bootstrap(sample, auc_of, {.confidence = 1}), Error);
}

}  // namespace
}  // namespace obligor::metric
