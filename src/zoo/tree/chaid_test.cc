#include "zoo/tree/chaid_merge.h"

#include <bit>
#include <numeric>

#include <gmock/gmock.h>

#include "zoo/tree/tree_test_support.h"

namespace obligor::tree {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::chaid_entry;
using zoo::fit_chaid;

FitResult fit(const Sample& sample, const Given& given = {}) { return fit_with(fit_chaid, chaid_entry(), sample, given); }

// The 1,309 passengers of `titanic3` (F. Harrell, Vanderbilt; British Board of Trade inquiry, 1990 count) by sex, port and survival.
// The rows sum to the known totals: 270, 123 and 914 embarked at Cherbourg, Queenstown and Southampton, of whom 150, 44 and 304 survived.
Sample titanic() {
  Sample sample = make_sample({"sex", "embarked"}, {1, 1});
  sample.levels = {{"female", "male"}, {"C", "Q", "S"}};
  const struct {
    float sex, port;
    int survived, all;
  } counts[] = {{0, 0, 102, 113}, {0, 1, 37, 60}, {0, 2, 198, 291}, {0, kNan, 2, 2}, {1, 0, 48, 157}, {1, 1, 7, 63}, {1, 2, 106, 623}};
  for (const auto& row : counts) {
    sample.add({row.sex, row.port}, 1, row.survived);
    sample.add({row.sex, row.port}, 0, row.all - row.survived);
  }
  return sample;
}

// Root 365.89 with p 1.47e-81; {C, missing} | {Q, S} 24.09 for women; {C} | {Q, S} 16.44 for men: as the Python package CHAID prints.
TEST(Chaid, GivesTheChiSquaresOfTheTitanic) {
  const Json details = fit(titanic(), {{"min_leaf", "30"}, {"min_split", "30"}, {"leaf_prior", "0"}}).report.details;
  const Json& nodes = details["nodes"];
  ASSERT_EQ(nodes.size(), 7U);
  EXPECT_EQ(nodes[0]["split"], "sex");
  EXPECT_NEAR(nodes[0]["chi_square"].get<double>(), 365.886947811, 1e-8);
  EXPECT_NEAR(nodes[0]["p"].get<double>() / 1.47145310169e-81, 1, 1e-9);
  EXPECT_EQ(nodes[1]["when"], "sex = female");
  EXPECT_EQ(nodes[1]["split"], "embarked");
  EXPECT_NEAR(nodes[1]["chi_square"].get<double>(), 24.0936494474, 1e-8);
  EXPECT_NEAR(nodes[1]["p"].get<double>(), 9.17624191599e-07, 1e-14);
  EXPECT_NEAR(nodes[1]["p_adjusted"].get<double>(), 7 * 9.17624191599e-07, 1e-13);  // S(4, 2) = 7
  EXPECT_NEAR(nodes[2]["chi_square"].get<double>(), 16.4413525404, 1e-8);
  EXPECT_NEAR(nodes[2]["p_adjusted"].get<double>(), 3 * 5.017855245e-05, 1e-12);  // S(3, 2) = 3
  EXPECT_EQ(details["rules"].get<std::string>(),
            "all rows: n=1309 bad=38.2%\n"
            "  sex = female: n=466 bad=72.7%\n"
            "    embarked = C or missing: n=115 bad=90.4% -> 0.9043\n"
            "    embarked in {Q, S}: n=351 bad=67.0% -> 0.6695\n"
            "  sex = male: n=843 bad=19.1%\n"
            "    embarked = C: n=157 bad=30.6% -> 0.3057\n"
            "    embarked in {Q, S} or missing: n=686 bad=16.5% -> 0.1647\n");
}

TEST(Chaid, TheTailOfTheChiSquareKeepsItsOrderWhereItUnderflows) {
  EXPECT_NEAR(log_chi_square_tail(3.841458820694124, 1), std::log(0.05), 1e-12);  // the table's 5 % point
  EXPECT_NEAR(log_chi_square_tail(16.918977604620448, 9), std::log(0.05), 1e-12);
  EXPECT_NEAR(log_chi_square_tail(1200, 1), std::log(std::erfc(std::sqrt(600.0))), 1e-9);
  // Continuous where the two formulas meet, and falling beyond.
  EXPECT_NEAR(log_chi_square_tail(1300.0000001, 9), log_chi_square_tail(1299.9999999, 9), 1e-3);
  EXPECT_LT(log_chi_square_tail(9000, 9), log_chi_square_tail(8999, 9) - 0.4);
}

TEST(Chaid, CountsTheGroupingsAsKassDoes) {
  const auto ways = [](size_t c, size_t r, Scale scale, bool floating) { return std::exp(log_groupings(c, r, scale, floating)); };
  EXPECT_NEAR(ways(5, 3, Scale::kOrdinal, false), 6, 1e-9);   // C(4, 2)
  EXPECT_NEAR(ways(5, 3, Scale::kNominal, false), 25, 1e-9);  // S(5, 3)
  EXPECT_NEAR(ways(5, 3, Scale::kOrdinal, true), 12, 1e-9);   // C(3, 1) + 3 C(3, 2)
  EXPECT_NEAR(ways(5, 5, Scale::kNominal, false), 1, 1e-9);
  EXPECT_NEAR(ways(3, 2, Scale::kOrdinal, true), 3, 1e-9);  // {1}{2m}, {1m}{2}, {12}{m}
}

// Every grouping of a floating ordinal column, counted one by one.
TEST(Chaid, FloatingGroupingsAreAsManyAsCanBeListed) {
  for (size_t c = 3; c <= 6; ++c) {
    std::vector<int> found(c + 1, 0);
    for (unsigned cuts = 0; cuts < 1U << (c - 2); ++cuts) {
      const auto intervals = static_cast<size_t>(std::popcount(cuts)) + 1;
      found[intervals] += static_cast<int>(intervals);  // missing joins one of them
      if (intervals + 1 <= c) ++found[intervals + 1];   // or stands alone
    }
    for (size_t r = 2; r <= c; ++r) EXPECT_NEAR(std::exp(log_groupings(c, r, Scale::kOrdinal, true)), found[r], 1e-6);
  }
}

TEST(Chaid, ThePearsonAndLikelihoodRatioStatisticsAreThoseOfTheBooks) {
  // Agresti, Categorical Data Analysis (2nd ed.), table 2.1's form: sums by hand, 2 x 2.
  const std::vector<Cell> table{{30, 70}, {10, 90}};
  EXPECT_NEAR(chi_square(table, false), 200 * std::pow(30.0 * 90 - 70.0 * 10, 2) / (40.0 * 160 * 100 * 100), 1e-12);
  const double g = 2 * (30 * std::log(30 / 20.0) + 70 * std::log(70 / 80.0) + 10 * std::log(10 / 20.0) + 90 * std::log(90 / 80.0));
  EXPECT_NEAR(chi_square(table, true), g, 1e-12);
  EXPECT_EQ(chi_square({{5, 0}, {7, 0}}, false), 0);
}

TEST(Chaid, OrdinalCategoriesAreMergedWithNeighboursOnly) {
  // Rates .1 .5 .1 .5: nominal merges 0 with 2 and 1 with 3, ordinal may not.
  const std::vector<Cell> cells{{90, 10}, {50, 50}, {90, 10}, {50, 50}};
  const MergeOptions options;
  EXPECT_THAT(merge_categories(cells, Scale::kNominal, false, options).groups, ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
  EXPECT_EQ(merge_categories(cells, Scale::kOrdinal, false, options).groups.size(), 4U);
  // As a floating category the last one is free to join the second.
  EXPECT_THAT(merge_categories(cells, Scale::kOrdinal, true, options).groups, ElementsAre(ElementsAre(0), ElementsAre(1, 3), ElementsAre(2)));
}

TEST(Chaid, AMergedGroupIsPartedAgainWhereItsPartsDiffer) {
  // A slow climb: each neighbour is alike, the ends are not. Without parting all of it ends in few groups.
  std::vector<Cell> cells;
  for (int i = 0; i < 12; ++i) cells.push_back({100.0 - 6 * i, 20.0 + 6 * i});
  MergeOptions options;
  const Grouping without = merge_categories(cells, Scale::kOrdinal, false, options);
  options.alpha_split_merged = 0.04;
  const Grouping with = merge_categories(cells, Scale::kOrdinal, false, options);
  EXPECT_GE(with.groups.size(), without.groups.size());
  for (const auto& group : with.groups) {
    // No group keeps two parts that differ at the level asked for.
    for (size_t k = 1; k < group.size() && group.size() >= 3; ++k) {
      Cell parts[2];
      for (size_t i = 0; i < group.size(); ++i) {
        parts[i < k ? 0 : 1].good += cells[group[i]].good;
        parts[i < k ? 0 : 1].bad += cells[group[i]].bad;
      }
      EXPECT_GT(log_chi_square_tail(chi_square({parts[0], parts[1]}, false), 1), std::log(0.04));
    }
  }
}

TEST(Chaid, ExhaustiveTakesTheMostSignificantGroupingOnTheWay) {
  const std::vector<Cell> cells{{95, 5}, {90, 10}, {60, 40}, {55, 45}, {20, 80}};
  MergeOptions options;
  options.exhaustive = true;
  const Grouping found = merge_categories(cells, Scale::kOrdinal, false, options);
  // All groupings of neighbours: the greedy way finds the best of them here.
  double best = 0;
  for (unsigned cuts = 1; cuts < 16; ++cuts) {
    std::vector<Cell> table(1);
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c > 0 && (cuts >> (c - 1) & 1U) != 0) table.emplace_back();
      table.back().good += cells[c].good;
      table.back().bad += cells[c].bad;
    }
    best = std::min(best, log_chi_square_tail(chi_square(table, false), static_cast<int>(table.size()) - 1));
  }
  EXPECT_NEAR(found.log_p_raw, best, 1e-9);
  EXPECT_NEAR(found.log_p, best + std::log(10.0), 1e-9);  // 5 x 4 / 2 pairs
}

