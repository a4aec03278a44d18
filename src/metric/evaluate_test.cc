#include "metric/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "core/error.h"
#include "metric/calibration.h"
#include "metric/metric_test_data.h"
#include "metric/roc.h"
#include "metric/threshold.h"

namespace obligor::metric {
namespace {

TEST(Evaluate, EveryValueIsThatOfItsOwnFunction) {
  const TestData d = random_data(800, 3, 50);
  const BinaryMetrics m = evaluate_binary(d.scores, d.target, d.weights, 0.3, {.resamples = 50, .seed = 1});
  const RankedSample s(d.scores, d.target, d.weights);
  const auto w = s.weights();
  EXPECT_NEAR(m.auc.value, auc(d.scores, d.target, d.weights), 1e-13);
  EXPECT_NEAR(m.gini.value, 2 * m.auc.value - 1, 1e-13);
  EXPECT_NEAR(m.ks.value, ks(s, w), 1e-13);
  EXPECT_NEAR(m.pr_auc.value, pr_auc(s, w), 1e-13);
  EXPECT_NEAR(m.brier.value, brier(s, w), 1e-13);
  EXPECT_NEAR(m.log_loss.value, log_loss(s, w), 1e-13);
  EXPECT_NEAR(m.ece.value, ece(s, w), 1e-13);
  EXPECT_NEAR(m.h_measure.value, h_measure(s, w), 1e-13);
  const Confusion c = confusion(s, w, 0.3);
  EXPECT_NEAR(m.accuracy.value, c.accuracy(), 1e-13);
  EXPECT_NEAR(m.precision.value, c.precision(), 1e-13);
  EXPECT_NEAR(m.recall.value, c.recall(), 1e-13);
  EXPECT_NEAR(m.f1.value, c.f1(), 1e-13);
  EXPECT_EQ(m.rows, 800U);
  std::set<std::string> names;
  for (const auto& [name, interval] : m.named()) {
    names.insert(std::string(name));
    EXPECT_LE(interval.low, interval.value) << name;
    EXPECT_GE(interval.high, interval.value) << name;
    EXPECT_LT(interval.low, interval.high) << name;
  }
  EXPECT_EQ(names.size(), 12U);
}

TEST(Evaluate, OverFoldsIsTheMean) {
  const TestData a = random_data(300, 1);
  const TestData b = random_data(500, 2);
  const std::vector<FoldScores> folds{{a.scores, a.target, {}, 0.3}, {b.scores, b.target, {}, 0.4}};
  const EvaluateOptions options{.resamples = 20};
  const BinaryMetrics both = evaluate_binary(folds, options);
  const BinaryMetrics first = evaluate_binary(a.scores, a.target, {}, 0.3, options);
  const BinaryMetrics second = evaluate_binary(b.scores, b.target, {}, 0.4, options);
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(both.named()[i].second.value, (first.named()[i].second.value + second.named()[i].second.value) / 2, 1e-12) << both.named()[i].first;
  }
  EXPECT_EQ(both.rows, 800U);
}

TEST(Evaluate, ScoresThatAreNoProbabilities) {
  TestData d = random_data(200, 5);
  const BinaryMetrics before = evaluate_binary(d.scores, d.target, {}, 0.3, {.resamples = 20});
  for (double& s : d.scores) s = 600 - 20 * std::log(s);
  for (double& s : d.scores) s = -s;
  EXPECT_THROW((void)evaluate_binary(d.scores, d.target, {}, -620, {}), Error);
  const BinaryMetrics after = evaluate_binary(d.scores, d.target, {}, -620, {.resamples = 20, .probabilities = false});
  EXPECT_NEAR(after.auc.value, before.auc.value, 1e-13);
  EXPECT_TRUE(std::isnan(after.brier.value));
  EXPECT_TRUE(std::isnan(after.ece.low));
  EXPECT_FALSE(std::isnan(after.h_measure.low));
}

TEST(Evaluate, OneBadRowStillHasNumbers) {
  const std::vector<double> scores{0.1, 0.9, 0.2, 0.4};
  const std::vector<uint8_t> target{0, 1, 0, 0};
  const BinaryMetrics m = evaluate_binary(scores, target, {}, 0.5, {.resamples = 20});
  EXPECT_EQ(m.auc.value, 1);
  EXPECT_EQ(m.auc.low, 0);
  EXPECT_EQ(m.f1.value, 1);
  const std::vector<uint8_t> good{0, 0, 0, 0};
  EXPECT_THROW((void)evaluate_binary(scores, good, {}, 0.5, {}), Error);
}

}  // namespace
}  // namespace obligor::metric
