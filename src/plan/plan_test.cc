#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/builder.h"
#include "plan/executor.h"
#include "plan/plan.h"

namespace obligor {
namespace {

const float kNan = std::nanf("");

// Runs a plan whose only input is the number column `x` and returns its only output.
Value run_numbers(PlanBuilder& builder, const std::vector<float>& x) {
  const Interpreter interpreter(builder.build());
  InputBatch batch;
  batch.rows = x.size();
  batch.columns.push_back({x, {}, nullptr});
  return interpreter.run(batch, {})[0];
}

Value run_strings(PlanBuilder& builder, const std::vector<int32_t>& codes, const std::vector<std::string>& dictionary) {
  const Interpreter interpreter(builder.build());
  InputBatch batch;
  batch.rows = codes.size();
  batch.columns.push_back({{}, codes, &dictionary});
  return interpreter.run(batch, {})[0];
}

TEST(PlanOps, NamesRoundTrip) {
  for (int i = 0; i <= static_cast<int>(Op::kPoints); ++i) {
    const Op op = static_cast<Op>(i);
    EXPECT_EQ(find_op(op_name(op)), op);
  }
  EXPECT_EQ(find_op("no_such_op"), std::nullopt);
}

TEST(PlanOps, ImputeFlagSpecialClipAndScale) {
  PlanBuilder builder;
  const NodeId x = builder.special(builder.input("x", InputKind::kNumber), {-9999.0F});
  const NodeId value = builder.scale(builder.clip(builder.impute(x, {5.0F}), {0.0F}, {10.0F}), {5.0F}, {0.5F});
  builder.output("y", builder.concat({value, builder.missing_flag(x)}));
  const Value y = run_numbers(builder, {kNan, -9999.0F, 7.0F, 100.0F, -100.0F});
  EXPECT_EQ(y.width, 2U);
  EXPECT_THAT(y.numbers, testing::ElementsAre(0, 1, 0, 1, 1, 0, 2.5F, 0, -2.5F, 0));
}

TEST(PlanOps, BinsAreLeftClosedAndMissingHasItsOwn) {
  PlanBuilder builder;
  builder.output("bin", builder.bin(builder.input("x", InputKind::kNumber), {1.0F, 2.0F}, {-1.0F}));
  const Value y = run_numbers(builder, {0.5F, 1.0F, std::nextafter(1.0F, 0.0F), 2.0F, kNan, -1.0F, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(y.codes, testing::ElementsAre(0, 1, 0, 2, 3, 4, 2));
}

TEST(PlanOps, InterpolateIsFlatBeyondItsKnots) {
  PlanBuilder builder;
  builder.output("y", builder.interpolate(builder.input("x", InputKind::kNumber), {0.0F, 1.0F, 3.0F}, {-1.0F, 0.0F, 4.0F}));
  const Value y = run_numbers(builder, {-5.0F, 0.5F, 2.0F, 99.0F, kNan});
  EXPECT_FLOAT_EQ(y.numbers[0], -1.0F);
  EXPECT_FLOAT_EQ(y.numbers[1], -0.5F);
  EXPECT_FLOAT_EQ(y.numbers[2], 2.0F);
  EXPECT_FLOAT_EQ(y.numbers[3], 4.0F);
  EXPECT_TRUE(std::isnan(y.numbers[4]));
}

TEST(PlanOps, PiecewiseLinearFillsPieceAfterPiece) {
  PlanBuilder builder;
  builder.output("y", builder.piecewise_linear(builder.input("x", InputKind::kNumber), {0.0F, 2.0F, 4.0F}));
  EXPECT_THAT(run_numbers(builder, {3.0F, -1.0F, kNan, 9.0F}).numbers, testing::ElementsAre(1, 0.5F, 0, 0, 0, 0, 1, 1));
}

TEST(PlanOps, EncodeLookUpOneHotKnowMissingAndUnseen) {
  PlanBuilder builder;
  const NodeId code = builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4);
  const NodeId looked = builder.look_up(code, {1, 10, 2, 20, 3, 30, 4, 40}, 2);
  const NodeId hot = builder.one_hot(code, {0, 1, 2, -1}, 3);
  builder.output("y", builder.concat({looked, hot, builder.code_number(code)}));
  const Value y = run_strings(builder, {0, 1, -1, 2}, {"farmer", "clerk", "pilot"});
  EXPECT_THAT(y.numbers, testing::ElementsAre(2, 20, 0, 1, 0, 1,  //
                                              1, 10, 1, 0, 0, 0,  //
                                              3, 30, 0, 0, 1, 2,  //
                                              4, 40, 0, 0, 0, 3));
}

TEST(PlanOps, CrossGivesAPairItsOwnCode) {
  PlanBuilder builder;
  const NodeId code = builder.encode(builder.input("a", InputKind::kCategory), {"x", "y"}, {0, 1}, 2, 2, 3);
  builder.output("pair", builder.cross(code, code, {0, 0, 1, 1, 1, 0}, 2, 3));
  EXPECT_THAT(run_strings(builder, {0, 1, -1}, {"x", "y"}).codes, testing::ElementsAre(1, 0, 2));
}

TEST(PlanOps, AffineAndFunctionsFollowTheirFormulas) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId wide = builder.affine(x, {2.0F, -1.0F}, {1.0F, 0.0F}, 2);
  builder.output("y", builder.activate(wide, "sigmoid"));
  const Value y = run_numbers(builder, {0.5F});
  EXPECT_NEAR(y.numbers[0], 1 / (1 + std::exp(-2.0)), 1e-7);
  EXPECT_NEAR(y.numbers[1], 1 / (1 + std::exp(0.5)), 1e-7);
}

TEST(PlanOps, SeluAndGeluMatchPublishedValues) {
  PlanBuilder selu;
  selu.output("y", selu.activate(selu.input("x", InputKind::kNumber), "selu"));
  const Value a = run_numbers(selu, {1.0F, -1.0F});
  EXPECT_NEAR(a.numbers[0], 1.0507009873554805, 1e-6);
  EXPECT_NEAR(a.numbers[1], -1.1113307378125625, 1e-6);
  PlanBuilder gelu;
  gelu.output("y", gelu.activate(gelu.input("x", InputKind::kNumber), "gelu"));
  EXPECT_NEAR(run_numbers(gelu, {1.0F}).numbers[0], 0.8413447460685429, 1e-6);
}

TEST(PlanOps, WhatIsListedTwiceCountsOnce) {
  PlanBuilder words;
  words.output("code", words.encode(words.input("job", InputKind::kCategory), {"a", "a"}, {1, 0}, 2, 3, 4));
  EXPECT_THAT(run_strings(words, {0}, {"a"}).codes, testing::ElementsAre(1));
  PlanBuilder pairs;
  const NodeId code = pairs.encode(pairs.input("job", InputKind::kCategory), {"a"}, {0}, 1, 1, 2);
  pairs.output("pair", pairs.cross(code, code, {0, 0, 2, 0, 0, 1}, 0, 3));
  EXPECT_THAT(run_strings(pairs, {0}, {"a"}).codes, testing::ElementsAre(2));
}

TEST(PlanOps, MultiplyGivesTheFactorisationMachinesPairs) {
  // <v1, v2> + <v1, v3> + <v2, v3> by squares, and by hand: 3 x 2, 3 x (x), 2 x (x).
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId one = builder.affine(x, {0}, {3}, 1);
  const NodeId two = builder.affine(x, {0}, {2}, 1);
  const NodeId total = builder.sum({one, two, x}, {1, 1, 1});
  const NodeId squares = builder.sum({builder.multiply(one, one), builder.multiply(two, two), builder.multiply(x, x)}, {1, 1, 1});
  builder.output("pairs", builder.sum({builder.multiply(total, total), squares}, {0.5F, -0.5F}));
  EXPECT_THAT(run_numbers(builder, {0, 1, -4}).numbers, testing::ElementsAre(6, 11, -14));
}

TEST(PlanOps, NormaliseGivesEachGroupMeanZeroAndVarianceOne) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId four = builder.affine(x, {1, 3, 0, 0}, {0, 0, 5, 7}, 4);
  builder.output("y", builder.normalise(four, {1, 2}, {0, 0.5F}, 1e-12F));
  const auto y = run_numbers(builder, {2, kNan}).numbers;
  // (2, 6) and (5, 7): one below and one above their mean by one deviation.
  EXPECT_THAT(std::vector<float>(y.begin(), y.begin() + 4), testing::Pointwise(testing::FloatEq(), {-1.0F, 2.5F, -1.0F, 2.5F}));
  for (size_t c = 4; c < 8; ++c) EXPECT_TRUE(std::isnan(y[c]));
}

TEST(PlanOps, AttendAveragesValuesByTheSoftmaxOfScores) {
  // One query token, two heads of one number; three keys; values of one number.
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId queries = builder.affine(x, {1, 0}, {0, 2}, 2);
  const NodeId keys = builder.affine(x, {0, 0, 0, 0, 0, 0}, {0, 1, std::log(2.0F), 1, std::log(5.0F), 1}, 6);
  const NodeId values = builder.affine(x, {0, 0, 0, 0, 0, 0}, {8, 3, 16, 6, 24, 9}, 6);
  builder.output("y", builder.attend(queries, keys, values, 2, 3));
  const auto y = run_numbers(builder, {1, 0, 1000, kNan}).numbers;
  EXPECT_NEAR(y[0], (8.0 + 2 * 16 + 5 * 24) / 8, 1e-5);  // weights 1, 2 and 5
  EXPECT_NEAR(y[1], 6, 1e-6);                            // equal scores
  EXPECT_NEAR(y[2], 16, 1e-5);
  EXPECT_NEAR(y[4], 24, 1e-5);                        // no overflow
  EXPECT_TRUE(std::isnan(y[6]) && std::isnan(y[7]));  // every query, key and value here reads x
}

TEST(Verify, RefusesAttentionThatDoesNotFit) {
  const auto refused = [](int32_t heads, int32_t keys) {
    PlanBuilder builder;
    const NodeId x = builder.affine(builder.input("x", InputKind::kNumber), std::vector<float>(12, 1), std::vector<float>(12, 0), 12);
    builder.output("y", builder.attend(x, x, x, 2, 3));
    ScorePlan plan = builder.build();
    for (auto& constant : plan.constants) {
      if (std::holds_alternative<std::vector<int32_t>>(constant.data)) constant.data = std::vector<int32_t>{heads, keys};
    }
    try {
      (void)verify(plan);
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::kData;
    }
  };
  EXPECT_FALSE(refused(2, 3));
  EXPECT_FALSE(refused(1, 12));
  EXPECT_TRUE(refused(0, 3));
  EXPECT_TRUE(refused(2, -3));
  EXPECT_TRUE(refused(2, 4));
  EXPECT_TRUE(refused(5, 1));
  EXPECT_TRUE(refused(2147483647, 2147483647));
}

TEST(PlanOps, AMissingNumberIsNeverReplacedSilently) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId both = builder.concat({x, builder.impute(x, {1.0F})});
  const NodeId affine = builder.affine(both, {0.0F, 2.0F}, {0.0F}, 1);
  const NodeId sum = builder.sum({x, builder.impute(x, {1.0F})}, {0.0F, 1.0F});
  builder.output("y", builder.concat({affine, sum, builder.points(affine, 20.0F, 600.0F, "round"), builder.clip(x, {0.0F}, {1.0F}),
                                      builder.scale(x, {1.0F}, {2.0F}), builder.activate(x, "relu"), builder.activate(x, "sigmoid")}));
  const Value y = run_numbers(builder, {kNan});
  for (const float value : y.numbers) EXPECT_TRUE(std::isnan(value));
}

