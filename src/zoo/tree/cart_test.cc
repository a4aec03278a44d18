#include <numeric>

#include <gmock/gmock.h>

#include "zoo/tree/cart_prune.h"
#include "zoo/tree/tree_test_support.h"

namespace obligor::tree {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::cart_entry;
using zoo::fit_cart;

const Context one_thread({.seed = 3, .threads = 1});

FitResult fit(const Sample& sample, const Given& given = {}, uint64_t seed = 3) { return fit_with(fit_cart, cart_entry(), sample, given, seed); }

// 400 rows by whole-number arithmetic, so that any tool can make them again; no split of the trees below is tied with another.
Sample lattice() {
  Sample sample = make_sample({"a", "b", "c"}, {0, 0, 0});
  for (int64_t i = 0; i < 400; ++i) {
    const int64_t a = i * 37 % 101;
    const int64_t b = i * 53 % 97;
    const int64_t c = i * i % 31;
    const int64_t z = 10 * a + 5 * b + (c > 15 ? 400 : 0) + i * 7919 % 1009;
    sample.add({static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)}, z > 1530 ? 1 : 0);
  }
  return sample;
}

RuleTree grow(const Sample& sample, const CartOptions& options) {
  std::vector<uint32_t> rows(sample.rows);
  std::iota(rows.begin(), rows.end(), 0U);
  const Columns columns = ranked_columns(sample);
  RuleTree tree = grow_cart(columns, rows, options, one_thread);
  add_surrogates(tree, columns, rows, options, one_thread);
  return tree;
}

struct Preorder {
  std::vector<int> feature;  // -2: a leaf
  std::vector<float> threshold;
  std::vector<int> rows;
  std::vector<int> bad;
};

void visit(const RuleTree& tree, size_t at, Preorder& out) {
  const RuleNode& node = tree.nodes[at];
  out.feature.push_back(node.leaf() ? -2 : node.split.feature);
  if (!node.leaf()) out.threshold.push_back(node.split.cuts.at(0));
  out.rows.push_back(static_cast<int>(node.weight()));
  out.bad.push_back(static_cast<int>(node.bad));
  for (const int32_t child : node.children) visit(tree, static_cast<size_t>(child), out);
}

Preorder preorder(const RuleTree& tree) {
  Preorder out;
  visit(tree, 0, out);
  return out;
}

CartOptions as_sklearn(Impurity impurity) {
  CartOptions options;
  options.impurity = impurity;
  options.min_leaf = 10;
  options.min_split = 20;
  return options;
}

// scikit-learn 1.9.1, DecisionTreeClassifier(criterion='gini', min_samples_leaf=10, min_samples_split=20).fit(x, y).tree_
// with x, y as in lattice(): feature, threshold, n_node_samples, and value of class 1 times n_node_samples.
TEST(Cart, GrowsTheGiniTreeOfScikitLearn) {
  const Preorder tree = preorder(grow(lattice(), as_sklearn(Impurity::kGini)));
  EXPECT_THAT(tree.feature, ElementsAre(0, 1, 0, 2, -2, 2, -2, 0, -2, -2, 2, 0, -2, 2, -2, -2, -2, 2, 0, -2, 2, -2, -2, 0, -2, -2, 2, 0, 2, -2, 0, -2,
                                        -2, 1, 2, -2, -2, 2, -2, -2, 2, -2, -2));
  EXPECT_THAT(tree.threshold,
              ElementsAre(60.5F, 66.5F, 43.5F, 15, 18.5F, 21, 18.5F, 49.5F, 6.5F, 15, 30, 7.5F, 26.5F, 15, 77.5F, 6, 68, 50.5F, 6, 7.5F, 17));
  EXPECT_THAT(tree.rows, ElementsAre(400, 242, 169, 124, 77, 47, 17, 30, 15, 15, 45, 31, 11, 20, 10, 10, 14, 73, 45, 17, 28, 17, 11, 28, 10, 18, 158,
                                     95, 40, 18, 22, 10, 12, 55, 27, 13, 14, 28, 17, 11, 63, 12, 51));
  EXPECT_THAT(tree.bad, ElementsAre(162, 52, 20, 7, 0, 7, 4, 3, 0, 3, 13, 5, 3, 2, 2, 0, 8, 32, 11, 0, 11, 9, 2, 21, 4, 17, 110, 49, 12, 3, 9, 2, 7,
                                    37, 13, 9, 4, 24, 13, 11, 61, 10, 51));
}

