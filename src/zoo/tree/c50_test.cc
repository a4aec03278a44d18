#include <numeric>
#include <set>

#include <gmock/gmock.h>

#include "zoo/tree/c50_grow.h"
#include "zoo/tree/tree_test_support.h"

namespace obligor::tree {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::c50_entry;
using zoo::fit_c50;

const Context one_thread({.seed = 3, .threads = 1});

FitResult fit(const Sample& sample, const Given& given = {}, uint64_t seed = 3) { return fit_with(fit_c50, c50_entry(), sample, given, seed); }

// Quinlan (1993), figure 2.1: the golf data. Bad (1) is "Don't Play". outlook: 0 sunny, 1 overcast, 2 rain.
Sample golf() {
  Sample sample = make_sample({"outlook", "temperature", "humidity", "windy"}, {1, 0, 0, 1});
  sample.levels = {{"sunny", "overcast", "rain"}, {}, {}, {"false", "true"}};
  sample.add({0, 75, 70, 1}, 0);
  sample.add({0, 80, 90, 1}, 1);
  sample.add({0, 85, 85, 0}, 1);
  sample.add({0, 72, 95, 0}, 1);
  sample.add({0, 69, 70, 0}, 0);
  sample.add({1, 72, 90, 1}, 0);
  sample.add({1, 83, 78, 0}, 0);
  sample.add({1, 64, 65, 1}, 0);
  sample.add({1, 81, 75, 0}, 0);
  sample.add({2, 71, 80, 1}, 1);
  sample.add({2, 65, 70, 1}, 1);
  sample.add({2, 75, 80, 0}, 0);
  sample.add({2, 68, 80, 0}, 0);
  sample.add({2, 70, 96, 0}, 0);
  return sample;
}

// Section 3.2: the same with the outlook of the sixth case unknown.
Sample golf_with_missing() {
  Sample sample = golf();
  sample.features[5 * 4] = kNan;
  return sample;
}

Columns columns(const Sample& sample) { return ranked_columns(sample); }

Cases all_cases(const Sample& sample) {
  Cases cases;
  for (uint32_t row = 0; row < sample.rows; ++row) cases.push_back({row, sample.weight.empty() ? 1.0 : sample.weight[row]});
  return cases;
}

std::string rules_of(const Sample& sample, const Given& given) { return fit(sample, given).report.details["rules"].get<std::string>(); }

// Section 2.2: gain(outlook) = 0.940 - 0.694 = 0.246 bits, split info 1.577, ratio 0.156; windy .048 (and the ratio .048 / .985).
TEST(C50, GivesQuinlansGainRatiosOfTheGolfData) {
  const Sample sample = golf();
  const C50Test outlook = test_column(columns(sample), 0, all_cases(sample), {});
  EXPECT_NEAR(outlook.gain, 0.246, 1e-3);
  EXPECT_NEAR(outlook.information, 1.577, 1e-3);
  EXPECT_NEAR(outlook.ratio(), 0.156, 1e-3);
  const C50Test windy = test_column(columns(sample), 3, all_cases(sample), {});
  EXPECT_NEAR(windy.gain, 0.048, 1e-3);
  EXPECT_NEAR(windy.information, 0.985, 1e-3);
}

// Section 3.2.1: info .961, gain 13/14 (.961 - .747) = .199 bits, split info 1.809 with the unknown case as a part of its own.
TEST(C50, GivesQuinlansGainWithAMissingValue) {
  const Sample sample = golf_with_missing();
  const C50Test outlook = test_column(columns(sample), 0, all_cases(sample), {});
  EXPECT_NEAR(outlook.gain, 0.199, 1e-3);
  EXPECT_NEAR(outlook.information, 1.809, 1e-3);
}

TEST(C50, GrowsQuinlansGolfTree) {
  EXPECT_EQ(rules_of(golf(), {{"prune", "false"}, {"leaf_prior", "0"}}),
            "all rows: n=14 bad=35.7%\n"
            "  outlook = sunny: n=5 bad=60.0%\n"
            "    humidity <= 75: n=2 bad=0.0% -> 0.0000\n"
            "    humidity > 75: n=3 bad=100.0% -> 1.0000\n"
            "  outlook = overcast: n=4 bad=0.0% -> 0.0000\n"
            "  outlook = rain: n=5 bad=40.0%\n"
            "    windy = false: n=3 bad=0.0% -> 0.0000\n"
            "    windy = true: n=2 bad=100.0% -> 1.0000\n");
}

// Section 3.2.3: humidity <= 75: Play (2.0); > 75: Don't (3.4/0.4); overcast: Play (3.2); windy: Don't (2.4/0.4), not: Play (3.0).
// A sunny day of 70 degrees without wind and of unknown humidity: 2.0/5.4 x 100 % + 3.4/5.4 x 12 % = 44 % Play.
TEST(C50, SharesACaseOutAsQuinlanDoes) {
  const FitResult result = fit(golf_with_missing(), {{"prune", "false"}, {"leaf_prior", "0"}});
  const Json& nodes = result.report.details["nodes"];
  const auto leaf = [&](const std::string& when) {
    for (const auto& node : nodes) {
      if (node["when"] == when) return std::pair{node["n"].get<double>(), node["bad_rate"].get<double>() * node["n"].get<double>()};
    }
    ADD_FAILURE() << when;
    return std::pair{0.0, 0.0};
  };
  EXPECT_NEAR(leaf("humidity <= 75").first, 2.0, 1e-12);
  EXPECT_NEAR(leaf("humidity > 75").first, 3 + 5 / 13.0, 1e-12);
  EXPECT_NEAR(leaf("humidity > 75").second, 3.0, 1e-12);
  EXPECT_NEAR(leaf("outlook = overcast").first, 3 + 3 / 13.0, 1e-12);
  EXPECT_NEAR(leaf("windy = true").first, 2 + 5 / 13.0, 1e-12);
  EXPECT_NEAR(leaf("windy = false").first, 3.0, 1e-12);
  // Humidity had no missing value in training, so here a case without outlook is shared out and one without humidity is not.
  const Sample sample = golf_with_missing();
  Sample shared = make_sample(sample.names, sample.categorical);
  shared.add({kNan, 70, 90, 0}, 0);
  const double play = 5 / 13.0 * (5 / 13.0) / (3 + 5 / 13.0) + 3 / 13.0 + 5 / 13.0;
  EXPECT_NEAR(result.model->predict(shared.batch()).values[0], 1 - play, 1e-12);
  EXPECT_NEAR(plan_scores(*result.model, shared)[0], 1 - play, 1e-6);
  Columns made = columns(sample);
  const auto root = grow_c50(made, all_cases(sample), {}, one_thread);
  made.values[0][0] = 0;
  made.values[2][0] = kNan;
  EXPECT_NEAR(share_of_bad(*root, made, 0), 1 - 0.44, 0.005);
}

// Section 4.2: U25%(0, 6) = .206, U25%(0, 9) = .143, U25%(0, 1) = .750, U25%(1, 16) = .157, and the subtree's 3.273 against the leaf's 2.512.
TEST(C50, GivesQuinlansPessimisticRates) {
  EXPECT_NEAR(upper_error_rate(0, 6, 0.25), 0.206, 5e-4);
  EXPECT_NEAR(upper_error_rate(0, 9, 0.25), 0.143, 5e-4);
  EXPECT_NEAR(upper_error_rate(0, 1, 0.25), 0.750, 5e-4);
  EXPECT_NEAR(upper_error_rate(1, 16, 0.25), 0.157, 5e-4);
  EXPECT_NEAR(6 * upper_error_rate(0, 6, 0.25) + 9 * upper_error_rate(0, 9, 0.25) + upper_error_rate(0, 1, 0.25), 3.273, 2e-3);
  EXPECT_NEAR(16 * upper_error_rate(1, 16, 0.25), 2.512, 16 * 5e-4);
  EXPECT_NEAR(upper_error_rate(0.5, 8, 0.25), (upper_error_rate(0, 8, 0.25) + upper_error_rate(1, 8, 0.25)) / 2, 1e-12);
  EXPECT_LT(upper_error_rate(10, 100, 0.4), upper_error_rate(10, 100, 0.1));
}

// The vote example of section 4.2: a branch of three leaves, 6 + 9 + 1 cases of which the last is the other class, becomes a leaf.
TEST(C50, PrunesTheBranchOfTheBook) {
  Sample sample = make_sample({"education"}, {1});
  sample.add({0}, 0, 6);
  sample.add({1}, 0, 9);
  sample.add({2}, 1, 1);
  C50Options options;
  options.min_cases = 1;
  options.global_pruning = false;
  const auto root = grow_c50(columns(sample), all_cases(sample), options, one_thread);
  ASSERT_EQ(root->leaves(), 3U);
  prune_c50(*root, columns(sample), all_cases(sample), options);
  EXPECT_TRUE(root->leaf());
  EXPECT_NEAR(root->errors, 2.512, 16 * 5e-4);
}

// The gain of a number's cut is lowered by log2(cuts tried) / n (or of the range over the gap, when less): here 9 cuts of equal gaps, 10 cases.
TEST(C50, ANumberPaysForItsCut) {
  Sample sample = make_sample({"x"}, {0});
  for (int i = 0; i < 10; ++i) sample.add({static_cast<float>(i)}, i < 5 ? 0 : 1);
  C50Options options;
  options.min_cases = 1;
  EXPECT_NEAR(test_column(columns(sample), 0, all_cases(sample), options).gain, 1 - std::log2(9.0) / 10, 1e-12);
  sample.features[9] = 1000;  // a long range does not change the number of cuts
  EXPECT_NEAR(test_column(columns(sample), 0, all_cases(sample), options).gain, 1 - std::log2(9.0) / 10, 1e-12);
  options.min_cases = 2;  // cuts that leave one case do not count
  EXPECT_NEAR(test_column(columns(sample), 0, all_cases(sample), options).gain, 1 - std::log2(7.0) / 10, 1e-12);
}

TEST(C50, GroupsOfLevelsRaiseTheGainRatio) {
  Sample sample = make_sample({"job"}, {1});
  for (int level = 0; level < 8; ++level) {
    sample.add({static_cast<float>(level)}, 1, level % 2 == 0 ? 40 : 10);
    sample.add({static_cast<float>(level)}, 0, level % 2 == 0 ? 10 : 40);
  }
  C50Options options;
  const C50Test each = test_column(columns(sample), 0, all_cases(sample), options);
  options.subset = true;
  const C50Test grouped = test_column(columns(sample), 0, all_cases(sample), options);
  EXPECT_NEAR(grouped.gain, each.gain, 1e-12);  // levels of equal rate lose nothing by joining
  EXPECT_NEAR(grouped.information, 1, 1e-12);
  EXPECT_EQ(std::set<int32_t>(grouped.branch.child_of.begin(), grouped.branch.child_of.end()).size(), 2U);
}

TEST(C50, ThePlanScoresAsTheTreeDoes) {
  const Sample sample = random_sample(1500, 1);
  for (const Given& given : {Given{}, Given{{"prune", "false"}, {"min_cases", "20"}}, Given{{"trials", "5"}, {"min_cases", "10"}, {"subset", "true"}},
                             Given{{"confidence", "0.5"}, {"global_pruning", "false"}, {"min_cases", "15"}}}) {
    const FitResult result = fit(sample, given);
    EXPECT_GE(result.report.details["leaves"].get<int>(), 2);
    const Sample edge = edge_sample(sample, 1500, 2);
    EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_scores(*result.model, edge)), 1e-6);
  }
  const Sample whole = random_sample(1500, 1, 0);  // nothing missing in training: plain trees
  const FitResult result = fit(whole, {{"trials", "3"}});
  const Sample edge = edge_sample(whole, 3000, 2);
  EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_scores(*result.model, edge)), 1e-6);
}