TEST(PlanOps, ClipLooksAtTheLowLimitFirst) {
  PlanBuilder builder;
  builder.output("y", builder.clip(builder.input("x", InputKind::kNumber), {5.0F}, {1.0F}));
  EXPECT_THAT(run_numbers(builder, {0, 3, 7}).numbers, testing::ElementsAre(5, 5, 1));
}

TEST(PlanOps, InfinityTakesTheEndOfAMapAndOfPieces) {
  const float inf = std::numeric_limits<float>::infinity();
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  builder.output("y", builder.concat({builder.interpolate(x, {0.0F, 1.0F}, {-3.0F, 4.0F}), builder.piecewise_linear(x, {0.0F, 1.0F, 2.0F})}));
  EXPECT_THAT(run_numbers(builder, {inf, -inf}).numbers, testing::ElementsAre(4, 1, 1, -3, 0, 0));
}

TEST(PlanOps, PointsAreRoundedHalfAwayFromZero) {
  PlanBuilder builder;
  builder.output("points", builder.points(builder.input("x", InputKind::kNumber), 1.0F, 0.0F, "round"));
  EXPECT_THAT(run_numbers(builder, {-0.5F, 0.5F, -2.5F, 1.4F}).numbers, testing::ElementsAre(1, -1, 3, -1));
}

