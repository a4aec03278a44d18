#include "plan/io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor {
namespace {

// Every kind of constant: floats, whole numbers, bytes and strings.
ScorePlan sample_plan() {
  PlanBuilder builder;
  const NodeId job = builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "", "naïve \"q\""}, {0, 1, 2}, 3, 4, 5);
  const NodeId woe = builder.look_up(job, {0.3F, -0.2F, 0.1F, 0.0F, 0.5F}, 1);
  const NodeId age = builder.impute(builder.input("age", InputKind::kNumber), {35.0F});
  TreeArrays arrays;
  arrays.roots = {0};
  arrays.feature = {0};
  arrays.threshold = {40.0F};
  arrays.left = {~0};
  arrays.right = {~1};
  arrays.flags = {TreeArrays::kDefaultLeft};
  arrays.leaves = {-1.0F, 1.0F};
  arrays.bit_begin = {0};
  arrays.bit_end = {0};
  const NodeId x = builder.concat({age, woe});
  const NodeId log_odds = builder.sum({builder.trees(x, arrays), builder.affine(x, {0.01F, 2.0F}, {-1.0F}, 1)}, {1.0F, 0.5F});
  builder.name(log_odds, "the score");
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.meta()["made"] = "by a test";
  return builder.build();
}

std::vector<float> scores(const ScorePlan& plan) {
  const std::vector<float> age{22, 47, std::nanf(""), 90};
  const std::vector<int32_t> codes{0, 1, -1, 2};
  const std::vector<std::string> dictionary{"naïve \"q\"", "clerk", "pilot"};
  InputBatch batch;
  batch.rows = age.size();
  for (const auto& input : plan.inputs) {
    batch.columns.push_back(input.kind == InputKind::kNumber ? InputColumn{age, {}, nullptr} : InputColumn{{}, codes, &dictionary});
  }
  const std::string name = "probability";
  return Interpreter(plan).run(batch, {&name, 1})[0].numbers;
}

std::string refusal(std::string_view graph, std::string_view weights, const PlanLimits& limits = {}) {
  try {
    (void)load_plan(graph, weights, "m", limits);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(PlanFiles, LoadGivesBackThePlan) {
  const ScorePlan plan = sample_plan();
  const PlanFiles files = save_plan(plan);
  const ScorePlan loaded = load_plan(files.graph, files.weights, "m");
  EXPECT_EQ(dump(loaded), dump(plan));
  EXPECT_EQ(loaded.meta, plan.meta);
  EXPECT_EQ(scores(loaded), scores(plan));
  const PlanFiles again = save_plan(loaded);
  EXPECT_EQ(again.graph, files.graph);
  EXPECT_EQ(again.weights, files.weights);
}

TEST(PlanFiles, RefusesANewerVersionAnUnknownOpAndLimits) {
  const PlanFiles files = save_plan(sample_plan());
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string graph = files.graph;
    graph.replace(graph.find(from), from.size(), to);
    return refusal(graph, files.weights);
  };
  EXPECT_THAT(replaced("\"version\": 1", "\"version\": 2"), testing::HasSubstr("newer Obligor (plan version 2)"));
  EXPECT_THAT(replaced("\"op\": \"impute\"", "\"op\": \"system\""), testing::HasSubstr("unknown operation 'system'"));
  EXPECT_THAT(replaced("\"in\"", "\"in\": [4294967296], \"was\""), testing::HasSubstr("whole number"));
  EXPECT_THAT(replaced("\"in\"", "\"in\": [-1], \"was\""), testing::HasSubstr("whole number"));
  PlanLimits limits;
  limits.nodes = 3;
  EXPECT_THAT(refusal(files.graph, files.weights, limits), testing::HasSubstr("at most 3"));
}

TEST(PlanFiles, ManyConstantsAreReadInOrder) {
  constexpr int kConstants = 20'000;
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  std::vector<NodeId> parts;
  for (int i = 0; i < kConstants; ++i) parts.push_back(builder.impute(x, {static_cast<float>(i)}));
  builder.output("y", builder.concat(parts));
  const ScorePlan plan = builder.build();
  const PlanFiles files = save_plan(plan);
  const ScorePlan loaded = load_plan(files.graph, files.weights, "m");
  ASSERT_EQ(loaded.constants.size(), plan.constants.size());
  for (size_t i = 0; i < plan.constants.size(); ++i) ASSERT_EQ(loaded.constants[i].floats(), plan.constants[i].floats());
}

TEST(PlanFiles, RefusesAHeaderThatIsNoObjectOfTensors) {
  const std::string graph = save_plan(sample_plan()).graph;
  for (const std::string header :
       {"[]", "7", "[{}]", R"({"0":7})", R"({"0":[]})", R"({"0":{}})", R"({"__metadata__":7})", R"({"0":{"dtype":"F32"}})"}) {
    std::string file(8, '\0');
    file[0] = static_cast<char>(header.size());
    EXPECT_THAT(refusal(graph, file + header), testing::HasSubstr("the file is damaged")) << header;
  }
}

TEST(PlanFiles, RefusesEveryTruncation) {
  const PlanFiles files = save_plan(sample_plan());
  for (size_t n = 0; n < files.weights.size(); ++n) EXPECT_NE(refusal(files.graph, files.weights.substr(0, n)), "accepted") << n;
  for (size_t n = 0; n < files.graph.size(); ++n) EXPECT_NE(refusal(files.graph.substr(0, n), files.weights), "accepted") << n;
}

// Deterministic and bounded: whatever is done to the bytes, an Error or a plan that verify() has passed and that runs.
TEST(PlanFiles, AlteredBytesGiveAnErrorOrAValidPlan) {
  const PlanFiles files = save_plan(sample_plan());
  Random random(1, "plan-bytes");
  constexpr std::string_view kTelling = "0123456789-.{}[]\",:eE\\ ";
  int refused = 0;
  constexpr int kInputs = 6000;
  for (int i = 0; i < kInputs; ++i) {
    PlanFiles altered = files;
    std::string& bytes = i % 2 == 0 ? altered.graph : altered.weights;
    const uint64_t edits = 1 + random.next() % 4;
    for (uint64_t e = 0; e < edits && !bytes.empty(); ++e) {
      const size_t at = random.next() % bytes.size();
      switch (random.next() % 4) {
        case 0: bytes[at] = static_cast<char>(random.next()); break;
        case 1: bytes[at] = kTelling[random.next() % kTelling.size()]; break;
        case 2: bytes.erase(at, 1 + random.next() % 8); break;
        default: bytes.insert(at, bytes.substr(random.next() % bytes.size(), random.next() % 16));
      }
    }
    try {
      (void)scores(load_plan(altered.graph, altered.weights, "m"));
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, kInputs / 3);
}

}  // namespace
}  // namespace obligor
