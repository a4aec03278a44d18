// The operations over steps against PyTorch 2.x in float64 (nn.RNN, nn.LSTM, nn.GRU, conv1d; weights rounded to eighths), and their rules
// for absent steps and missing values.
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

const float kNan = std::nanf("");
const std::vector<float> kSteps{1.5F, -0.25F, -2.125F, 0.625F, -1.125F, -1.375F};  // three of two channels

// A plan over one row: columns by name, in the order in which they are asked for.
class Row {
 public:
  PlanBuilder builder;

  NodeId columns(const std::vector<float>& values) {
    std::vector<NodeId> parts;
    for (const float value : values) {
      parts.push_back(builder.input("x" + std::to_string(values_.size()), InputKind::kNumber));
      values_.push_back({value});
    }
    return builder.concat(parts);
  }
  std::vector<float> run(NodeId node) {
    builder.output("y", node);
    InputBatch batch;
    batch.rows = 1;
    const ScorePlan plan = builder.build();
    for (const PlanInput& input : plan.inputs) batch.columns.push_back({values_[std::stoul(input.name.substr(1))], {}, nullptr});
    return Interpreter(plan).run(batch, {})[0].numbers;
  }

 private:
  std::vector<std::vector<float>> values_;
};

struct Cell {
  std::string function;
  std::vector<float> input, state, bias, expected;
};

std::vector<Cell> cells() {
  return {
      {"tanh",
       {-1.25F, -0.875F, -0.5F, 0.125F},
       {0.625F, 1.0F, -0.875F, -0.5F},
       {0.625F - 0.25F, 1.25F + 1.125F},
       {-0.85681760F, 0.92072232F, 0.99358578F, 0.99900951F, 0.99979970F, 0.88464337F}},
      {"lstm",
       {-0.125F, 0.25F, 1.375F, -1.25F, -0.75F, -0.25F, -0.5F, 1.375F, -0.875F, -0.5F, -0.875F, -1.25F, -0.75F, 1.375F, 0.75F, 0.75F},
       {0.125F, -0.625F, 0.375F, -1.25F, -0.875F, -0.625F, 1.0F, 0.875F, -0.5F, 0.0F, 1.0F, 1.5F, 0.625F, 0.25F, 1.0F, -0.75F},
       {1.25F, -1.125F, -0.75F, -0.25F, 1.75F, 2.125F, -1.75F, 0.125F},
       {0.01370799F, 0.41425020F, 0.53563047F, 0.10936188F, 0.06776383F, 0.09032965F}},
      {"gru",
       {0.625F, 1.25F, 1.375F, 1.375F, 0.375F, -1.125F, 0.25F, -0.75F, -1.25F, 1.375F, 1.125F, -1.25F},
       {0.375F, -0.125F, -0.125F, -0.5F, 0.625F, -0.75F, 0.625F, 0.875F, 1.125F, 0.625F, -1.25F, -0.875F},
       {0.75F, 0.375F, -1.0F, -0.75F, 1.375F, 1.0F, -0.5F, -0.25F, -1.25F, 0.125F, -1.0F, -1.0F},
       {-0.73386692F, 0.50144520F, 0.98216355F, -0.73786567F, 0.83610887F, 0.03413071F}},
  };
}

std::vector<float> states(const Cell& cell, const std::vector<float>& x, const std::vector<float>& present) {
  Row row;
  const NodeId steps = row.columns(x);
  return row.run(row.builder.recur(steps, row.columns(present), cell.function, cell.input, cell.state, cell.bias));
}

TEST(Recur, EqualsPyTorchsCells) {
  for (const Cell& cell : cells()) EXPECT_THAT(states(cell, kSteps, {1, 1, 1}), Pointwise(FloatNear(3e-7F), cell.expected)) << cell.function;
}