TEST(PlanOps, ACategoryOfATreeIsCutTowardsZero) {
  TreeArrays arrays;
  arrays.roots = {0};
  arrays.feature = {0};
  arrays.threshold = {0.0F};
  arrays.left = {~0};
  arrays.right = {~1};
  arrays.flags = {TreeArrays::kCategorical};
  arrays.leaves = {1.0F, 2.0F};
  arrays.bit_begin = {0};
  arrays.bit_end = {1};
  arrays.words = {1};  // code 0 alone goes left
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), arrays));
  EXPECT_THAT(run_numbers(builder, {0, 0.9F, -0.9F, -1, 1, 32, kNan}).numbers, testing::ElementsAre(1, 1, 1, 2, 2, 2, 2));
}

TEST(PlanOps, PointsDoubleTheOddsEveryTwentyPoints) {
  // 600 points at odds 50:1 (good to bad), 20 points to double the odds.
  const double factor = 20.0 / std::log(2.0);
  const double offset = 600.0 - factor * std::log(50.0);
  PlanBuilder builder;
  builder.output("points", builder.points(builder.input("x", InputKind::kNumber), static_cast<float>(factor), static_cast<float>(offset), "round"));
  const auto log_odds_of_bad = [](double odds) { return static_cast<float>(-std::log(odds)); };
  EXPECT_THAT(run_numbers(builder, {log_odds_of_bad(50), log_odds_of_bad(100), log_odds_of_bad(25)}).numbers, testing::ElementsAre(600, 620, 580));
}

