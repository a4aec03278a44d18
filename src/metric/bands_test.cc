#include "metric/bands.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "metric/calibration.h"
#include "metric/metric_test_data.h"
#include "metric/roc.h"

namespace obligor::metric {
namespace {

// Ten loans by hand: 2 bad of 4 above .5, none of 6 below.
TEST(Bands, TellWhatACutOffBuys) {
  const std::vector<double> scores{0.1, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8};
  const std::vector<uint8_t> target{0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
  const RankedSample sample(scores, target);
  const auto bands = score_bands(sample, std::vector<double>{0.3, 0.5});
  ASSERT_EQ(bands.size(), 3U);
  EXPECT_EQ(bands[0].rows, 2U);
  EXPECT_EQ(bands[1].rows, 4U);
  EXPECT_EQ(bands[1].low, 0.3);  // a score that equals the cut opens the band
  EXPECT_EQ(bands[1].high, 0.4);
  EXPECT_EQ(bands[2].rows, 4U);
  EXPECT_TRUE(std::isinf(bands[0].odds));
  EXPECT_EQ(bands[2].odds, 1.0);
  EXPECT_EQ(bands[2].bad_rate.value, 0.5);
  EXPECT_DOUBLE_EQ(bands[1].approved.share, 0.6);
  EXPECT_EQ(bands[1].approved.bad_rate.value, 0.0);
  EXPECT_EQ(bands[1].approved.bads_declined, 1.0);
  EXPECT_DOUBLE_EQ(bands[1].approved.goods_declined, 0.25);
  EXPECT_DOUBLE_EQ(bands[1].approved.ks, 0.75);
  EXPECT_EQ(bands[2].approved.share, 1.0);
  EXPECT_EQ(bands[2].approved.odds, 4.0);
  EXPECT_EQ(bands[2].approved.ks, 0.0);
}

// Each cumulative figure recomputed from the rows.
TEST(Bands, EqualASumOverRows) {
  const TestData d = random_data(900, 5, 60);
  const RankedSample sample(d.scores, d.target, d.weights);
  const auto cuts = even_cuts(sample, 12);
  const auto bands = score_bands(sample, cuts);
  ASSERT_EQ(bands.size(), cuts.size() + 1);
  double good = 0;
  double bad = 0;
  for (size_t i = 0; i < d.scores.size(); ++i) (d.target[i] != 0 ? bad : good) += d.weights[i];
  for (size_t b = 0; b < bands.size(); ++b) {
    double good_in = 0;
    double bad_in = 0;
    size_t rows = 0;
    for (size_t i = 0; i < d.scores.size(); ++i) {
      if (b < cuts.size() && d.scores[i] >= cuts[b]) continue;
      ++rows;
      (d.target[i] != 0 ? bad_in : good_in) += d.weights[i];
    }
    EXPECT_NEAR(bands[b].approved.share, (good_in + bad_in) / (good + bad), 1e-12);
    EXPECT_NEAR(bands[b].approved.bad_rate.value, bad_in / (good_in + bad_in), 1e-12);
    EXPECT_NEAR(bands[b].approved.bads_declined, 1 - bad_in / bad, 1e-12);
    EXPECT_NEAR(bands[b].approved.goods_declined, 1 - good_in / good, 1e-12);
    size_t listed = 0;
    for (size_t k = 0; k <= b; ++k) listed += bands[k].rows;
    EXPECT_EQ(listed, rows);
  }
}

// With a band a distinct score, the best cut-off of the table is the KS.
TEST(Bands, ReachTheKsWhereEveryScoreIsACut) {
  const TestData d = random_data(600, 9, 80);
  const RankedSample sample(d.scores, d.target, d.weights);
  std::vector<double> cuts(d.scores);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  double best = 0;
  for (const auto& band : score_bands(sample, cuts)) best = std::max(best, band.approved.ks);
  EXPECT_NEAR(best, ks(sample, sample.weights()), 1e-12);
}

TEST(Bands, EvenOnesHoldAboutAsMuchAndKeepTiesTogether) {
  const TestData d = random_data(4000, 3);
  const RankedSample sample(d.scores, d.target);
  const auto bands = score_bands(sample, even_cuts(sample, 20));
  ASSERT_EQ(bands.size(), 20U);
  for (const auto& band : bands) EXPECT_NEAR(band.weight, 200, 1.01);

  const std::vector<double> tied{0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9};
  const std::vector<uint8_t> target{0, 1, 0, 0, 0, 1, 0, 1};
  const RankedSample few(tied, target);
  const auto three = score_bands(few, even_cuts(few, 4));
  ASSERT_EQ(three.size(), 3U);
  EXPECT_EQ(three[1].rows, 6U);
  EXPECT_TRUE(even_cuts(few, 1).empty());
}

TEST(Bands, WeightTwoIsARowTwice) {
  TestData d = random_data(300, 21, 30);
  for (double& w : d.weights) w = w > 0.75 ? 2.0 : 1.0;
  std::vector<double> scores;
  std::vector<uint8_t> target;
  for (size_t i = 0; i < d.scores.size(); ++i) {
    for (int k = 0; k < static_cast<int>(d.weights[i]); ++k) {
      scores.push_back(d.scores[i]);
      target.push_back(d.target[i]);
    }
  }
  const std::vector<double> cuts{0.2, 0.4, 0.6};
  const auto weighted = score_bands(RankedSample(d.scores, d.target, d.weights), cuts);
  const auto copied = score_bands(RankedSample(scores, target), cuts);
  ASSERT_EQ(weighted.size(), copied.size());
  for (size_t b = 0; b < weighted.size(); ++b) {
    EXPECT_DOUBLE_EQ(weighted[b].bad_rate.value, copied[b].bad_rate.value);
    EXPECT_DOUBLE_EQ(weighted[b].approved.ks, copied[b].approved.ks);
    EXPECT_NEAR(weighted[b].mean_score, copied[b].mean_score, 1e-12);
  }
}

TEST(Bands, RefuseCutsThatDoNotRise) {
  const TestData d = random_data(50, 2);
  const RankedSample sample(d.scores, d.target);
  EXPECT_THROW((void)score_bands(sample, std::vector<double>{0.5, 0.5}), Error);
  EXPECT_THROW((void)score_bands(sample, std::vector<double>{std::nan("")}), Error);
  EXPECT_THROW((void)even_cuts(sample, 0), Error);
}

}  // namespace
}  // namespace obligor::metric