// The same with criterion='entropy'.
TEST(Cart, GrowsTheEntropyTreeOfScikitLearn) {
  const Preorder tree = preorder(grow(lattice(), as_sklearn(Impurity::kEntropy)));
  EXPECT_THAT(tree.feature, ElementsAre(0, 2, 0, -2, 1, 0, -2, 2, -2, -2, 2, -2, -2, 1, 0, 0, -2, 2, -2, 0, -2, -2, 1, -2, -2, -2, 2, 0, 1, 2, 0, -2,
                                        -2, 0, -2, -2, -2, 1, -2, 2, -2, -2, -2));
  EXPECT_THAT(tree.threshold,
              ElementsAre(60.5F, 15, 30.5F, 68.5F, 45.5F, 6, 8, 82.5F, 36.5F, 6.5F, 18.5F, 21, 52, 17, 86.5F, 78.5F, 8.5F, 75.5F, 74.5F, 33.5F, 6));
}

// cost_complexity_pruning_path of the Gini tree: ccp_alphas and impurities.
TEST(Cart, PrunesInTheOrderAndAtTheCostsOfScikitLearn) {
  const CartOptions options = as_sklearn(Impurity::kGini);
  const RuleTree tree = grow(lattice(), options);
  const PruningSequence sequence = prune_sequence(tree, options, Risk::kGini);
  const std::vector<double> alpha{0.0,          0.001,        0.001058651,  0.0012465582, 0.0013492063, 0.0018487395, 0.0032369595,
                                  0.0034583333, 0.0040345684, 0.0055718356, 0.0081116231, 0.0081626984, 0.0089192647, 0.0095277778,
                                  0.0096988937, 0.0160861244, 0.0220574581, 0.0261035372, 0.038774489,  0.110729161};
  const std::vector<double> risk{0.1962692291, 0.1972692291, 0.1983278802, 0.2008209966, 0.2021702029, 0.2040189424, 0.2072559019,
                                 0.2141725686, 0.2182071369, 0.2237789725, 0.2318905957, 0.2400532941, 0.2489725588, 0.2585003366,
                                 0.2681992303, 0.2842853547, 0.3063428128, 0.33244635,   0.371220839,  0.48195};
  ASSERT_EQ(sequence.alpha.size(), alpha.size());
  for (size_t k = 0; k < alpha.size(); ++k) {
    EXPECT_NEAR(sequence.alpha[k], alpha[k], 1e-9);
    EXPECT_NEAR(sequence.risk[k], risk[k], 1e-9);
  }
  // ccp_alpha=0.01
  EXPECT_THAT(preorder(prune_at(tree, sequence, 0.01)).feature, ElementsAre(0, 1, -2, 2, -2, -2, 2, 0, -2, -2, -2));
}

// The least of R + alpha x leaves over all prunings of the subtree at a node.
double least_cost(const RuleTree& tree, size_t at, double alpha, const CartOptions& options, Risk risk, double whole) {
  const RuleNode& node = tree.nodes[at];
  const double good = node.good * options.growth[0];
  const double bad = node.bad * options.growth[1];
  const double own = (risk == Risk::kMisclassification ? std::min(good, bad) : 2 * good * bad / (good + bad)) / whole + alpha;
  double below = 0;
  for (const int32_t child : node.children) below += least_cost(tree, static_cast<size_t>(child), alpha, options, risk, whole);
  return node.leaf() ? own : std::min(own, below);
}

TEST(Cart, NoPruningCostsLessThanTheOneOfTheSequence) {
  for (const Risk risk : {Risk::kGini, Risk::kMisclassification}) {
    const Sample sample = random_sample(600, 11);
    CartOptions options;
    options.growth[1] = 2;
    const RuleTree tree = grow(sample, options);
    const double whole = tree.nodes[0].good + 2 * tree.nodes[0].bad;
    const PruningSequence sequence = prune_sequence(tree, options, risk);
    ASSERT_GT(sequence.alpha.size(), 4U);
    EXPECT_EQ(sequence.leaves.back(), 1U);
    for (size_t k = 0; k < sequence.alpha.size(); ++k) {
      const RuleTree kept = prune_at(tree, sequence, sequence.alpha[k]);
      EXPECT_EQ(kept.leaves(), sequence.leaves[k]);
      const double cost = sequence.risk[k] + sequence.alpha[k] * static_cast<double>(kept.leaves());
      EXPECT_NEAR(cost, least_cost(tree, 0, sequence.alpha[k], options, risk, whole), 1e-12);
      ASSERT_TRUE(k == 0 || sequence.leaves[k] < sequence.leaves[k - 1]);
    }
  }
}