TEST(Recur, AnAbsentStepCarriesTheStateOverWhateverItHolds) {
  for (const Cell& cell : cells()) {
    // The three steps among absent ones, which hold nothing, give what they give alone.
    const auto y = states(cell, {kNan, kNan, 1.5F, -0.25F, 9, kNan, -2.125F, 0.625F, -1.125F, -1.375F}, {0, 1, -1, 1, 2});
    const std::vector<float> expected{0,
                                      0,
                                      cell.expected[0],
                                      cell.expected[1],
                                      cell.expected[0],
                                      cell.expected[1],
                                      cell.expected[2],
                                      cell.expected[3],
                                      cell.expected[4],
                                      cell.expected[5]};
    EXPECT_THAT(y, Pointwise(FloatNear(3e-7F), expected)) << cell.function;
    EXPECT_THAT(states(cell, kSteps, {0, kNan, 0}), ElementsAre(0, 0, 0, 0, 0, 0)) << cell.function;
  }
}

TEST(Recur, AMissingValueOfAPresentStepStays) {
  for (const Cell& cell : cells()) {
    const auto y = states(cell, {1.5F, -0.25F, kNan, 0.625F, -1.125F, -1.375F}, {1, 1, 1});
    EXPECT_FALSE(std::isnan(y[1]));
    for (size_t i = 2; i < 6; ++i) EXPECT_TRUE(std::isnan(y[i])) << cell.function;
  }
}

TEST(Convolve, EqualsPyTorchsDilatedConvolution) {
  Row row;
  const NodeId y =
      row.builder.convolve(row.columns(kSteps), {0.125F, -1.5F, -0.875F, -0.625F, 1.375F, -0.25F, 0.0F, -0.125F}, {1.875F, 3.125F}, 3, 2, 2, 1);
  EXPECT_THAT(row.run(y), ElementsAre(0.71875F, 3.15625F, 3.34375F, 3.046875F, 4.28125F, 5.421875F, 0.671875F, 0.046875F));
}

TEST(Convolve, WithOneTapIsTheSameMapOfEveryStep) {
  Row row;
  EXPECT_THAT(row.run(row.builder.convolve(row.columns({1, 2, 3, 4}), {1, 10}, {0.5F}, 2)), ElementsAre(21.5F, 43.5F));
}

TEST(Convolve, PaddingIsZeroAndAMissingValueReachesItsWindowsAlone) {
  Row row;
  const auto y = row.run(row.builder.convolve(row.columns({1, kNan, 3, 4}), {0, 1}, {0}, 4, 1, 1, 0));
  EXPECT_EQ(y[0], 1);
  EXPECT_TRUE(std::isnan(y[1]) && std::isnan(y[2]));  // the weight of 0 does not hide it
  EXPECT_EQ(y[3], 4);
}

TEST(Pool, LooksAtPresentStepsAlone) {
  const std::vector<float> x{5, -1, kNan, 100, 1, -3, 2, -2, kNan, kNan};
  const auto pooled = [&](std::string_view function, const std::vector<float>& present) {
    Row row;
    const NodeId steps = row.columns(x);
    return row.run(row.builder.pool(steps, row.columns(present), function));
  };
  EXPECT_THAT(pooled("max", {1, 0, 1, 1, 0}), ElementsAre(5, -1));
  EXPECT_THAT(pooled("mean", {1, 0, 1, 0, 0}), ElementsAre(3, -2));
  EXPECT_THAT(pooled("sum", {1, 0, 1, 1, kNan}), ElementsAre(8, -6));
  EXPECT_THAT(pooled("last", {1, 0, 1, 1, 0}), ElementsAre(2, -2));
  for (const std::string_view function : {"max", "mean", "sum", "last"}) {
    EXPECT_THAT(pooled(function, {0, 0, 0, 0, 0}), ElementsAre(0, 0)) << function;
    EXPECT_TRUE(std::isnan(pooled(function, {0, 1, 0, 0, 0})[0])) << function;
  }
  EXPECT_TRUE(std::isnan(pooled("max", {1, 1, 1, 0, 0})[0]));
}

TEST(Attend, AbsentKeysHaveNoWeightWhateverTheyHold) {
  const auto attended = [](const std::vector<float>& present) {
    Row row;
    const NodeId query = row.columns({1});
    const NodeId keys = row.columns({0, std::log(3.0F), kNan});
    const NodeId values = row.columns({8, 16, kNan});
    return row.run(row.builder.attend(query, keys, values, row.columns(present), 1, 3))[0];
  };
  EXPECT_NEAR(attended({1, 1, 0}), (8.0 + 3 * 16) / 4, 1e-5);
  EXPECT_EQ(attended({0, 1, 0}), 16);
  EXPECT_EQ(attended({0, 0, kNan}), 0);
  EXPECT_TRUE(std::isnan(attended({1, 0, 1})));
}