TEST(PlanOps, TreesWalkNumbersCategoriesAndMissing) {
  // Tree 0: x <= 1.5 ? leaf0 : (category {1, 33} ? leaf1 : leaf2), missing goes left at the root. Tree 1 is a single leaf.
  TreeArrays arrays;
  arrays.roots = {0, ~3};
  arrays.feature = {0, 0};
  arrays.threshold = {1.5F, 0.0F};
  arrays.left = {~0, ~1};
  arrays.right = {1, ~2};
  arrays.flags = {TreeArrays::kDefaultLeft, TreeArrays::kCategorical};
  arrays.leaves = {1.0F, 2.0F, 3.0F, 100.0F};
  arrays.bit_begin = {0, 0};
  arrays.bit_end = {0, 2};
  arrays.words = {1 << 1, 1 << 1};
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), arrays));
  EXPECT_THAT(run_numbers(builder, {1.5F, std::nextafter(1.5F, 2.0F), 33.0F, 34.0F, kNan, 1e9F}).numbers,
              testing::ElementsAre(101, 102, 102, 103, 101, 103));
}

TEST(Plans, ResultDoesNotDependOnBatchSize) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  builder.output("y", builder.activate(builder.affine(x, {0.3F}, {0.1F}, 1), "tanh"));
  std::vector<float> values;
  for (int i = 0; i < 1500; ++i) values.push_back(static_cast<float>(i) * 0.01F);
  const Value whole = run_numbers(builder, values);
  for (const size_t row : {0UL, 511UL, 512UL, 1499UL}) {
    PlanBuilder again;
    const NodeId z = again.input("x", InputKind::kNumber);
    again.output("y", again.activate(again.affine(z, {0.3F}, {0.1F}, 1), "tanh"));
    EXPECT_EQ(run_numbers(again, {values[row]}).numbers[0], whole.numbers[row]);
  }
}

