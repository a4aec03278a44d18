#include "explain/reasons.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/builder.h"

namespace obligor {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// log-odds = -2 + 0.5 age + 0.25 debt + job, job: clerk 0, farmer 1, missing -0.5, unseen 3; a missing age is imputed as 4.
Bundle linear_bundle() {
  PlanBuilder builder;
  const NodeId age = builder.impute(builder.input("age", InputKind::kNumber), {4.0F});
  const NodeId debt = builder.impute(builder.input("debt", InputKind::kNumber), {0.0F});
  const NodeId job =
      builder.look_up(builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4), {0.0F, 1.0F, -0.5F, 3.0F}, 1);
  builder.output("log_odds", builder.affine(builder.concat({age, debt, job}), {0.5F, 0.25F, 1.0F}, {-2.0F}, 1));
  Bundle bundle;
  bundle.plan = builder.build();
  bundle.dictionary = Json::array({{{"name", "job"}, {"kind", "category"}, {"reference", "clerk"}},
                                   {{"name", "age"}, {"kind", "number"}, {"reference", 2.0}},
                                   {{"name", "debt"}, {"kind", "number"}, {"reference", 8.0}}});
  return bundle;
}

class Reasons : public testing::Test {
 protected:
  [[nodiscard]] Pushes pushes(const Bundle& bundle) const {
    const Interpreter interpreter(bundle.plan);
    InputBatch batch{4, {{age_, {}, nullptr}, {debt_, {}, nullptr}, {{}, job_, &dictionary_}}};
    return ReasonCoder(bundle, "m.obligor").pushes(interpreter, batch);
  }
  std::vector<float> age_{6, 1, kMissing, 2};
  std::vector<float> debt_{4, 12, 8, kMissing};
  std::vector<int32_t> job_{1, 0, 2, -1};
  std::vector<std::string> dictionary_{"farmer", "clerk", "sailor"};
};

TEST_F(Reasons, OfALinearPlanAreThePointsLostAgainstTheReference) {
  const Bundle bundle = linear_bundle();
  const ReasonCoder coder(bundle, "m.obligor");
  ASSERT_EQ(coder.inputs(), 3U);
  EXPECT_EQ(coder.input(0), "age");
  // Codes 1 0 2 -1 of farmer, clerk, sailor: clerk, farmer, an unseen level, missing. A missing age counts as 4, a missing debt as 0.
  EXPECT_THAT(pushes(bundle).values, testing::ElementsAre(2.0F, -1.0F, 0.0F,  //
                                                          -0.5F, 1.0F, 1.0F,  //
                                                          1.0F, 0.0F, 3.0F,   //
                                                          0.0F, -2.0F, -0.5F));
}

TEST_F(Reasons, OfALinearPlanAddUpToTheDistanceFromTheReferenceObligor) {
  const Bundle bundle = linear_bundle();
  const auto all = pushes(bundle);
  const Interpreter interpreter(bundle.plan);
  const std::vector<std::string> output{"log_odds"};
  const std::vector<float> age{2};
  const std::vector<float> debt{8};
  const std::vector<int32_t> job{1};
  const auto reference = interpreter.run({1, {{age, {}, nullptr}, {debt, {}, nullptr}, {{}, job, &dictionary_}}}, output);
  const auto own = interpreter.run({4, {{age_, {}, nullptr}, {debt_, {}, nullptr}, {{}, job_, &dictionary_}}}, output);
  for (size_t r = 0; r < 4; ++r) {
    float sum = 0;
    for (size_t j = 0; j < 3; ++j) sum += all.values[r * 3 + j];
    EXPECT_FLOAT_EQ(sum, own[0].numbers[r] - reference[0].numbers[0]) << r;
  }
}

TEST_F(Reasons, AreTheStrongestFirstAndNeverWhatSpeaksForTheObligor) {
  const auto all = pushes(linear_bundle());
  const auto second = top_reasons(all, 1, 3);
  ASSERT_EQ(second.size(), 2U);  // age makes this row better
  EXPECT_EQ(second[0].input, 1U) << "debt and job push alike: the order of the inputs decides";
  EXPECT_EQ(second[1].input, 2U);
  const auto third = top_reasons(all, 2, 1);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(third[0].input, 2U);
  EXPECT_FLOAT_EQ(third[0].push, 3.0F);
  EXPECT_TRUE(top_reasons(all, 3, 3).empty());
}

TEST_F(Reasons, AMissingReferenceIsTheModelsOwnMissing) {
  Bundle bundle = linear_bundle();
  bundle.dictionary[0]["reference"] = nullptr;
  bundle.dictionary[1]["reference"] = nullptr;
  const auto all = pushes(bundle);
  EXPECT_FLOAT_EQ(all.values[0], 0.5F * (6 - 4));
  EXPECT_FLOAT_EQ(all.values[2], 0.0F + 0.5F);
}

TEST_F(Reasons, RefuseABundleWithoutReferences) {
  Bundle bundle = linear_bundle();
  bundle.dictionary[2].erase("reference");
  EXPECT_THAT([&] { ReasonCoder(bundle, "m.obligor"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("m.obligor: input 'debt' has no reference value")));
  bundle = linear_bundle();
  bundle.dictionary[0]["reference"] = 3;
  EXPECT_THROW(ReasonCoder(bundle, "m.obligor"), Error);
}

}  // namespace
}  // namespace obligor
