#include "metric/threshold.h"

#include <gtest/gtest.h>

#include "metric/metric_test_data.h"
#include "metric/roc.h"

namespace obligor::metric {
namespace {

// scikit-learn 1.x: accuracy, precision, recall and F1 of (score >= 0.55), and the argmax of tpr - fpr of roc_curve.
TEST(Threshold, EqualsScikitLearn) {
  const TestData d = formula_data();
  const RankedSample plain(d.scores, d.target);
  const Confusion c = confusion(plain, plain.weights(), 0.55);
  EXPECT_DOUBLE_EQ(c.accuracy(), 0.642);
  EXPECT_NEAR(c.precision(), 0.48058252427184467, 1e-14);
  EXPECT_NEAR(c.recall(), 0.5789473684210527, 1e-14);
  EXPECT_NEAR(c.f1(), 0.5251989389920424, 1e-14);
  EXPECT_EQ(best_threshold(plain), 0.51);
  const RankedSample weighted(d.scores, d.target, d.weights);
  const Confusion w = confusion(weighted, weighted.weights(), 0.55);
  EXPECT_NEAR(w.accuracy(), 0.635638629659588, 1e-12);
  EXPECT_NEAR(w.precision(), 0.4752332551345391, 1e-12);
  EXPECT_NEAR(w.recall(), 0.5700608156137283, 1e-12);
  EXPECT_NEAR(w.f1(), 0.5183457260688982, 1e-12);
  EXPECT_EQ(best_threshold(weighted), 0.51);
}

TEST(Threshold, TheBestOneReachesTheKs) {
  const TestData d = random_data(700, 11, 40);
  const RankedSample sample(d.scores, d.target, d.weights);
  const Confusion c = confusion(sample, sample.weights(), best_threshold(sample));
  EXPECT_NEAR(c.recall() + c.specificity() - 1, ks(sample, sample.weights()), 1e-12);
}

TEST(Threshold, OutsideTheScoresAllOrNoneAreCalledBad) {
  const TestData d = random_data(100, 1);
  const RankedSample sample(d.scores, d.target);
  const Confusion none = confusion(sample, sample.weights(), 2);
  EXPECT_EQ(none.true_bad + none.false_bad, 0);
  EXPECT_EQ(none.precision(), 0);
  EXPECT_EQ(none.f1(), 0);
  const Confusion all = confusion(sample, sample.weights(), -1);
  EXPECT_EQ(all.recall(), 1);
  EXPECT_EQ(all.specificity(), 0);
}

}  // namespace
}  // namespace obligor::metric