TEST(Plans, AWidePlanRunsInSmallTiles) {
  PlanBuilder builder;
  const NodeId code = builder.bin(builder.input("x", InputKind::kNumber), {1.0F});
  constexpr uint32_t kWidth = 1U << 19U;
  const NodeId hot = builder.one_hot(code, {0, 7, -1}, kWidth);
  builder.output("y", builder.select(hot, {0, 7, static_cast<int32_t>(kWidth) - 1}));
  std::vector<float> x(300, 0.0F);
  x[299] = 2.0F;
  const Value y = run_numbers(builder, x);
  EXPECT_THAT(std::vector<float>(y.numbers.begin(), y.numbers.begin() + 3), testing::ElementsAre(1, 0, 0));
  EXPECT_THAT(std::vector<float>(y.numbers.end() - 3, y.numbers.end()), testing::ElementsAre(0, 1, 0));
}

TEST(Plans, TidyMergesEqualNodesAndDropsUnused) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId a = builder.impute(x, {1.0F});
  const NodeId b = builder.impute(x, {1.0F});
  (void)builder.missing_flag(x);
  (void)builder.input("unused", InputKind::kNumber);
  builder.output("y", builder.concat({a, b}));
  const ScorePlan plan = builder.build();
  EXPECT_EQ(plan.inputs.size(), 1U);
  EXPECT_EQ(plan.nodes.size(), 3U);
  EXPECT_THAT(dump(plan), testing::HasSubstr("concat (%1, %1)"));
}

TEST(Plans, TidyKeepsConstantsThatDifferInBitsAlone) {
  PlanBuilder builder;
  const NodeId code = builder.bin(builder.input("x", InputKind::kNumber), {1.0F});
  const NodeId unknown = builder.look_up(code, {kNan, 1.0F, 2.0F}, 1);
  const NodeId known = builder.look_up(code, {5.0F, 1.0F, 2.0F}, 1);
  builder.output("y", builder.concat({unknown, known}));
  const Value y = run_numbers(builder, {0.0F});
  EXPECT_TRUE(std::isnan(y.numbers[0]));
  EXPECT_EQ(y.numbers[1], 5.0F);
}

TEST(Plans, SpliceSharesInputsOfEqualName) {
  PlanBuilder inner;
  inner.output("f", inner.impute(inner.input("x", InputKind::kNumber), {0.0F}));
  const ScorePlan part = inner.build();
  PlanBuilder outer;
  const NodeId first = outer.splice(part)[0];
  const NodeId second = outer.splice(part)[0];
  outer.output("y", outer.sum({first, second}, {0.5F, 0.5F}));
  EXPECT_EQ(outer.build().inputs.size(), 1U);
}

