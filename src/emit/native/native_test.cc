#include "emit/native/native.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/instruction_set.h"
#include "emit/native/kernels.h"
#include "emit/native/random_plan.h"
#include "plan/functions.h"

namespace obligor {
namespace {

using native::Sample;

// The scorer for each instruction set that this machine has.
std::vector<std::unique_ptr<NativeExecutor>> for_all_targets(const ScorePlan& plan) {
  std::vector<std::unique_ptr<NativeExecutor>> made;
  for (const InstructionSet set : present_sets()) {
    use_set(set);
    made.push_back(std::make_unique<NativeExecutor>(plan));
  }
  use_set(std::nullopt);
  return made;
}

bool same_bits(float a, float b) { return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b); }
// Signs of zero and payloads of NaN aside.
bool equal(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool close(float a, float b, double absolute) {
  if (equal(a, b)) return true;
  return std::fabs(static_cast<double>(a) - static_cast<double>(b)) <= absolute * (1 + std::fabs(static_cast<double>(a)));
}

// How many values differ by more than they may.
size_t differing(const Value& expected, const Value& found, const native::RandomPlan::Output& output) {
  EXPECT_EQ(expected.width, found.width);
  EXPECT_EQ(expected.numbers.size(), found.numbers.size());
  size_t count = expected.codes == found.codes ? 0 : 1;
  for (size_t i = 0; i < expected.numbers.size(); ++i) {
    const float a = expected.numbers[i];
    const float b = found.numbers[i];
    const bool good = output.exact ? equal(a, b) : (output.probability ? std::fabs(a - b) <= 1e-6F : close(a, b, 5e-6));
    if (!good && ++count <= 3) ADD_FAILURE() << "expected " << a << ", found " << b << (output.exact ? " (exact)" : "");
  }
  return count;
}

TEST(Native, EqualsTheInterpreterOnRandomPlans) {
  std::set<Op> seen;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Random random(seed, "native-plans");
    const auto made = native::random_plan(random);
    for (const Node& node : made.plan.nodes) seen.insert(node.op);
    const Sample sample = native::random_sample(made.plan, 150, random, true);
    const auto expected = Interpreter(made.plan).run(sample.batch(0, sample.rows), {});
    const auto executors = for_all_targets(made.plan);
    for (size_t t = 0; t < executors.size(); ++t) {
      const auto found = executors[t]->run(sample.batch(0, sample.rows), {});
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(differing(expected[i], found[i], made.outputs[i]), 0U)
            << "seed " << seed << ", output " << i << ", " << set_name(present_sets()[t]) << '\n'
            << dump(made.plan);
      }
    }
  }
  EXPECT_EQ(seen.size(), 29U) << "some op is in no plan";
}

TEST(Native, ARowDoesNotDependOnItsBatch) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed, "native-cuts");
    const auto made = native::random_plan(random);
    const Sample sample = native::random_sample(made.plan, 150, random, true);
    for (const auto& executor : for_all_targets(made.plan)) {
      const auto whole = executor->run(sample.batch(0, sample.rows), {});
      for (const size_t cut : {1UL, 3UL, 9UL, 16UL, 17UL, 64UL, 65UL}) {
        for (size_t begin = 0; begin < sample.rows; begin += cut) {
          const size_t rows = std::min(cut, sample.rows - begin);
          const auto part = executor->run(sample.batch(begin, rows), {});
          for (size_t i = 0; i < whole.size(); ++i) {
            for (size_t k = 0; k < part[i].numbers.size(); ++k) {
              ASSERT_TRUE(same_bits(part[i].numbers[k], whole[i].numbers[begin * whole[i].width + k])) << "seed " << seed << " cut " << cut;
            }
            for (size_t k = 0; k < part[i].codes.size(); ++k) ASSERT_EQ(part[i].codes[k], whole[i].codes[begin + k]);
          }
        }
      }
    }
  }
}

