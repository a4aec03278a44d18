#include <gmock/gmock.h>

#include "metric/roc.h"
#include "zoo/tree/tree_test_support.h"

namespace obligor::tree {
namespace {

using zoo::fit_tree_vote;
using zoo::tree_vote_entry;

FitResult fit(const Sample& sample, const Given& given = {}, uint64_t seed = 3) {
  return fit_with(fit_tree_vote, tree_vote_entry(), sample, given, seed);
}

TEST(TreeVote, TheScoreIsTheWeightedMeanOfTheThree) {
  const Sample sample = random_sample(1200, 1);
  const FitResult result = fit(sample);
  const Json& trees = result.report.details["trees"];
  ASSERT_EQ(trees.size(), 3U);
  double gini_sum = 0;
  for (const auto& member : trees) gini_sum += 2 * member["held_back_auc"].get<double>() - 1;
  std::vector<double> mean(sample.rows, 0);
  const FitFunction fits[] = {zoo::fit_cart, zoo::fit_chaid, zoo::fit_c50};
  const ModelEntry entries[] = {zoo::cart_entry(), zoo::chaid_entry(), zoo::c50_entry()};
  const Given params[] = {{{"se", "0"}}, {}, {{"trials", "10"}, {"min_cases", "10"}}};
  for (size_t k = 0; k < 3; ++k) {
    const auto weight = trees[k]["weight"].get<double>();
    EXPECT_NEAR(weight, (2 * trees[k]["held_back_auc"].get<double>() - 1) / gini_sum, 1e-12);
    const auto own = fit_with(fits[k], entries[k], sample, params[k]).model->predict(sample.batch()).values;
    for (size_t r = 0; r < sample.rows; ++r) mean[r] += weight * own[r];
  }
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, mean), 1e-12);
}

TEST(TreeVote, ThePlanScoresAsTheTreesDo) {
  const Sample sample = random_sample(1000, 2, 0.05);
  for (const Given& given : {Given{{"c50_trials", "2"}}, Given{{"weights", "equal"}, {"c50_trials", "1"}}}) {
    const FitResult result = fit(sample, given);
    const Sample edge = edge_sample(sample, 1000, 2);
    EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_scores(*result.model, edge)), 1e-6);
  }
}

TEST(TreeVote, RanksFreshRowsNoWorseThanItsWeakestMember) {
  const Sample sample = random_sample(2000, 5);
  const Sample fresh = random_sample(4000, 6);
  const auto auc = [&](const FitResult& result) { return metric::auc(result.model->predict(fresh.batch()).values, fresh.target); };
  const double vote = auc(fit(sample));
  EXPECT_GT(vote, auc(fit_with(zoo::fit_cart, zoo::cart_entry(), sample, {})));
  EXPECT_GT(vote, auc(fit_with(zoo::fit_chaid, zoo::chaid_entry(), sample, {})));
}

TEST(TreeVote, WeightsComeFromRowsHeldBackAndFromTheSeed) {
  const Sample sample = random_sample(800, 7);
  const auto weights = [&](const Given& given, uint64_t seed) {
    std::vector<double> found;
    const FitResult result = fit(sample, given, seed);
    for (const auto& member : result.report.details["trees"]) found.push_back(member["weight"].get<double>());
    return found;
  };
  EXPECT_EQ(weights({}, 1), weights({}, 1));
  EXPECT_NE(weights({}, 1), weights({}, 2));
  EXPECT_NE(weights({}, 1), weights({{"weights", "accuracy"}}, 1));
  EXPECT_THAT(weights({{"weights", "equal"}}, 1), testing::Each(testing::DoubleEq(1 / 3.0)));
}

TEST(TreeVote, ALevelOfOneEventIsNoCertainty) {
  // 500 rows of 20 % bad in two levels, and a level whose only row is bad.
  Sample sample = make_sample({"job", "x"}, {1, 0});
  for (int i = 0; i < 500; ++i) sample.add({static_cast<float>(i % 2), static_cast<float>(i % 7)}, i % 5 == 0 ? 1 : 0);
  sample.add({2, 3}, 1);
  const FitResult result = fit(sample);
  Sample one = make_sample(sample.names, sample.categorical);
  one.add({2, 3}, 0);
  const double score = result.model->predict(one.batch()).values[0];
  EXPECT_GT(score, 0);
  EXPECT_LT(score, 0.75);
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, plan_scores(*result.model, sample)), 1e-6);
}

TEST(TreeVote, PerfectSeparationLeavesScoresInsideTheRange) {
  Sample parted = make_sample({"x"}, {0});
  parted.add({-1}, 1, 50);
  parted.add({1}, 0, 50);
  const auto scores = fit(parted).model->predict(parted.batch()).values;
  EXPECT_GT(scores.front(), 0.9);
  EXPECT_LT(scores.front(), 1);
  EXPECT_GT(scores.back(), 0);
  EXPECT_LT(scores.back(), 0.1);
}

TEST(TreeVote, BadInputIsRefusedOrSaid) {
  Sample one = make_sample({"x"}, {0});
  one.add({1}, 1);
  EXPECT_EQ(code_of(fit_tree_vote, tree_vote_entry(), one), ErrorCode::kData);
  Sample two = make_sample({"x"}, {0});
  two.add({1}, 1);
  two.add({2}, 0, 30);
  const FitResult result = fit(two);
  EXPECT_FALSE(result.report.notes.empty());
  EXPECT_NEAR(result.report.details["trees"][0]["weight"].get<double>(), 1 / 3.0, 1e-12);
  Sample flat = make_sample({"x"}, {0});
  flat.add({1}, 1, 20);
  flat.add({1}, 0, 60);
  EXPECT_NEAR(fit(flat).model->predict(flat.batch()).values[0], 0.25, 1e-9);
}

}  // namespace
}  // namespace obligor::tree
