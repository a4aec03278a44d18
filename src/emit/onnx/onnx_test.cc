#include "emit/onnx/onnx.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "emit/native/random_plan.h"
#include "emit/onnx/runtime.h"
#include "plan/functions.h"

namespace obligor {
namespace {

#define NEED_ONNX_RUNTIME() \
  if (!OnnxRuntimeExecutor::missing_because().empty()) GTEST_SKIP() << OnnxRuntimeExecutor::missing_because()

// The samples hold the empty string as a level of its own, which this form says only when another text means missing.
const OnnxOptions other_text{"<missing>"};

bool equal(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(Onnx, EqualsTheInterpreterOnRandomPlans) {
  NEED_ONNX_RUNTIME();
  std::set<Op> seen;
  double largest = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Random random(seed, "onnx-plans");
    const auto made = native::random_plan(random, false);
    const ScorePlan kept = tidy(made.plan);
    for (const Node& node : kept.nodes) seen.insert(node.op);
    const native::Sample sample = native::random_sample(made.plan, 150, random, true);
    const InputBatch batch = sample.batch(0, sample.rows);
    const auto expected = Interpreter(made.plan).run(batch, {});
    const auto found = OnnxRuntimeExecutor(made.plan, other_text).run(batch, {});
    ASSERT_EQ(expected.size(), found.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(expected[i].codes, found[i].codes) << seed;
      ASSERT_EQ(expected[i].numbers.size(), found[i].numbers.size());
      for (size_t k = 0; k < expected[i].numbers.size(); ++k) {
        const float a = expected[i].numbers[k];
        const float b = found[i].numbers[k];
        if (equal(a, b)) continue;
        const double distance = std::fabs(static_cast<double>(a) - static_cast<double>(b));
        if (made.outputs[i].probability) {
          largest = std::max(largest, distance);
          ASSERT_LE(distance, 1e-6) << "seed " << seed << " output " << i << ": " << a << " and " << b << '\n' << dump(made.plan);
        } else {
          ASSERT_LE(distance, 5e-6 * (1 + std::fabs(static_cast<double>(a))))
              << "seed " << seed << " output " << i << ": " << a << " and " << b << '\n'
              << dump(made.plan);
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 28U) << "some op but tokens is in no plan";
  RecordProperty("largest", std::to_string(largest));
}

TEST(Onnx, FunctionsAreNearInBothPrecisions) {
  NEED_ONNX_RUNTIME();
  std::vector<float> x{std::nanf(""), INFINITY, -INFINITY, 0.0F, 1e-30F, -1e-30F, 3e38F, -3e38F, 88.0F, -88.0F, -103.0F, 1e-7F, 1.0F};
  for (int i = -2000; i <= 2000; ++i) x.push_back(static_cast<float>(i) * 0.01F);
  for (const std::string_view name : function_names()) {
    const ScalarFunction function = *find_function(name);
    for (const size_t width : {1UL, 3UL}) {
      PlanBuilder builder;
      const NodeId in = builder.input("x", InputKind::kNumber);
      builder.output("y", builder.activate(builder.concat(std::vector<NodeId>(width, in)), name));
      const auto y = OnnxRuntimeExecutor(builder.build()).run({x.size(), {{x, {}, nullptr}}}, {})[0].numbers;
      for (size_t i = 0; i < x.size(); ++i) {
        const auto expected = static_cast<float>(function(static_cast<double>(x[i])));
        const float found = y[i * width];
        if (std::isnan(expected) || std::isinf(expected)) {
          EXPECT_TRUE(equal(expected, found)) << name << '(' << x[i] << ") = " << found << ", width " << width;
        } else {
          EXPECT_NEAR(found, expected, 1e-6 * std::max(1.0, std::fabs(static_cast<double>(expected)))) << name << '(' << x[i] << "), width " << width;
        }
      }
    }
  }
}

TEST(Onnx, EnsemblesSumExactly) {
  NEED_ONNX_RUNTIME();
  Random random(8, "onnx-trees");
  for (const size_t leaves : {1UL, 31UL, 200UL}) {
    for (const double categories : {0.0, 0.3}) {
      PlanBuilder builder;
      std::vector<NodeId> inputs;
      for (int c = 0; c < 7; ++c) inputs.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
      builder.output("y", builder.trees(builder.concat(inputs), native::random_trees(random, 300, leaves, 7, categories, true)));
      const ScorePlan plan = builder.build();
      const native::Sample sample = native::random_sample(plan, 300, random, true);
      const auto expected = Interpreter(plan).run(sample.batch(0, 300), {})[0].numbers;
      EXPECT_THAT(OnnxRuntimeExecutor(plan).run(sample.batch(0, 300), {})[0].numbers, testing::Pointwise(testing::Eq(), expected))
          << leaves << " leaves, categories " << categories;
    }
  }
}

TEST(Onnx, AMissingCategoryIsTheTextThatWasAskedFor) {
  NEED_ONNX_RUNTIME();
  PlanBuilder builder;
  builder.output("y", builder.encode(builder.input("s", InputKind::kCategory), {"a", "b"}, {0, 1}, 2, 3, 4));
  const ScorePlan plan = builder.build();
  const std::vector<std::string> dictionary{"a", "b", "", "none"};
  const std::vector<int32_t> codes{-1, 0, 1, 2, 3};
  const InputBatch batch{codes.size(), {{{}, codes, &dictionary}}};
  EXPECT_THAT(OnnxRuntimeExecutor(plan).run(batch, {})[0].codes, testing::ElementsAre(2, 0, 1, 2, 3));
  EXPECT_THAT(OnnxRuntimeExecutor(plan, {"none"}).run(batch, {})[0].codes, testing::ElementsAre(2, 0, 1, 3, 2));
}

TEST(Onnx, RefusesWhatTheFormCannotSay) {
  {
    PlanBuilder builder;
    builder.output("y", builder.encode(builder.input("s", InputKind::kCategory), {"a", ""}, {0, 1}, 2, 3, 4));
    EXPECT_THROW((void)emit_onnx(builder.build()), Error);
  }
  {
    PlanBuilder builder;
    builder.output("x", builder.impute(builder.input("x", InputKind::kNumber), {0}));
    EXPECT_THROW((void)emit_onnx(builder.build()), Error);
  }
  TreeArrays trees;  // each node's children are one node: 2^40 when copied
  trees.roots = {0};
  for (int32_t n = 0; n < 40; ++n) {
    trees.feature.push_back(0);
    trees.threshold.push_back(static_cast<float>(n));
    trees.left.push_back(n < 39 ? n + 1 : ~0);
    trees.right.push_back(n < 39 ? n + 1 : ~0);
    trees.flags.push_back(0);
    trees.bit_begin.push_back(0);
    trees.bit_end.push_back(0);
  }
  trees.leaves = {1.0F};
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), trees));
  EXPECT_THROW((void)emit_onnx(builder.build()), Error);
}

TEST(Onnx, TheSamePlanGivesTheSameBytes) {
  Random random(4, "onnx-bytes");
  const auto made = native::random_plan(random, false);
  EXPECT_EQ(emit_onnx(made.plan, other_text), emit_onnx(made.plan, other_text));
}

TEST(Onnx, RefusesTheWordsOfATextByTheColumnsName) {
  PlanBuilder builder;
  builder.output("ids", builder.tokens(builder.input("story", InputKind::kCategory, "text"), {"car"}, {0}, 1, 3));
  try {
    (void)emit_onnx(builder.build(), {});
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("story"));
  }
}

}  // namespace
}  // namespace obligor
