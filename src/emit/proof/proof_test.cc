#include "emit/proof/proof.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "emit/onnx/runtime.h"
#include "emit/proof/raw_rows.h"
#include "plan/builder.h"

namespace obligor {
namespace {

// A tree over a clipped number, a card over a category, one log-odds.
ScorePlan small_plan() {
  PlanBuilder builder;
  const NodeId age = builder.clip(builder.special(builder.input("age", InputKind::kNumber), {-9999}), {18}, {90});
  TreeArrays trees;
  trees.roots = {0};
  trees.feature = {0, 0};
  trees.threshold = {30.5F, 61.25F};
  trees.left = {~0, ~1};
  trees.right = {1, ~2};
  trees.flags = {0, TreeArrays::kDefaultLeft};
  trees.leaves = {0.7F, -0.2F, 0.4F};
  trees.bit_begin = trees.bit_end = {0, 0};
  const NodeId tree = builder.trees(builder.impute(age, {40}), trees);
  const NodeId job =
      builder.look_up(builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4), {0.3F, -0.2F, 0.9F, 0}, 1);
  const NodeId log_odds = builder.affine(builder.concat({tree, job}), {1.5F, -0.5F}, {-1}, 1);
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  return builder.build();
}

RawRows some_rows(size_t count) {
  Random random(2, "proof-rows");
  RawRows rows;
  rows.rows = count;
  rows.numbers.resize(2);
  rows.codes.resize(2);
  rows.dictionaries = {{}, {"clerk", "farmer", "pilot", ""}};
  for (size_t r = 0; r < count; ++r) {
    rows.numbers[0].push_back(random.below(9) == 0 ? std::nanf("") : static_cast<float>(random.below(70)) + 15);
    rows.codes[1].push_back(static_cast<int32_t>(random.below(5)) - 1);
  }
  return rows;
}

TEST(Proof, HoldsForAPlanThatEveryBackendRunsRight) {
  const ScorePlan plan = small_plan();
  const RawRows rows = some_rows(500);
  Prover prover(plan);
  prover.check(rows.batch(0, 300), 0);
  prover.check(rows.batch(300, 200), 300);
  const Proof proof = prover.finish();
  EXPECT_TRUE(proof.holds) << proof_json(proof).dump(1);
  EXPECT_EQ(proof.rows, 500U);
  EXPECT_GT(proof.edge_rows, 30U);
  ASSERT_EQ(proof.backends.size(), 3U);
  for (const BackendProof& one : proof.backends) {
    if (one.name == "onnx" && !OnnxRuntimeExecutor::missing_because().empty()) {
      EXPECT_EQ(one.status, "not_found");
      continue;
    }
    EXPECT_EQ(one.status, "compared") << one.name << ": " << one.note;
    EXPECT_EQ(one.rows, 500U);
    EXPECT_EQ(one.edge_rows, proof.edge_rows);
    EXPECT_LE(one.largest, one.tolerance);
    EXPECT_LE(one.largest_on_data, one.largest);
  }
  EXPECT_EQ(proof.plan_digest, plan_digest(plan));
}

TEST(Proof, WithoutDataTheEdgeRowsAlone) {
  Prover prover(small_plan());
  const Proof proof = prover.finish();
  EXPECT_TRUE(proof.holds) << proof_json(proof).dump(1);
  EXPECT_EQ(proof.rows, 0U);
  EXPECT_GT(proof.edge_rows, 30U);
}

// Float sums of a wide affine map part from the interpreter's by more than nothing: a tolerance of 0 must find that, and name the row.
TEST(Proof, DoesNotHoldAboveTheTolerance) {
  Random random(5, "proof-wide");
  PlanBuilder builder;
  std::vector<NodeId> inputs;
  for (int c = 0; c < 20; ++c)
    inputs.push_back(builder.clip(builder.impute(builder.input("x" + std::to_string(c), InputKind::kNumber), {0}), {-4}, {4}));
  std::vector<float> weights;
  for (int i = 0; i < 20 * 8; ++i) weights.push_back(static_cast<float>(random.normal()));
  const NodeId hidden = builder.activate(builder.affine(builder.concat(inputs), weights, std::vector<float>(8, 0.1F), 8), "tanh");
  builder.output("probability", builder.activate(builder.affine(hidden, std::vector<float>(8, 0.3F), {0.1F}, 1), "sigmoid"));
  RawRows rows;
  rows.rows = 300;
  rows.codes.resize(20);
  rows.dictionaries.resize(20);
  for (int c = 0; c < 20; ++c) {
    auto& column = rows.numbers.emplace_back();
    for (size_t r = 0; r < rows.rows; ++r) column.push_back(static_cast<float>(random.normal()));
  }
  ProofOptions options;
  options.tolerance = 0;
  options.backends = {"native"};
  Prover prover(builder.build(), options);
  prover.check(rows.batch(0, rows.rows), 1000);
  const Proof proof = prover.finish();
  EXPECT_FALSE(proof.holds);
  const BackendProof& native = proof.backends[0];
  EXPECT_GT(native.largest, 0);
  EXPECT_LT(native.largest, 1e-6);
  EXPECT_THAT(native.where, testing::AnyOf(testing::StartsWith("data row 1"), testing::StartsWith("edge row ")));
  EXPECT_EQ(native.row.size(), 20U);
  EXPECT_NE(native.expected, native.found);
}

TEST(Proof, AnUnknownBackendIsRefusedByName) {
  ProofOptions options;
  options.backends = {"nativ"};
  EXPECT_THROW(Prover(small_plan(), options), Error);
}

TEST(EdgeRows, HoldEachThresholdAndItsNeighboursOnBothSides) {
  const ScorePlan plan = small_plan();
  Random random(1, "edges");
  const RawRows rows = edge_rows(plan, {}, random, 1000);
  std::set<float> ages(rows.numbers[0].begin(), rows.numbers[0].end());
  for (const float threshold : {30.5F, 61.25F, 18.0F, 90.0F, -9999.0F}) {
    for (const float value : {threshold, std::nextafter(threshold, 1e9F), std::nextafter(threshold, -1e9F)}) {
      EXPECT_TRUE(ages.contains(value)) << value;
    }
  }
  EXPECT_TRUE(ages.contains(INFINITY));
  EXPECT_TRUE(ages.contains(-INFINITY));
  EXPECT_TRUE(std::any_of(rows.numbers[0].begin(), rows.numbers[0].end(), [](float x) { return std::isnan(x); }));
  std::set<std::string> jobs;
  for (const int32_t code : rows.codes[1]) jobs.insert(code < 0 ? "missing" : rows.dictionaries[1][static_cast<size_t>(code)]);
  EXPECT_THAT(jobs, testing::IsSupersetOf({"clerk", "farmer", "missing", "never seen", ""}));
  EXPECT_TRUE(std::any_of(jobs.begin(), jobs.end(), [](const std::string& job) { return job.size() > 60'000; }));
}

TEST(EdgeRows, KeepWithinTheirNumberAndStandOnTheData) {
  const ScorePlan plan = small_plan();
  const RawRows data = some_rows(50);
  Random random(1, "edges");
  const RawRows rows = edge_rows(plan, data.batch(0, 50), random, 20);
  EXPECT_LE(rows.rows, 20U);
  EXPECT_EQ(rows.numbers[0].size(), rows.rows);
  EXPECT_EQ(rows.codes[1].size(), rows.rows);
}

}  // namespace
}  // namespace obligor