TEST(C50, PruningTakesLeavesAwayAndGlobalPruningMore) {
  const Sample sample = random_sample(2000, 5, 0);
  const auto leaves = [&](const Given& given) { return fit(sample, given).report.details["leaves"].get<int>(); };
  const int grown = leaves({{"prune", "false"}});
  const int local = leaves({{"global_pruning", "false"}});
  const int both = leaves({});
  EXPECT_LT(local, grown);
  EXPECT_LT(both, local);
  EXPECT_GT(both, 1);
}

TEST(C50, WinnowingLeavesNoiseOut) {
  Random random(7, "winnow");
  Sample sample = make_sample({"x", "a", "b", "c"}, {0, 0, 0, 0});
  for (int i = 0; i < 1000; ++i) {
    const auto x = static_cast<float>(random.normal());
    const auto noise = [&] { return static_cast<float>(random.normal()); };
    sample.add({x, noise(), noise(), noise()}, random.uniform() < (x > 0 ? 0.95 : 0.05) ? 1 : 0);
  }
  const Json details = fit(sample, {{"winnow", "true"}}).report.details;
  EXPECT_GE(details["winnowed"].size(), 1U);
  for (const auto& name : details["winnowed"]) EXPECT_NE(name, "x");
}

TEST(C50, BoostingMakesSeveralTreesThatRankBetterThanOne) {
  const Sample sample = random_sample(3000, 9, 0);
  const Sample fresh = random_sample(4000, 10, 0);
  const auto brier = [&](const FitResult& result) {
    const auto p = result.model->predict(fresh.batch()).values;
    double sum = 0;
    for (size_t i = 0; i < p.size(); ++i) sum += std::pow(p[i] - fresh.target[i], 2);
    return sum / static_cast<double>(p.size());
  };
  const FitResult one = fit(sample);
  const FitResult ten = fit(sample, {{"trials", "10"}});
  EXPECT_EQ(ten.report.details["trials"].get<int>(), 10);
  EXPECT_LT(brier(ten), brier(one));
}

