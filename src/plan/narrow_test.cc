#include "plan/narrow.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>

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
  const ScorePlan small = narrow_weights(plan);
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

}  // namespace
}  // namespace obligor