TEST(Native, AnyChoiceOfOutputsGivesTheSame) {
  Random random(5, "native-outputs");
  const auto made = native::random_plan(random);
  const Sample sample = native::random_sample(made.plan, 40, random, true);
  const NativeExecutor executor(made.plan);
  const auto all = executor.run(sample.batch(0, 40), {});
  for (size_t i = 0; i < all.size(); ++i) {
    const std::vector<std::string> one{made.plan.outputs[i].name};
    const auto found = executor.run(sample.batch(0, 40), one);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].codes, all[i].codes);
    for (size_t k = 0; k < all[i].numbers.size(); ++k) ASSERT_TRUE(same_bits(found[0].numbers[k], all[i].numbers[k]));
  }
  const std::vector<std::string> unknown{"no such output"};
  EXPECT_THROW((void)executor.run(sample.batch(0, 40), unknown), Error);
}

TEST(Native, NoRowsGiveEmptyOutputs) {
  Random random(6, "native-none");
  const auto made = native::random_plan(random);
  const Sample sample = native::random_sample(made.plan, 1, random, true);
  for (const Value& value : NativeExecutor(made.plan).run(sample.batch(0, 0), {})) {
    EXPECT_TRUE(value.numbers.empty());
    EXPECT_TRUE(value.codes.empty());
  }
}

TEST(Native, ThreadsShareOneExecutor) {
  Random random(7, "native-threads");
  const auto made = native::random_plan(random);
  const Sample sample = native::random_sample(made.plan, 500, random, true);
  const NativeExecutor executor(made.plan);
  const auto expected = executor.run(sample.batch(0, 500), {});
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t k = 0; k < 20; ++k) {
        const size_t begin = (t * 37 + k * 11) % 300;
        const size_t rows = 1 + (t * 53 + k * 29) % 200;
        const auto found = executor.run(sample.batch(begin, rows), {});
        for (size_t i = 0; i < found.size(); ++i) {
          for (size_t j = 0; j < found[i].numbers.size(); ++j) {
            if (!same_bits(found[i].numbers[j], expected[i].numbers[begin * found[i].width + j])) ++wrong[t];
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Native, EnsemblesOfAllSizesEqualTheInterpreterExactly) {
  Random random(8, "native-trees");
  for (const size_t leaves : {1UL, 2UL, 31UL, 32UL, 33UL, 64UL, 100UL, 500UL}) {
    for (const double categories : {0.0, 0.3}) {
      PlanBuilder builder;
      std::vector<NodeId> inputs;
      for (int c = 0; c < 7; ++c) inputs.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
      builder.output("y", builder.trees(builder.concat(inputs), native::random_trees(random, 20, leaves, 7, categories, true)));
      const ScorePlan plan = builder.build();
      const Sample sample = native::random_sample(plan, 200, random, true);
      const auto expected = Interpreter(plan).run(sample.batch(0, 200), {})[0].numbers;
      for (const auto& executor : for_all_targets(plan))
        EXPECT_THAT(executor->run(sample.batch(0, 200), {})[0].numbers, testing::Pointwise(testing::Eq(), expected))
            << leaves << " leaves, categories " << categories;
    }
  }
}

// One row takes another way through the trees than a batch: out of registers where the columns are few, by a gather where they are many.
TEST(Native, OneRowOfAnEnsembleEqualsTheInterpreterExactly) {
  Random random(18, "native-row-trees");
  for (const int width : {1, 7, 32, 33, 64, 65, 130}) {
    for (const size_t leaves : {1UL, 2UL, 31UL, 33UL, 100UL}) {
      PlanBuilder builder;
      std::vector<NodeId> inputs;
      for (int c = 0; c < width; ++c) inputs.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
      const double categories = leaves == 33 ? 0.3 : 0.0;
      builder.output("y",
                     builder.trees(builder.concat(inputs), native::random_trees(random, 37, leaves, static_cast<size_t>(width), categories, false)));
      const ScorePlan plan = builder.build();
      for (const bool hard : {false, true}) {
        const Sample sample = native::random_sample(plan, 40, random, hard);
        const auto expected = Interpreter(plan).run(sample.batch(0, 40), {})[0].numbers;
        for (const auto& executor : for_all_targets(plan)) {
          std::vector<float> found;
          for (size_t r = 0; r < 40; ++r) found.push_back(executor->run(sample.batch(r, 1), {})[0].numbers[0]);
          EXPECT_THAT(found, testing::Pointwise(testing::Eq(), expected)) << width << " columns, " << leaves << " leaves";
        }
      }
    }
  }
}

// Vectors that only their sum reads are added out of their tables; a vector that something else reads too, or twice, is not. NaN in a table stays
// one.
TEST(Native, SumsOfLookUpsAreThoseOfTheInterpreter) {
  for (const uint32_t width : {3U, 4U, 33U, 130U}) {
    Random random(width, "gathered");
    PlanBuilder b;
    std::vector<NodeId> codes;
    for (int c = 0; c < 5; ++c) codes.push_back(b.bin(b.input("x" + std::to_string(c), InputKind::kNumber), {-1, 0, 1}));
    const auto vectors = [&](NodeId code) {
      std::vector<float> table = native::random_values(random, 5 * width, -2, 2);
      table[width] = std::nanf("");
      return b.look_up(code, table, width);
    };
    std::vector<NodeId> parts;
    for (const NodeId code : codes) parts.push_back(vectors(code));
    b.output("alone", b.sum(parts, {1, 0.5F, -1, 2, 0.1F}));
    const NodeId shared = vectors(codes[0]);
    b.output("shared", b.sum({shared, vectors(codes[1])}, {1, 1}));
    b.output("vector", shared);
    const NodeId twice = vectors(codes[2]);
    b.output("twice", b.sum({twice, twice}, {0.5F, 0.25F}));
    const ScorePlan plan = b.build();
    for (const size_t rows : {size_t{1}, size_t{3}, size_t{100}}) {
      const native::Sample sample = native::random_sample(plan, rows, random, true);
      const auto expected = Interpreter(plan).run(sample.batch(0, rows), {});
      for (const auto& executor : for_all_targets(plan)) {
        const auto found = executor->run(sample.batch(0, rows), {});
        for (size_t o = 0; o < expected.size(); ++o) {
          ASSERT_EQ(found[o].numbers.size(), rows * width);
          for (size_t i = 0; i < rows * width; ++i) {
            const float a = found[o].numbers[i];
            const float e = expected[o].numbers[i];
            ASSERT_TRUE(a == e || (std::isnan(a) && std::isnan(e))) << plan.outputs[o].name << " width " << width << ": " << a << " for " << e;
          }
        }
      }
    }
  }
}

// x <= NaN is false: such a node sends every number to the right, and what is missing where its flag says.
TEST(Native, AThresholdThatIsNoNumberSendsToTheRight) {
  TreeArrays trees;
  trees.roots = {0, 1};
  trees.feature = {0, 0};
  trees.threshold = {std::nanf(""), std::nanf("")};
  trees.left = {~0, ~0};
  trees.right = {~1, ~1};
  trees.flags = {TreeArrays::kDefaultLeft, 0};
  trees.leaves = {1.0F, 10.0F};
  trees.bit_begin = trees.bit_end = {0, 0};
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), trees));
  const ScorePlan plan = builder.build();
  const std::vector<float> x{0.0F, -INFINITY, INFINITY, std::nanf("")};
  for (const auto& executor : for_all_targets(plan)) {
    EXPECT_THAT(executor->run({4, {{x, {}, nullptr}}}, {})[0].numbers, testing::ElementsAre(20, 20, 20, 11));
    for (size_t r = 0; r < x.size(); ++r)
      EXPECT_EQ(executor->run({1, {{std::span(x).subspan(r, 1), {}, nullptr}}}, {})[0].numbers[0], r == 3 ? 11 : 20);
  }
}