TEST(Cart, TheSubsetOfACategoryIsTheBestOfAll) {
  Random random(5, "subset");
  for (const Impurity kind : {Impurity::kGini, Impurity::kEntropy}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      Sample sample = make_sample({"job"}, {1});
      double count[7][2] = {};
      for (int level = 0; level < 7; ++level) {
        for (int bad = 0; bad < 2; ++bad) {
          const auto times = static_cast<int>(random.below(20));
          sample.add({static_cast<float>(level)}, bad, times);
          count[level][bad] = times;
        }
      }
      CartOptions options;
      options.impurity = kind;
      options.max_depth = 1;
      options.min_leaf = 1;
      const RuleTree tree = grow(sample, options);
      const auto impure = [&](double good, double bad) {
        if (good + bad == 0) return 0.0;
        const double p = bad / (good + bad);
        const double entropy = (p > 0 ? -p * std::log(p) : 0) + (p < 1 ? -(1 - p) * std::log(1 - p) : 0);
        return (good + bad) * (kind == Impurity::kGini ? 2 * p * (1 - p) : entropy);
      };
      const auto gain = [&](unsigned set) {
        double side[2][2] = {};
        for (int level = 0; level < 7; ++level) {
          for (int bad = 0; bad < 2; ++bad) side[set >> level & 1U][bad] += count[level][bad];
        }
        return impure(side[0][0] + side[1][0], side[0][1] + side[1][1]) - impure(side[0][0], side[0][1]) - impure(side[1][0], side[1][1]);
      };
      double best = 0;
      for (unsigned set = 1; set < 127; ++set) best = std::max(best, gain(set));
      ASSERT_FALSE(tree.nodes[0].leaf());
      EXPECT_NEAR(tree.nodes[0].gain, best, 1e-9);
    }
  }
}

// `copy` is `x` with its sign turned, so it imitates the split of x without fault; where both are missing the heavier child takes the row.
TEST(Cart, ASurrogateStandsInForAMissingValue) {
  Sample sample = make_sample({"x", "copy", "noise"}, {0, 0, 0});
  for (int i = 0; i < 100; ++i) {
    const auto x = static_cast<float>(i);
    const auto noise = static_cast<float>(i * 37 % 100);
    sample.add({i % 10 == 0 ? kNan : x, -x, noise}, i >= 40 ? 1 : 0);
  }
  CartOptions options;
  options.max_depth = 1;
  const RuleTree tree = grow(sample, options);
  const RuleNode& root = tree.nodes[0];
  ASSERT_EQ(root.split.feature, 1);  // copy parts all rows, x only the known ones
  ASSERT_FALSE(root.surrogates.empty());
  EXPECT_EQ(root.surrogates[0].feature, 0);
  EXPECT_EQ(predict(tree, std::vector<float>{10, kNan, 0}), 0.0);
  EXPECT_EQ(predict(tree, std::vector<float>{90, kNan, 0}), 1.0);
  EXPECT_EQ(predict(tree, std::vector<float>{kNan, -10, 0}), 0.0);
  RuleTree blind = tree;
  blind.nodes[0].surrogates.clear();
  EXPECT_EQ(predict(blind, std::vector<float>{10, kNan, 0}), 1.0);  // 60 of 100 rows went there
}