TEST(Chaid, LightGroupsAreMerged) {
  MergeOptions options;
  options.min_leaf = 30;
  const Grouping found = merge_categories({{95, 5}, {2, 18}, {10, 90}}, Scale::kNominal, false, options);
  EXPECT_THAT(found.groups, ElementsAre(ElementsAre(0), ElementsAre(1, 2)));
}

TEST(Chaid, ThePlanScoresAsTheTreeDoes) {
  const Sample sample = random_sample(4000, 1);
  for (const Given& given :
       {Given{}, Given{{"exhaustive", "true"}, {"max_depth", "9"}, {"min_split", "10"}, {"min_leaf", "3"}, {"alpha_split", "0.9"}},
        Given{{"statistic", "likelihood_ratio"}, {"bins", "30"}}}) {
    const FitResult result = fit(sample, given);
    EXPECT_GT(result.report.details["leaves"].get<int>(), 5);
    const Sample edge = edge_sample(sample, 6000, 2);
    EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_scores(*result.model, edge)), 1e-6);
  }
}

// Missing alone tells: the number's own values are noise.
TEST(Chaid, MissingMayBeABranchOfItsOwn) {
  Random random(2, "missing");
  Sample sample = make_sample({"x", "job"}, {0, 1});
  for (int i = 0; i < 1000; ++i) {
    const bool hidden = i % 4 == 0;
    sample.add({hidden ? kNan : static_cast<float>(random.normal()), 0}, random.uniform() < (hidden ? 0.8 : 0.2) ? 1 : 0);
  }
  const FitResult result = fit(sample);
  EXPECT_THAT(result.report.details["rules"].get<std::string>(), HasSubstr("  x missing: n=250"));
  EXPECT_THAT(result.report.details["rules"].get<std::string>(), HasSubstr("  x known: n=750"));
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, plan_scores(*result.model, sample)), 1e-6);
}