// A verified plan may share subtrees; a copy of them would have 2^40 nodes.
TEST(Native, SharedSubtreesAreNotCopied) {
  TreeArrays trees;
  trees.roots = {0};
  for (int32_t n = 0; n < 40; ++n) {
    trees.feature.push_back(0);
    trees.threshold.push_back(static_cast<float>(n));
    trees.left.push_back(n < 39 ? n + 1 : ~0);
    trees.right.push_back(n < 39 ? n + 1 : ~1);
    trees.flags.push_back(0);
    trees.bit_begin.push_back(0);
    trees.bit_end.push_back(0);
  }
  trees.leaves = {1.0F, 2.0F};
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), trees));
  const ScorePlan plan = builder.build();
  const std::vector<float> x{38.5F, 39.5F, 0.0F};
  InputBatch batch{3, {{x, {}, nullptr}}};
  EXPECT_THAT(NativeExecutor(plan).run(batch, {})[0].numbers, testing::ElementsAre(1, 2, 1));
}

TEST(Native, FunctionsAreWithinTheStatedDistance) {
  std::vector<float> x{std::nanf(""), INFINITY,  -INFINITY, 0.0F,     -0.0F,  1e-30F, -1e-30F, 3e38F, -3e38F,
                       88.0F,         88.72283F, 88.72284F, 88.7229F, 104.0F, -88.0F, -103.0F, 1e-7F, 1.0F};
  for (int i = -40000; i <= 40000; ++i) x.push_back(static_cast<float>(i) * 0.0005F);
  for (int i = -3000; i <= 3000; ++i) x.push_back(std::copysign(std::exp2(static_cast<float>(i) / 25), static_cast<float>(i)));
  for (const std::string_view name : function_names()) {
    PlanBuilder builder;
    builder.output("y", builder.activate(builder.input("x", InputKind::kNumber), name));
    const ScorePlan plan = builder.build();
    const InputBatch batch{x.size(), {{x, {}, nullptr}}};
    const ScalarFunction function = *find_function(name);
    for (const auto& executor : for_all_targets(plan)) {
      const auto y = executor->run(batch, {})[0].numbers;
      double largest = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const auto expected = static_cast<float>(function(static_cast<double>(x[i])));
        if (std::isnan(expected) || std::isinf(expected)) {
          EXPECT_TRUE(equal(expected, y[i])) << name << '(' << x[i] << ") = " << y[i];
          continue;
        }
        const double unit = std::max(1.0, std::fabs(static_cast<double>(expected))) * 0x1p-23;
        largest = std::max(largest, std::fabs(static_cast<double>(expected) - static_cast<double>(y[i])) / unit);
        EXPECT_LE(std::fabs(static_cast<double>(expected) - static_cast<double>(y[i])), 4 * unit) << name << '(' << x[i] << ')';
      }
      RecordProperty(std::string(name), std::to_string(largest));
    }
  }
}

