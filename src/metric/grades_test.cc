#include "metric/grades.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.h"
#include "metric/metric_test_data.h"

namespace obligor::metric {
namespace {

// scipy 1.x: stats.binomtest(k, n).proportion_ci(0.95, method="exact").
TEST(Grades, ClopperPearsonEqualsScipy) {
  const Interval some = clopper_pearson(3, 50);
  EXPECT_NEAR(some.low, 0.01254858783533406, 1e-9);
  EXPECT_NEAR(some.high, 0.1654819466037729, 1e-9);
  const Interval none = clopper_pearson(0, 20);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 1.0 / 20), 1e-12);  // closed form
  const Interval all = clopper_pearson(20, 20);
  EXPECT_NEAR(all.low, std::pow(0.025, 1.0 / 20), 1e-12);
  EXPECT_EQ(all.high, 1);
}

TEST(Grades, PdsRiseStrictlyAndCoverEveryRow) {
  const TestData d = random_data(3000, 4);
  const RankedSample sample(d.scores, d.target);
  const auto grades = grade_scale(sample);
  ASSERT_GT(grades.size(), 3U);
  ASSERT_LE(grades.size(), 10U);
  double weight = 0;
  double bad = 0;
  for (size_t g = 0; g < grades.size(); ++g) {
    weight += grades[g].weight;
    bad += grades[g].bad;
    EXPECT_LE(grades[g].pd.low, grades[g].pd.value);
    EXPECT_GE(grades[g].pd.high, grades[g].pd.value);
    if (g == 0) continue;
    EXPECT_GT(grades[g].pd.value, grades[g - 1].pd.value);
    EXPECT_EQ(grades[g].low, grades[g - 1].high);
  }
  EXPECT_EQ(weight, 3000);
  double bads = 0;
  for (const uint8_t y : d.target) bads += y;
  EXPECT_EQ(bad, bads);
  // Counted again by the limits.
  std::vector<double> rows(grades.size());
  for (const double score : d.scores) ++rows[grade_of(grades, score)];
  for (size_t g = 0; g < grades.size(); ++g) EXPECT_EQ(rows[g], static_cast<double>(grades[g].rows));
}

// Where neighbours need not differ, what is left is the isotonic regression of the bands' rates: written down again by the
// max-min formula (Robertson, Wright and Dykstra 1988, theorem 1.4.4).
TEST(Grades, PoolAdjacentViolatorsAsTheMaxMinFormula) {
  const TestData d = random_data(400, 17, 0, 0.4);
  const RankedSample sample(d.scores, d.target);
  const auto grades = grade_scale(sample, {16, 16, 1.0, 0.95});
  std::vector<std::pair<double, uint8_t>> rows;
  for (size_t i = 0; i < d.scores.size(); ++i) rows.emplace_back(d.scores[i], d.target[i]);
  std::sort(rows.begin(), rows.end());
  std::vector<double> bad(16, 0);  // of 25 rows each
  for (size_t i = 0; i < rows.size(); ++i) bad[i / 25] += rows[i].second;
  for (size_t b = 0; b < 16; ++b) {
    double isotonic = 0;
    for (size_t from = 0; from <= b; ++from) {
      double least = 1;
      double sum = 0;
      for (size_t to = from; to < 16; ++to) {
        sum += bad[to];
        if (to >= b) least = std::min(least, sum / (25.0 * static_cast<double>(to - from + 1)));
      }
      isotonic = std::max(isotonic, least);
    }
    EXPECT_NEAR(grades[grade_of(grades, rows[25 * b + 12].first)].pd.value, isotonic, 1e-12) << b;
  }
}

TEST(Grades, NeighboursCanBeToldApart) {
  const TestData d = random_data(2000, 8);
  const auto grades = grade_scale(RankedSample(d.scores, d.target));
  for (size_t g = 1; g < grades.size(); ++g) {
    const double na = grades[g - 1].weight;
    const double nb = grades[g].weight;
    const double pooled = (grades[g - 1].bad + grades[g].bad) / (na + nb);
    const double gap = grades[g].pd.value - grades[g - 1].pd.value;
    EXPECT_GE(gap * gap / (pooled * (1 - pooled) * (1 / na + 1 / nb)), 3.8414588);  // chi-square of p = .05
  }
}

TEST(Grades, AScoreThatSaysNothingHasOneGrade) {
  TestData d = random_data(1000, 2);
  Random random(7, "grades");
  for (auto& y : d.target) y = static_cast<uint8_t>(random.uniform() < 0.2);
  const auto grades = grade_scale(RankedSample(d.scores, d.target), {20, 10, 0.001, 0.95});
  EXPECT_EQ(grades.size(), 1U);
  EXPECT_EQ(grades[0].low, 0);
  EXPECT_TRUE(std::isinf(grades[0].high));
  EXPECT_LT(grades[0].p_value, 0.01);  // the scores say .25 on average and more
}

// Over many samples the 95 % interval of a grade with fixed limits holds the true PD at least so often.
TEST(Grades, TheIntervalHoldsTheTruth) {
  Random random(3, "coverage");
  int held = 0;
  for (int run = 0; run < 2000; ++run) {
    int bad = 0;
    for (int i = 0; i < 80; ++i) bad += random.uniform() < 0.07 ? 1 : 0;
    const Interval interval = clopper_pearson(bad, 80);
    held += interval.low <= 0.07 && 0.07 <= interval.high ? 1 : 0;
  }
  EXPECT_GE(held, 1900);
}

TEST(Grades, RefuseWhatIsNoProbability) {
  const std::vector<double> points{520, 600, 640};
  const std::vector<uint8_t> target{1, 0, 0};
  EXPECT_THROW((void)grade_scale(RankedSample(points, target)), Error);
  const TestData d = random_data(50, 2);
  EXPECT_THROW((void)grade_scale(RankedSample(d.scores, d.target), {20, 0, 0.05, 0.95}), Error);
}

}  // namespace
}  // namespace obligor::metric