TEST(C50, RulesAreShortAndLiftTheirClass) {
  const Json rules = fit(golf(), {{"prune", "false"}}).report.details["rule_set"];
  ASSERT_FALSE(rules.empty());
  // Two of two rainy days with wind are bad: (2 + 1) / (2 + 2) over 5 / 14.
  EXPECT_EQ(rules[0]["then"], "bad");
  bool found = false;
  for (const auto& rule : rules) {
    EXPECT_GT(rule["lift"].get<double>(), 1);
    if (rule["if"] == "outlook = rain and windy = true") {
      EXPECT_NEAR(rule["lift"].get<double>(), 0.75 / (5.0 / 14), 1e-12);
      found = true;
    }
  }
  EXPECT_TRUE(found);
  for (size_t i = 1; i < rules.size(); ++i) EXPECT_LE(rules[i]["lift"].get<double>(), rules[i - 1]["lift"].get<double>());
}

TEST(C50, TheSameSeedGivesTheSameTreesOnOneThreadAndOnTwo) {
  const Sample sample = random_sample(6000, 6, 0.02);
  const Params params =
      make_params(c50_entry().params, std::vector<std::pair<std::string, std::string>>{{"winnow", "true"}, {"trials", "2"}}, "model 'c50'");
  const auto rules = [&](int threads) { return fit_c50(sample.input(), params, Context({.seed = 5, .threads = threads})).report.details["rules"]; };
  EXPECT_EQ(rules(1), rules(2));
}