TEST(Chaid, AWeightOfTwoIsTheRowTwice) {
  Sample once = random_sample(800, 4);
  Sample twice = once;
  once.weight.assign(once.rows, 2.0);
  twice.rows *= 2;
  twice.features.insert(twice.features.end(), once.features.begin(), once.features.end());
  twice.target.insert(twice.target.end(), once.target.begin(), once.target.end());
  const auto scores = [&](const Sample& sample) { return fit(sample).model->predict(once.batch()).values; };
  EXPECT_LT(largest_gap(scores(once), scores(twice)), 1e-12);
}

TEST(Chaid, ThreadsDoNotChangeTheTree) {
  const Sample sample = random_sample(30000, 6);
  const Params params = make_params(chaid_entry().params, {}, "model 'chaid'");
  const auto rules = [&](int threads) { return fit_chaid(sample.input(), params, Context({.seed = 5, .threads = threads})).report.details["rules"]; };
  EXPECT_EQ(rules(1), rules(2));
}

TEST(Chaid, ALevelOfOneEventIsNoCertainty) {
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

TEST(Chaid, BadInputIsRefusedOrSaid) {
  Sample one = make_sample({"x"}, {0});
  one.add({1}, 1);
  EXPECT_EQ(code_of(fit_chaid, chaid_entry(), one), ErrorCode::kData);
  Sample flat = make_sample({"constant", "missing", "level"}, {0, 0, 1});
  flat.add({1, kNan, 0}, 1, 30);
  flat.add({1, kNan, 0}, 0, 70);
  const FitResult nothing = fit(flat);
  EXPECT_NEAR(nothing.model->predict(flat.batch()).values[0], 0.3, 1e-12);
  EXPECT_THAT(nothing.report.notes, ElementsAre(HasSubstr("no column parts")));
  Sample parted = make_sample({"x"}, {0});
  parted.add({-1e30F}, 1, 50);
  parted.add({1e30F}, 0, 50);
  EXPECT_EQ(fit(parted).report.details["leaves"].get<int>(), 2);
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  EXPECT_THROW((void)fit_chaid(parted.input(), make_params(chaid_entry().params, {}, "model 'chaid'"), context), Error);
}

}  // namespace
}  // namespace obligor::tree