// Each broken rule is refused with an error that names the node.
TEST(Verify, RefusesWhatTheRulesForbid) {
  const auto plan_with = [](Node node, std::vector<Constant> constants) {
    ScorePlan plan;
    plan.inputs = {{"x", InputKind::kNumber, ""}, {"s", InputKind::kCategory, ""}};
    plan.nodes = {{Op::kInput, {}, {}, 0, {}, {}}, {Op::kInput, {}, {}, 1, {}, {}}, std::move(node)};
    plan.constants = std::move(constants);
    plan.outputs = {{"y", 2}};
    return plan;
  };
  const auto f = [](std::vector<float> v) { return Constant{{static_cast<uint32_t>(v.size())}, std::move(v)}; };
  const auto i = [](std::vector<int32_t> v) { return Constant{{static_cast<uint32_t>(v.size())}, std::move(v)}; };
  const std::vector<ScorePlan> broken{
      plan_with({Op::kImpute, {2}, {0}, 0, {}, {}}, {f({1})}),             // reads itself
      plan_with({Op::kImpute, {0}, {7}, 0, {}, {}}, {f({1})}),             // no such constant
      plan_with({Op::kImpute, {1}, {0}, 0, {}, {}}, {f({1})}),             // a string is not a number
      plan_with({Op::kImpute, {0}, {0}, 0, {}, {}}, {f({1, 2})}),          // wrong width
      plan_with({Op::kImpute, {0}, {0}, 0, {}, {}}, {i({1})}),             // wrong type
      plan_with({Op::kInterpolate, {0}, {0, 0}, 0, {}, {}}, {f({2, 1})}),  // knots descend
      plan_with({Op::kInterpolate, {0}, {0, 1}, 0, {}, {}}, {f({1, std::numeric_limits<float>::infinity()}), f({1, 2})}),
      plan_with({Op::kPiecewiseLinear, {0}, {0}, 0, {}, {}}, {f({-std::numeric_limits<float>::infinity(), 1})}),
      plan_with({Op::kBin, {0}, {0, 1}, 9, {}, {}}, {f({1, 2}), f({})}),  // wrong number of codes
      plan_with({Op::kActivate, {0}, {}, 0, "eval", {}}, {}),             // no such function
      plan_with({Op::kAffine, {0}, {0, 1}, 0, {}, {}}, {f({1, 2, 3}), f({1, 2})}),
      plan_with({Op::kInput, {}, {}, 5, {}, {}}, {}),
  };
  for (size_t k = 0; k < broken.size(); ++k) {
    try {
      (void)verify(broken[k]);
      ADD_FAILURE() << "broken plan " << k << " passed";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("node 2")) << k;
    }
  }
}

TEST(Verify, RefusesTreesThatCouldLoop) {
  TreeArrays arrays;
  arrays.roots = {0};
  arrays.feature = {0};
  arrays.threshold = {0.0F};
  arrays.left = {0};  // its own child
  arrays.right = {~0};
  arrays.flags = {0};
  arrays.leaves = {0.0F};
  arrays.bit_begin = {0};
  arrays.bit_end = {0};
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), arrays));
  EXPECT_THROW((void)builder.build(), Error);
}

// A few bytes of a file must not make an executor hold gigabytes.
TEST(Verify, RefusesAPlanWhoseRowIsTooWide) {
  PlanBuilder builder;
  const NodeId code = builder.bin(builder.input("x", InputKind::kNumber), {1.0F});
  std::vector<NodeId> wide;
  for (int32_t i = 0; i < 3; ++i) wide.push_back(builder.one_hot(code, {i, -1, -1}, 1000));
  builder.output("y", builder.sum(wide, {1, 1, 1}));
  const ScorePlan plan = builder.build();
  PlanLimits limits;
  limits.row_values = 4002;  // input, code, three one-hots, their sum
  EXPECT_NO_THROW((void)verify(plan, limits));
  limits.row_values = 4001;
  EXPECT_THROW((void)verify(plan, limits), Error);
}

TEST(Verify, RefusesAScoreThatIsNotOneNumber) {
  for (const std::string name : {"log_odds", "probability", "points", "features"}) {
    PlanBuilder wide;
    const NodeId x = wide.input("x", InputKind::kNumber);
    wide.output(name, wide.concat({x, x}));
    PlanBuilder code;
    code.output(name, code.bin(code.input("x", InputKind::kNumber), {1.0F}));
    if (name == "features") {
      EXPECT_NO_THROW((void)wide.build());
      EXPECT_NO_THROW((void)code.build());
    } else {
      EXPECT_THROW((void)wide.build(), Error);
      EXPECT_THROW((void)code.build(), Error);
    }
  }
}

TEST(Verify, RefusesANewerPlan) {
  ScorePlan plan;
  plan.version = kPlanVersion + 1;
  EXPECT_THROW((void)verify(plan), Error);
}

}  // namespace
}  // namespace obligor
