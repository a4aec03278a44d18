#include "study/cutoffs.h"

#include <cmath>

#include "study/compare.h"
#include "study/document.h"
#include "study/study_test_data.h"

namespace obligor {
namespace {

struct Sample {
  std::vector<double> probability;
  std::vector<uint8_t> target;
  [[nodiscard]] metric::RankedSample ranked() const { return {probability, target}; }
};

Sample make_sample(size_t rows, uint64_t seed) {
  Random random(seed, "cutoffs");
  Sample sample;
  for (size_t i = 0; i < rows; ++i) {
    sample.probability.push_back(1 / (1 + std::exp(1.5 - random.normal())));
    sample.target.push_back(static_cast<uint8_t>(random.uniform() < sample.probability.back()));
  }
  return sample;
}

// Odds of 50 : 1 are 600 points and each doubling is 20 more.
TEST(CutOffs, PointsFollowTheScale) {
  const PointScale scale;
  EXPECT_EQ(scale.points(1.0 / 51), 600);
  EXPECT_EQ(scale.points(1.0 / 101), 620);
  EXPECT_EQ(scale.points(1.0 / 26), 580);
  EXPECT_TRUE(std::isfinite(scale.points(0)));
  EXPECT_TRUE(std::isfinite(scale.points(1)));
  const PointScale own = scale_of({{"scorecard", {{"scale", {{"double_odds", 50}, {"base_points", 500}, {"base_odds", 1}}}}}});
  EXPECT_EQ(own.points(0.5), 500);
  EXPECT_EQ(own.points(1.0 / 3), 550);
}

TEST(CutOffs, BandsInPointsHoldEveryRowOnceAndTheirEdgesAreRound) {
  const Sample sample = make_sample(2000, 5);
  const PointScale scale;
  const Json json = cut_offs_json(sample.ranked(), scale, true);
  const Json& bands = json["point_bands"];
  ASSERT_GT(bands.size(), 5U);
  size_t rows = 0;
  for (size_t b = 0; b < bands.size(); ++b) {
    const Json& band = bands[b];
    rows += band["n"].get<size_t>();
    EXPECT_EQ(band.contains("to"), b > 0);  // the safest first
    EXPECT_EQ(band.contains("from"), b + 1 < bands.size());
    const double from = band.value("from", -INFINITY);
    const double to = band.value("to", INFINITY);
    EXPECT_GE(band["points_low"].get<double>(), from);
    EXPECT_LT(band["points_high"].get<double>(), to);
    size_t inside = 0;
    size_t bad = 0;
    for (size_t i = 0; i < sample.probability.size(); ++i) {
      const double points = scale.points(sample.probability[i]);
      if (points < from || points >= to) continue;
      ++inside;
      bad += sample.target[i];
    }
    EXPECT_EQ(band["n"].get<size_t>(), inside);
    EXPECT_EQ(band["bad"].get<double>(), static_cast<double>(bad));
    if (band.contains("from")) {
      EXPECT_EQ(std::fmod(from, 5.0), 0) << from;
    }
  }
  EXPECT_EQ(rows, 2000U);
  EXPECT_EQ(bands.back()["approval_rate"].get<double>(), 1.0);
}

TEST(CutOffs, AFewRowsHaveFewBands) {
  const Json json = cut_offs_json(make_sample(60, 2).ranked(), {}, false);
  EXPECT_EQ(json["bands"].size(), 2U);
  EXPECT_FALSE(json.contains("point_bands"));
}

TEST(Grades, AreNumberedFromTheSafestAndTheirPdsRise) {
  const Json grades = grades_json(make_sample(3000, 8).ranked(), {});
  ASSERT_GT(grades.size(), 2U);
  for (size_t g = 0; g < grades.size(); ++g) {
    EXPECT_EQ(grades[g]["grade"].get<size_t>(), g + 1);
    if (g > 0) {
      EXPECT_GT(grades[g]["pd"]["value"].get<double>(), grades[g - 1]["pd"]["value"].get<double>());
      EXPECT_EQ(grades[g]["low"], grades[g - 1]["high"]);
    }
  }
  EXPECT_FALSE(grades.back().contains("high"));
  EXPECT_FALSE(grades.front().contains("points_to"));
}

// A model that has learnt its training rows by heart would show a perfect table if any of them were in it.
TEST(CutOffs, OfAComparisonComeFromRowsThatTheFitDidNotSee) {
  const auto loans = study_test::make_loans(400, 3);
  Comparison comparison =
      run_comparison({{study_test::bound_logistic(), {}}}, loans.table, loans.task, loans.split, {}, Context({.seed = 1, .threads = 1}));
  RunFacts facts;
  facts.resamples = 10;
  const Json document = comparison_document(comparison, loans.table, loans.task, loans.split, {}, facts, Context({.seed = 1, .threads = 1}));
  const Json& bands = document["models"][0]["cut_offs"]["bands"];
  size_t rows = 0;
  size_t bad = 0;
  for (const auto& band : bands) {
    rows += band["n"].get<size_t>();
    bad += band["bad"].get<size_t>();
  }
  size_t tested = 0;
  for (const auto& fold : loans.split.folds) tested += fold.test.size();
  EXPECT_EQ(rows, tested);
  EXPECT_EQ(bad, loans.task.bad_count());
  // The jobs hold test probabilities alone: with those of one fold turned round, the table changes as those rows say.
  for (double& p : comparison.models[0].jobs[0].probability) p = 0.999;
  const Json turned = comparison_document(comparison, loans.table, loans.task, loans.split, {}, facts, Context({.seed = 1, .threads = 1}));
  EXPECT_GE(turned["models"][0]["cut_offs"]["bands"].back()["n"].get<size_t>(), loans.split.folds[0].test.size());
}

}  // namespace
}  // namespace obligor