TEST(Native, InfinitiesGoThroughAffineMapsAsInTheInterpreter) {
  const std::vector<float> x{INFINITY, -INFINITY, std::nanf(""), 1e38F, 0.0F, 2.0F};
  const std::vector<float> z{1.0F, INFINITY, 0.0F, 0.0F, INFINITY, -1.0F};
  PlanBuilder builder;
  const NodeId pair = builder.concat({builder.input("x", InputKind::kNumber), builder.input("z", InputKind::kNumber)});
  builder.output("y", builder.affine(pair, {1, 1, 0, 1, -1, 0.5F, 2, -3, 0.25F, 1}, {0, 0, 0, 1, 1}, 5));
  const ScorePlan plan = builder.build();
  const InputBatch batch{6, {{x, {}, nullptr}, {z, {}, nullptr}}};
  const auto expected = Interpreter(plan).run(batch, {})[0].numbers;
  for (const auto& executor : for_all_targets(plan)) {
    const auto found = executor->run(batch, {})[0].numbers;
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(equal(expected[i], found[i])) << i << ": " << expected[i] << " and " << found[i];
  }
}

TEST(Native, DictionariesLongerThanTheBatchGiveTheSame) {
  PlanBuilder builder;
  std::vector<std::string> words;
  std::vector<int32_t> codes;
  for (int32_t i = 0; i < 1000; ++i) {
    words.push_back(std::string(static_cast<size_t>(i % 40), 'x') + std::to_string(i));
    codes.push_back(i);
  }
  builder.output("y", builder.encode(builder.input("s", InputKind::kCategory), words, codes, 1000, 1001, 1002));
  const NativeExecutor executor(builder.build());
  std::vector<std::string> dictionary(words.rbegin(), words.rend());
  dictionary.emplace_back("unseen");
  std::vector<int32_t> column;
  for (int32_t i = -1; i < 1001; ++i) column.push_back(i);
  const auto whole = executor.run({column.size(), {{{}, column, &dictionary}}}, {})[0].codes;
  EXPECT_EQ(whole[0], 1000);
  EXPECT_EQ(whole[1], 999);
  EXPECT_EQ(whole[1000], 0);
  EXPECT_EQ(whole[1001], 1001);
  const auto part = executor.run({7, {{{}, std::span(column).subspan(995, 7), &dictionary}}}, {})[0].codes;
  EXPECT_THAT(part, testing::ElementsAreArray(std::span(whole).subspan(995, 7)));
}

}  // namespace
}  // namespace obligor