TEST(Verify, RefusesStepsThatDoNotFit) {
  const auto f = [](size_t n) { return Constant{{static_cast<uint32_t>(n)}, std::vector<float>(n, 1.0F)}; };
  const auto i = [](std::vector<int32_t> v) { return Constant{{static_cast<uint32_t>(v.size())}, std::move(v)}; };
  // Nodes 0 and 1: six numbers (three steps of two channels) and three.
  const auto refused = [&](Node node, std::vector<Constant> constants) {
    ScorePlan plan;
    plan.inputs = {{"x", InputKind::kNumber, ""}};
    plan.constants = {f(6), f(6), f(3), f(3)};
    for (auto& id : node.constants) id += 4;
    for (auto& id : node.inputs) id += 1;
    plan.constants.insert(plan.constants.end(), constants.begin(), constants.end());
    plan.nodes = {{Op::kInput, {}, {}, 0, {}, {}}, {Op::kAffine, {0}, {0, 1}, 0, {}, {}}, {Op::kAffine, {0}, {2, 3}, 0, {}, {}}, std::move(node)};
    plan.outputs = {{"y", 3}};
    try {
      (void)verify(plan);
      return false;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("node 3"));
      return error.code() == ErrorCode::kData;
    }
  };
  const std::vector<Constant> lstm{f(4 * 5 * 2), f(4 * 5 * 5), f(4 * 5)};
  EXPECT_FALSE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 3, "lstm", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 3, "gru", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 3, "relu", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 2, "lstm", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 0, "lstm", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 0}, {0, 1, 2}, 3, "lstm", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {1, 1, 2}, 3, "lstm", {}}, lstm));
  EXPECT_TRUE(refused({Op::kRecur, {0, 1}, {0, 1, 2}, 3, "lstm", {}}, {f(0), f(0), f(0)}));

  const auto convolution = [&](std::vector<int32_t> extents, size_t weights, size_t biases) {
    return refused({Op::kConvolve, {0}, {0, 1, 2}, 0, {}, {}}, {f(weights), f(biases), i(std::move(extents))});
  };
  EXPECT_FALSE(convolution({3, 1, 0, 0}, 3 * 4, 2));
  EXPECT_TRUE(convolution({3, 2, 0, 0}, 3 * 4, 2));  // no step is left
  EXPECT_FALSE(convolution({3, 2, 1, 1}, 3 * 4, 2));
  EXPECT_TRUE(convolution({4, 1, 0, 0}, 3 * 4, 2));
  EXPECT_TRUE(convolution({3, 0, 0, 0}, 3 * 4, 2));
  EXPECT_TRUE(convolution({3, 1, -1, 0}, 3 * 4, 2));
  EXPECT_TRUE(convolution({3, 1, 0}, 3 * 4, 2));
  EXPECT_TRUE(convolution({3, 1, 0, 0}, 3 * 4 + 1, 2));
  EXPECT_TRUE(convolution({3, 1, 0, 0}, 0, 0));
  EXPECT_TRUE(convolution({3, 1, 2147483647, 2147483647}, 3 * 4, 2));

  EXPECT_FALSE(refused({Op::kPool, {0, 1}, {}, 0, "max", {}}, {}));
  EXPECT_TRUE(refused({Op::kPool, {0, 1}, {}, 0, "median", {}}, {}));
  EXPECT_TRUE(refused({Op::kPool, {1, 0}, {}, 0, "max", {}}, {}));

  EXPECT_FALSE(refused({Op::kAttend, {1, 1, 0, 1}, {0}, 0, {}, {}}, {i({1, 3})}));
  EXPECT_TRUE(refused({Op::kAttend, {1, 1, 0, 0}, {0}, 0, {}, {}}, {i({1, 3})}));
}

}  // namespace
}  // namespace obligor