// Brute force: every cut with the missing rows on either side, and the known against the missing.
TEST(Cart, WithMissingAsABranchTheSplitIsTheBestOfAll) {
  Random random(8, "branch");
  for (int repeat = 0; repeat < 30; ++repeat) {
    Sample sample = make_sample({"x"}, {0});
    double count[7][2] = {};  // place 6: missing
    for (int value = 0; value < 7; ++value) {
      for (int bad = 0; bad < 2; ++bad) {
        const auto times = static_cast<int>(random.below(20));
        sample.add({value == 6 ? kNan : static_cast<float>(value)}, bad, times);
        count[value][bad] = times;
      }
    }
    CartOptions options;
    options.max_depth = 1;
    options.min_leaf = 1;
    options.missing_branch = true;
    const RuleTree tree = grow(sample, options);
    const auto impure = [](double good, double bad) { return good + bad > 0 ? 2 * good * bad / (good + bad) : 0.0; };
    double best = 0;
    for (int below = 0; below <= 6; ++below) {  // values under `below` on the low side
      for (const int missing : {0, 1}) {
        double side[2][2] = {};
        for (int value = 0; value < 7; ++value) {
          for (int bad = 0; bad < 2; ++bad) side[value == 6 ? missing : value < below ? 0 : 1][bad] += count[value][bad];
        }
        best = std::max(best,
                        impure(side[0][0] + side[1][0], side[0][1] + side[1][1]) - impure(side[0][0], side[0][1]) - impure(side[1][0], side[1][1]));
      }
    }
    ASSERT_FALSE(tree.nodes[0].leaf());
    EXPECT_NEAR(tree.nodes[0].gain, best, 1e-9);
    EXPECT_TRUE(tree.nodes[0].surrogates.empty());
    // The children hold the rows that the split sends there.
    const RuleNode& root = tree.nodes[0];
    const auto to = static_cast<size_t>(root.children[static_cast<size_t>(root.unknown)]);
    EXPECT_GE(tree.nodes[to].weight(), count[6][0] + count[6][1]);
  }
}

TEST(Cart, MissingMayStandAlone) {
  Sample sample = make_sample({"x", "job"}, {0, 1});
  for (int i = 0; i < 400; ++i) {
    const bool hidden = i % 4 == 0;
    sample.add({hidden ? kNan : static_cast<float>(i), i % 3 == 0 ? kNan : static_cast<float>(i % 2)}, hidden ? 1 : 0);
  }
  const FitResult result = fit(sample, {{"missing", "branch"}, {"leaf_prior", "0"}});
  EXPECT_EQ(result.report.details["rules"].get<std::string>(),
            "all rows: n=400 bad=25.0%\n"
            "  x known: n=300 bad=0.0% -> 0.0000\n"
            "  x missing: n=100 bad=100.0% -> 1.0000\n");
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, plan_scores(*result.model, sample)), 1e-6);
}

// 100 rows of 30 bads; x parts them in 60 (10 bad) and 40 (20 bad). By hand: the root's value is .3, the low leaf's (10 + 1 x .3 + 9 x .3) / (60 +
// 10).
TEST(Cart, AValueMayBeDrawnToThatOfTheNodeAbove) {
  Sample sample = make_sample({"x"}, {0});
  sample.add({0}, 1, 10);
  sample.add({0}, 0, 50);
  sample.add({1}, 1, 20);
  sample.add({1}, 0, 20);
  const FitResult result = fit(sample, {{"prune", "none"}, {"max_depth", "1"}, {"leaf_prior", "1"}, {"parent_prior", "9"}});
  const auto scores = result.model->predict(sample.batch()).values;
  EXPECT_NEAR(scores.front(), (10 + 3.0) / 70, 1e-12);
  EXPECT_NEAR(scores.back(), (20 + 3.0) / 50, 1e-12);
  // On the way down each node draws on the one above it, not on the root alone.
  RuleTree tree;
  tree.nodes.resize(3);
  tree.nodes[0].good = 70;
  tree.nodes[0].bad = 30;
  tree.nodes[1].parent = 0;
  tree.nodes[1].good = 20;
  tree.nodes[1].bad = 20;
  tree.nodes[2].parent = 1;
  tree.nodes[2].bad = 5;
  set_values(tree, {.parent = 10});
  EXPECT_NEAR(tree.nodes[1].value, (20 + 10 * 0.3) / 50, 1e-12);
  EXPECT_NEAR(tree.nodes[2].value, (5 + 10 * 0.46) / 15, 1e-12);
}

TEST(Cart, ThePlanScoresAsTheTreeDoes) {
  const Sample sample = random_sample(3000, 1);
  for (const Given& given : {Given{{"prune", "none"}}, Given{{"prune", "none"}, {"surrogates", "0"}}, Given{{"se", "0"}}, Given{{"max_depth", "0"}},
                             Given{{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "20"}}}) {
    const FitResult result = fit(sample, given);
    const Sample edge = edge_sample(sample, 6000, 2);
    EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_scores(*result.model, edge)), 1e-6);
  }
}

