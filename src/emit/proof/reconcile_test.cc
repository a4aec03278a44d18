#include "emit/proof/reconcile.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/builder.h"

namespace obligor {
namespace {

// A card of whole points: age below 25: 10, to 40: 20, above: 40, missing: 5; job clerk: 7, farmer: -3, missing 1, unseen 0.
ScorePlan card() {
  PlanBuilder b;
  const NodeId age = b.look_up(b.bin(b.input("age", InputKind::kNumber), {25, 40}), {10, 20, 40, 5}, 1);
  const NodeId job = b.look_up(b.encode(b.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4), {7, -3, 1, 0}, 1);
  b.output("points", b.sum({age, job}, {1, 1}));
  return b.build();
}

struct Data {
  std::vector<float> age;
  std::vector<int32_t> job;
  std::vector<std::string> words{"clerk", "farmer", "pilot"};
  [[nodiscard]] InputBatch batch() const { return {age.size(), {{age, {}, nullptr}, {{}, job, &words}}}; }
};

TEST(Reconcile, EachRowThatDiffersHasItsCause) {
  const ScorePlan plan = card();
  Reconciler reconciler(plan, {.output = "points"});
  const Data data{{30, 40, 39, std::nanf(""), 30, 30, 50, 40, 30}, {0, 0, 1, 0, 2, -1, 1, 2, 0}};
  // In turn: equal; 40 taken below its bound; 39 taken above; the missing age taken as 30; pilot taken as farmer; the missing job as clerk; half a
  // point; 40 below its bound and pilot as clerk; what nothing explains.
  const std::vector<float> given{27, 27, 37, 27, 17, 27, 37.4F, 27, 1000};
  reconciler.check(data.batch(), 100, given);
  const Reconciliation found = reconciler.finish();
  EXPECT_EQ(found.rows, 9U);
  EXPECT_EQ(found.differing, 8U);
  std::vector<std::string> causes;
  for (const auto& one : found.differences) causes.push_back(one.cause);
  EXPECT_THAT(causes, testing::ElementsAre("threshold side", "threshold", "missing", "unseen category", "missing", "rounding", "threshold side",
                                           "unexplained"));
  EXPECT_EQ(found.differences[0].row, 101U);
  EXPECT_EQ(found.differences[0].input, "age");
  EXPECT_EQ(found.differences[3].input, "job");
  EXPECT_THAT(found.differences[3].detail, testing::HasSubstr("the other takes it as 'farmer'"));
  EXPECT_THAT(found.differences[6].detail, testing::HasSubstr("and job is 'pilot'"));
  EXPECT_THAT(found.causes, testing::Contains(testing::Pair("missing", 2U)));
  EXPECT_EQ(found.largest, 973);
  EXPECT_TRUE(found.relation.empty());
  EXPECT_EQ(reconciliation_json(found)["causes"]["threshold side"], 2);
}

TEST(Reconcile, EqualScoresAreEqualAndANaNIsOneToo) {
  const ScorePlan plan = card();
  Reconciler reconciler(plan, {.output = "points"});
  const Data data{{30, 10}, {0, 1}};
  reconciler.check(data.batch(), 0, std::vector<float>{27, 7});
  EXPECT_EQ(reconciler.finish().differing, 0U);
  PlanBuilder b;
  b.output("points", b.input("age", InputKind::kNumber));
  const ScorePlan identity = b.build();
  Reconciler other(identity, {.output = "points"});
  const std::vector<float> x{std::nanf(""), 1};
  other.check({2, {{x, {}, nullptr}}}, 0, x);
  EXPECT_EQ(other.finish().differing, 0U);
}

TEST(Reconcile, AnotherScaleIsToldAsOneLine) {
  const ScorePlan plan = card();
  Reconciler reconciler(plan, {.output = "points"});
  const Data data{{10, 30, 50, 30}, {0, 1, 0, 0}};
  std::vector<float> given;
  for (const float points : {17.0F, 17.0F, 47.0F, 27.0F}) given.push_back(600 - 2 * points);
  reconciler.check(data.batch(), 0, given);
  const Reconciliation found = reconciler.finish();
  EXPECT_EQ(found.differing, 4U);
  EXPECT_EQ(found.relation, "given = 600 + -2 x plan");
}

TEST(Reconcile, AnUnknownOutputIsRefused) {
  const ScorePlan plan = card();
  EXPECT_THROW(Reconciler(plan, {.output = "point"}), Error);
}

}  // namespace
}  // namespace obligor