TEST(C50, ALevelOfOneEventIsNoCertainty) {
  // 500 rows of 20 % bad in two levels, and a level whose only row is bad.
  Sample sample = make_sample({"job", "x"}, {1, 0});
  for (int i = 0; i < 500; ++i) sample.add({static_cast<float>(i % 2), static_cast<float>(i % 7)}, i % 5 == 0 ? 1 : 0);
  sample.add({2, 3}, 1);
  const FitResult result = fit(sample, {{"prune", "false"}, {"min_cases", "1"}});
  Sample one = make_sample(sample.names, sample.categorical);
  one.add({2, 3}, 0);
  const double score = result.model->predict(one.batch()).values[0];
  EXPECT_GT(score, 0);
  EXPECT_LT(score, 0.75);
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, plan_scores(*result.model, sample)), 1e-6);
}

TEST(C50, BadInputIsRefusedOrSaid) {
  Sample one = make_sample({"x"}, {0});
  one.add({1}, 1);
  EXPECT_EQ(code_of(fit_c50, c50_entry(), one), ErrorCode::kData);
  Sample flat = make_sample({"constant", "missing", "level"}, {0, 0, 1});
  flat.add({1, kNan, 0}, 1, 30);
  flat.add({1, kNan, 0}, 0, 70);
  const FitResult nothing = fit(flat);
  EXPECT_NEAR(nothing.model->predict(flat.batch()).values[0], 0.3, 1e-12);
  EXPECT_THAT(nothing.report.notes, ElementsAre(HasSubstr("no split")));
  Sample parted = make_sample({"x"}, {0});
  parted.add({-std::numeric_limits<float>::infinity()}, 1, 50);
  parted.add({1e30F}, 0, 50);
  EXPECT_EQ(fit(parted, {{"trials", "5"}, {"winnow", "true"}}).report.details["leaves"].get<int>(), 2);
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  EXPECT_THROW((void)fit_c50(parted.input(), make_params(c50_entry().params, {}, "model 'c50'"), context), Error);
}

}  // namespace
}  // namespace obligor::tree
