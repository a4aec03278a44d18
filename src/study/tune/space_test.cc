#include "study/tune/space.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "zoo/registry.h"

namespace obligor {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pair;

std::vector<ParamSpec> specs() {
  return {real_param("rate", 0.1, 1e-4, 1, "", true), integer_param("leaves", 16, 2, 1000, ""), real_param("share", 0.5, 0, 1, ""),
          flag_param("extra", true, ""), choice_param("coding", "b", {"a", "b", "c"}, "")};
}

std::vector<TuneRange> ranges() {
  return {{"rate", 0.01, 1, true, {}},
          {"leaves", 4, 64, true, {}},
          {"share", 0, 1, false, {}},
          {"extra", 0, 0, false, {}},
          {"coding", 0, 0, false, {"a", "b"}}};
}

TEST(SearchSpace, DefaultsAreEncodedByHand) {
  const SearchSpace space(specs(), ranges(), {});
  // log 0.1 lies half way between log 0.01 and log 1, log 16 half way between log 4 and log 64; true is the second of two.
  EXPECT_THAT(space.encode({}), ElementsAre(DoubleNear(0.5, 1e-12), DoubleNear(0.5, 1e-12), 0.5, 1, 1));
  EXPECT_THAT(space.categories(), ElementsAre(0, 0, 0, 1, 1));
}

TEST(SearchSpace, DecodesIntoValuesThatTheParametersTake) {
  const SearchSpace space(specs(), ranges(), {});
  EXPECT_THAT(space.decode({0.5, 0.51, 0.123456, 0, 1}),
              ElementsAre(Pair("rate", "0.1"), Pair("leaves", "16"), Pair("share", "0.1235"), Pair("extra", "false"), Pair("coding", "b")));
  Random random(1, "space");
  for (int i = 0; i < 200; ++i) EXPECT_NO_THROW((void)make_params(specs(), space.decode(space.random_point(random)), "test"));
}

TEST(SearchSpace, RoundingKeepsARoundedPoint) {
  const SearchSpace space(specs(), ranges(), {});
  Random random(2, "space");
  for (int i = 0; i < 200; ++i) {
    const Point point = space.random_point(random);
    EXPECT_EQ(space.rounded(point), point);
  }
}

TEST(SearchSpace, ValuesOutsideBecomeTheNearestEnd) {
  const SearchSpace space(specs(), ranges(), {});
  const Point point = space.encode({{"rate", "0.0001"}, {"leaves", "999"}, {"coding", "c"}});
  EXPECT_EQ(point[0], 0);
  EXPECT_EQ(point[1], 1);
  EXPECT_EQ(point[4], 2);  // none of the two
}

TEST(SearchSpace, WhatTheUserGaveIsNotWalked) {
  const SearchSpace space(specs(), ranges(), {{"leaves", "7"}, {"coding", "c"}});
  std::vector<std::string> names;
  for (const auto& axis : space.axes()) names.push_back(axis.name);
  EXPECT_THAT(names, ElementsAre("rate", "share", "extra"));
}

TEST(SearchSpace, LatinHypercubeHasOnePointInEachSlice) {
  const SearchSpace space(specs(), ranges(), {{"leaves", "7"}});
  Random random(3, "space");
  const auto points = space.latin_hypercube(10, random);
  for (const size_t axis : {0U, 1U}) {
    std::set<int> slices;
    for (const auto& point : points) slices.insert(static_cast<int>(point[axis] * 10));
    EXPECT_EQ(slices.size(), 10U) << axis;
  }
  int yes = 0;
  for (const auto& point : points) yes += point[2] > 0 ? 1 : 0;
  EXPECT_EQ(yes, 5);  // a flag is balanced
}

TEST(SearchSpace, ARangeThatIsNoneIsOurMistake) {
  const auto refused = [](TuneRange range) {
    const std::vector<TuneRange> one{std::move(range)};
    try {
      const SearchSpace space(specs(), one, {});
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInternal;
    }
    return false;
  };
  EXPECT_TRUE(refused({"nothing", 0, 1, false, {}}));
  EXPECT_TRUE(refused({"rate", 0.5, 0.5, false, {}}));
  EXPECT_TRUE(refused({"share", 0, 1, true, {}}));
  EXPECT_TRUE(refused({"rate", 0.1, 2, false, {}}));
  EXPECT_TRUE(refused({"coding", 0, 0, false, {"a", "z"}}));
  EXPECT_FALSE(refused({"rate", 0.1, 0.5, false, {}}));
}

TEST(SearchSpace, OfEveryModelThatHasOneHoldsItsCandidates) {
  for (const auto& entry : zoo::registry()) {
    const SearchSpace space(entry.params, entry.tune_space, {});
    if (space.empty()) continue;
    for (const auto& candidate : entry.candidates) {
      for (const auto& [name, value] : candidate) {
        EXPECT_TRUE(std::any_of(space.axes().begin(), space.axes().end(), [&, &name = name](const auto& axis) { return axis.name == name; }))
            << entry.name << " " << name;
      }
      const Point point = space.encode(candidate);
      const ParamValues set = space.decode(point);
      for (const auto& [name, value] : candidate) {
        const auto same = std::find_if(set.begin(), set.end(), [&, &name = name](const auto& pair) { return pair.first == name; });
        ASSERT_NE(same, set.end());
        EXPECT_EQ(same->second, value) << entry.name << " " << name << ": outside its range";
      }
    }
  }
}

}  // namespace
}  // namespace obligor