TEST(Cart, AWeightOfTwoIsTheRowTwice) {
  Sample once = random_sample(500, 4);
  Sample twice = once;
  once.weight.assign(once.rows, 2.0);
  twice.rows *= 2;
  twice.features.insert(twice.features.end(), once.features.begin(), once.features.end());
  twice.target.insert(twice.target.end(), once.target.begin(), once.target.end());
  const Given given{{"prune", "none"}};
  const auto scores = [&](const Sample& sample) { return fit(sample, given).model->predict(once.batch()).values; };
  EXPECT_LT(largest_gap(scores(once), scores(twice)), 1e-12);
  Sample zero = random_sample(500, 4);  // and a weight of 0 is no row
  zero.weight.assign(500, 1.0);
  Sample fewer = zero;
  for (size_t i = 400; i < 500; ++i) zero.weight[i] = 0;
  fewer.rows = 400;
  fewer.features.resize(400 * fewer.width);
  fewer.target.resize(400);
  fewer.weight.resize(400);
  EXPECT_LT(largest_gap(scores(zero), scores(fewer)), 1e-12);
}

TEST(Cart, PriorsSetTheLevelOfTheScores) {
  // One column of two values: 10 of 40 and 30 of 60 are bad. Under a prior of .1, a leaf's share is Bayes' rule.
  Sample sample = make_sample({"x"}, {0});
  sample.add({0}, 1, 10);
  sample.add({0}, 0, 30);
  sample.add({1}, 1, 30);
  sample.add({1}, 0, 30);
  const auto result = fit(sample, {{"prior_bad", "0.1"}, {"leaf_prior", "0"}, {"prune", "none"}});
  const auto scores = result.model->predict(sample.batch()).values;
  EXPECT_NEAR(scores.front(), 0.1 * 10 / 40 / (0.1 * 10 / 40 + 0.9 * 30 / 60), 1e-12);
  EXPECT_NEAR(scores.back(), 0.1 * 30 / 40 / (0.1 * 30 / 40 + 0.9 * 30 / 60), 1e-12);
}

TEST(Cart, CostsDecideWhichLeavesMisclassificationKeeps) {
  // 20 % and 40 % bad: with equal costs both leaves are called good and the split saves nothing; at 3 to 1 the second is called bad.
  Sample sample = make_sample({"x"}, {0});
  sample.add({0}, 1, 20);
  sample.add({0}, 0, 80);
  sample.add({1}, 1, 40);
  sample.add({1}, 0, 60);
  const auto leaves = [&](const Given& given) { return fit(sample, given).report.details["leaves"].get<int>(); };
  EXPECT_EQ(leaves({{"prune", "fixed"}, {"prune_risk", "misclassification"}}), 1);
  EXPECT_EQ(leaves({{"prune", "fixed"}, {"prune_risk", "misclassification"}, {"cost_bad_accepted", "3"}}), 2);
}

TEST(Cart, TheOneSeRuleKeepsNoMoreLeavesThanTheLeastCost) {
  const Sample sample = random_sample(1500, 8);
  const auto leaves = [&](const std::string& se) { return fit(sample, {{"se", se}}).report.details["leaves"].get<int>(); };
  EXPECT_LT(leaves("1"), leaves("0"));
  const Json details = fit(sample, {{"se", "0"}}).report.details;
  EXPECT_LT(details["leaves"].get<int>(), details["grown_leaves"].get<int>());
  double least = 1e9;
  double chosen = 0;
  for (const auto& step : details["pruning"]) {
    least = std::min(least, step["cv_risk"].get<double>());
    if (step["alpha"] == details["alpha"]) chosen = step["cv_risk"].get<double>();
  }
  EXPECT_DOUBLE_EQ(chosen, least);
}

TEST(Cart, NoiseIsPrunedToTheRoot) {
  Random random(9, "noise");
  Sample sample = make_sample({"x", "y"}, {0, 0});
  for (int i = 0; i < 2000; ++i) {
    sample.add({static_cast<float>(random.normal()), static_cast<float>(random.normal())}, random.uniform() < 0.3 ? 1 : 0);
  }
  const FitResult result = fit(sample);
  EXPECT_EQ(result.report.details["leaves"].get<int>(), 1);
  EXPECT_THAT(result.report.notes, ElementsAre(HasSubstr("no split")));
  const auto scores = result.model->predict(sample.batch()).values;
  EXPECT_NEAR(scores[0], std::accumulate(sample.target.begin(), sample.target.end(), 0.0) / 2000, 1e-9);
}

