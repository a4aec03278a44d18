#include "plan/narrow.h"

#include <bit>
#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "plan/builder.h"
#include "plan/executor.h"
#include "plan/io.h"

namespace obligor {
namespace {

ScorePlan network() {
  PlanBuilder b;
  const NodeId x = b.concat({b.input("x", InputKind::kNumber), b.input("y", InputKind::kNumber)});
  std::vector<float> weights;
  for (int i = 0; i < 128; ++i) weights.push_back(0.1F * static_cast<float>(i % 7) - 0.3F);
  const NodeId hidden = b.activate(b.affine(x, weights, std::vector<float>(64, 0.1F), 64), "relu");
  b.output("log_odds", b.affine(hidden, std::vector<float>(64, 0.1F), {0.3F}, 1));
  return b.build();
}

TEST(Narrow, RoundsToTheNearestBfloat16TiesToEven) {
  EXPECT_EQ(round_to_bf16(1.0F), 1.0F);
  EXPECT_EQ(round_to_bf16(std::bit_cast<float>(0x3F808000U)), 1.0F);  // a tie
  EXPECT_EQ(round_to_bf16(std::bit_cast<float>(0x3F818000U)), std::bit_cast<float>(0x3F820000U));
  EXPECT_EQ(round_to_bf16(std::bit_cast<float>(0x3F808001U)), std::bit_cast<float>(0x3F810000U));
  EXPECT_EQ(round_to_bf16(-0.1F), std::bit_cast<float>(0xBDCD0000U));
  EXPECT_TRUE(std::isnan(round_to_bf16(std::nanf(""))));
  EXPECT_EQ(round_to_bf16(3.4e38F), 3.4e38F);  // what would become infinite stays
}

TEST(Narrow, WideMapsTakeHalfTheBytesAndTheRestStays) {
  const ScorePlan plan = network();
  const ScorePlan small = narrow_weights(plan, WeightKind::kBf16);
  const PlanFiles before = save_plan(plan);
  const PlanFiles after = save_plan(small);
  EXPECT_LT(after.weights.size() + 250, before.weights.size());
  const ScorePlan again = load_plan(after.graph, after.weights, "again");
  const PlanFiles saved_again = save_plan(again);
  EXPECT_EQ(after.graph, saved_again.graph);
  EXPECT_EQ(after.weights, saved_again.weights);
  EXPECT_EQ(again.constants[0].floats(), small.constants[0].floats());
  // The last map, one output wide, decides the score by itself: it is not rounded.
  EXPECT_EQ(small.constants[2].floats(), plan.constants[2].floats());
  EXPECT_NE(small.constants[0].floats(), plan.constants[0].floats());

  const std::vector<float> x{1.5F};
  const std::vector<float> y{-0.5F};
  const InputBatch row{1, {{x, {}, nullptr}, {y, {}, nullptr}}};
  const float exact = Interpreter(plan).run(row, {})[0].numbers[0];
  const float rounded = Interpreter(again).run(row, {})[0].numbers[0];
  EXPECT_NE(exact, rounded);
  EXPECT_NEAR(exact, rounded, 0.01);
}

// Every op whose weights are narrowed, over two steps of four channels.
ScorePlan of_every_kind() {
  PlanBuilder b;
  Random random(1, "narrow");
  const auto draw = [&](size_t n) {
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
  };
  const NodeId ids = b.concat({b.input("x", InputKind::kNumber), b.input("y", InputKind::kNumber)});
  const NodeId steps = b.embed(ids, draw(std::size_t{32} * 8), 8);
  const NodeId present = b.affine(ids, {0, 0, 0, 0}, {1, 1}, 2);
  const NodeId states = b.recur(steps, present, "gru", draw(std::size_t{3} * 8 * 8), draw(std::size_t{3} * 8 * 8), draw(std::size_t{2} * 3 * 8));
  const NodeId filtered = b.convolve(steps, draw(std::size_t{8} * 2 * 8), draw(8), 2, 1, 1, 0);
  const NodeId both = b.concat(
      {b.pool(states, present, "last"), b.pool(filtered, present, "max"), b.look_up(b.bin(b.input("x", InputKind::kNumber), {0.5F}), draw(9), 3)});
  b.output("log_odds", b.affine(b.affine(both, draw(std::size_t{8} * 19), draw(8), 8), draw(8), {0.3F}, 1));
  return b.build();
}

TEST(Narrow, CellsFiltersAndTablesAreNarrowedAndBiasesAreNot) {
  const ScorePlan plan = of_every_kind();
  for (const WeightKind kind : {WeightKind::kBf16, WeightKind::kInt8}) {
    const ScorePlan small = narrow_weights(plan, kind);
    std::vector<std::string> narrowed;
    for (const Node& node : plan.nodes) {
      for (size_t place = 0; place < node.constants.size(); ++place) {
        const ConstantId c = node.constants[place];
        if (std::holds_alternative<std::vector<float>>(plan.constants[c].data) && plan.constants[c].floats() != small.constants[c].floats())
          narrowed.push_back(fmt::format("{} {}", op_name(node.op), place));
      }
    }
    EXPECT_THAT(narrowed, testing::UnorderedElementsAre("embed 0", "recur 0", "recur 1", "convolve 0", "look_up 0", "affine 0"));
    // Rows of three weights of the look-up are bfloat16 either way.
    EXPECT_EQ(small.meta["int8"].size(), kind == WeightKind::kInt8 ? 5U : 0U);
    EXPECT_EQ(small.meta["bf16"].size(), kind == WeightKind::kInt8 ? 1U : 6U);
    const PlanFiles files = save_plan(small);
    const ScorePlan again = load_plan(files.graph, files.weights, "again");
    for (size_t c = 0; c < plan.constants.size(); ++c) {
      EXPECT_EQ(again.constants[c].data, small.constants[c].data) << c;
      EXPECT_EQ(again.constants[c].shape, small.constants[c].shape) << c;
    }
    EXPECT_EQ(save_plan(again).weights, files.weights);
    EXPECT_LT(files.weights.size(), save_plan(plan).weights.size());
  }
}

TEST(Narrow, Int8StepsAreARowsLargestWeightBy127) {
  PlanBuilder b;
  std::vector<float> weights(24, 0.0F);
  weights[0] = 12.7F;
  weights[1] = -12.7F;
  weights[2] = 0.249F;  // 2.49 steps of a tenth
  weights[3] = 0.251F;
  weights[8] = 1e-3F;  // a row of its own, beside one of zeros
  std::vector<NodeId> inputs;
  for (int i = 0; i < 8; ++i) inputs.push_back(b.input(fmt::format("x{}", i), InputKind::kNumber));
  b.output("y", b.affine(b.concat(inputs), weights, {0, 0, 0}, 3));
  const ScorePlan plan = narrow_weights(b.build(), WeightKind::kInt8);
  const auto& made = plan.constants[0].floats();
  EXPECT_NEAR(made[0], 12.7, 2e-4);
  EXPECT_EQ(made[1], -made[0]);
  EXPECT_EQ(made[2], made[0] / 127 * 2);
  EXPECT_EQ(made[3], made[0] / 127 * 3);
  EXPECT_NEAR(made[8], 1e-3, 1e-7);
  for (size_t i = 9; i < 24; ++i) EXPECT_EQ(made[i], 0.0F);
}

TEST(Narrow, AnEarlierNarrowingIsForgotten) {
  const ScorePlan small = narrow_weights(narrow_weights(of_every_kind(), WeightKind::kInt8), WeightKind::kBf16);
  EXPECT_EQ(small.meta["int8"].size(), 0U);
  const PlanFiles files = save_plan(small);
  EXPECT_EQ(load_plan(files.graph, files.weights, "again").constants[0].floats(), small.constants[0].floats());
}

}  // namespace
}  // namespace obligor