TEST(Cart, TheSameSeedGivesTheSameTreeOnOneThreadAndOnTwo) {
  const Sample sample = random_sample(4000, 6);
  const Params params = make_params(cart_entry().params, {}, "model 'cart'");
  const auto rules = [&](int threads) { return fit_cart(sample.input(), params, Context({.seed = 5, .threads = threads})).report.details["rules"]; };
  EXPECT_EQ(rules(1), rules(2));
}

TEST(Cart, TheRulesReadAsText) {
  Sample sample = make_sample({"age", "job"}, {0, 1});
  sample.levels[1] = {"clerk", "farmer", "pilot", "missing", "other"};
  for (int i = 0; i < 60; ++i) {
    sample.add({static_cast<float>(20 + i), 0}, i < 30 ? 1 : 0);
    sample.add({static_cast<float>(20 + i), 1}, 0);
    sample.add({static_cast<float>(20 + i), 2}, 0);
  }
  const FitResult result = fit(sample, {{"prune", "none"}, {"leaf_prior", "0"}});
  EXPECT_EQ(result.report.details["rules"].get<std::string>(),
            "all rows: n=180 bad=16.7%\n"
            "  job in {farmer, pilot}: n=120 bad=0.0% -> 0.0000\n"
            "  job = clerk: n=60 bad=50.0%\n"
            "    age <= 49.5: n=30 bad=100.0% -> 1.0000\n"
            "    age > 49.5: n=30 bad=0.0% -> 0.0000\n");
  // No training row lacked a value, so the words do not say where one would go; the document does.
  const Json& node = result.report.details["nodes"][1];
  EXPECT_EQ(node["takes_missing"], true);
  EXPECT_EQ(node["missing_seen"], false);
}

TEST(Cart, ALevelOfOneEventIsNoCertainty) {
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

TEST(Cart, BadInputIsRefusedOrSaid) {
  Sample one = make_sample({"x"}, {0});
  one.add({1}, 1);
  EXPECT_EQ(code_of(fit_cart, cart_entry(), one), ErrorCode::kData);
  Sample one_class = random_sample(100, 1);
  std::fill(one_class.target.begin(), one_class.target.end(), uint8_t{1});
  EXPECT_EQ(code_of(fit_cart, cart_entry(), one_class), ErrorCode::kData);
  EXPECT_EQ(code_of(fit_cart, cart_entry(), make_sample({}, {})), ErrorCode::kData);
  // Constant and wholly missing columns: no split.
  Sample flat = make_sample({"constant", "missing", "level"}, {0, 0, 1});
  flat.add({1, kNan, 0}, 1, 30);
  flat.add({1, kNan, 0}, 0, 70);
  EXPECT_NEAR(fit(flat).model->predict(flat.batch()).values[0], 0.3, 1e-12);
  // Perfect separation: two pure leaves, and the scores stay within (0, 1) by the leaf's prior.
  Sample parted = make_sample({"x"}, {0});
  parted.add({-1e30F}, 1, 50);
  parted.add({1e30F}, 0, 50);
  const FitResult result = fit(parted);
  EXPECT_EQ(result.report.details["leaves"].get<int>(), 2);
  for (const double p : result.model->predict(parted.batch()).values) EXPECT_TRUE(p > 0.005 && p < 0.995);
  // Two rows, one of each class.
  Sample two = make_sample({"x"}, {0});
  two.add({1}, 1);
  two.add({2}, 0);
  EXPECT_NO_THROW((void)fit(two));
}

TEST(Cart, StopsWhenCancelled) {
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  const Sample sample = random_sample(200, 1);
  EXPECT_THROW((void)fit_cart(sample.input(), make_params(cart_entry().params, {}, "model 'cart'"), context), Error);
}

TEST(Cart, InfinitiesAreValuesLikeOthers) {
  Sample sample = make_sample({"x"}, {0});
  const float infinity = std::numeric_limits<float>::infinity();
  sample.add({infinity}, 1, 30);
  sample.add({1}, 0, 30);
  sample.add({-infinity}, 1, 30);
  const FitResult result = fit(sample, {{"prune", "none"}, {"leaf_prior", "0"}});
  EXPECT_EQ(result.report.details["leaves"].get<int>(), 3);
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, {sample.target.begin(), sample.target.end()}), 1e-12);
  EXPECT_LT(largest_gap(result.model->predict(sample.batch()).values, plan_scores(*result.model, sample)), 1e-6);
}

}  // namespace
}  // namespace obligor::tree
