#include "model/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor {
namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

std::vector<ParamSpec> specs() {
  return {real_param("l2", 0.1, 0, 1e6, "penalty", true), integer_param("trees", 100, 1, 10'000, "number of trees"),
          flag_param("balanced", false, "weigh classes"), choice_param("loss", "logistic", {"logistic", "focal"}, "loss"),
          text_param("monotone", "", "constraints")};
}

Params make(const Given& given) { return make_params(specs(), given, "model 'm'"); }

ErrorCode code_of(const Given& given) {
  try {
    (void)make(given);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

std::string message_of(const Given& given) {
  try {
    (void)make(given);
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Params, DefaultsComeFromTheDeclaration) {
  const Params params = make({});
  EXPECT_DOUBLE_EQ(params.real("l2"), 0.1);
  EXPECT_EQ(params.integer("trees"), 100);
  EXPECT_FALSE(params.flag("balanced"));
  EXPECT_EQ(params.text("loss"), "logistic");
  EXPECT_EQ(params.text("monotone"), "");
  EXPECT_TRUE(params.has("l2"));
  EXPECT_FALSE(params.has("l1"));
}

TEST(Params, GivenValuesWinAndTheLastOfTwoCounts) {
  const Params params = make({{"l2", "2"}, {"trees", "1e3"}, {"balanced", "yes"}, {"loss", "focal"}, {"l2", "3.5"}});
  EXPECT_DOUBLE_EQ(params.real("l2"), 3.5);
  EXPECT_EQ(params.integer("trees"), 1000);
  EXPECT_TRUE(params.flag("balanced"));
  EXPECT_EQ(params.text("loss"), "focal");
}

TEST(Params, TheDefaultSurvivesItsTextExactly) {
  const double value = 0.1 + 0.2;
  const std::vector<ParamSpec> one = {real_param("x", value, 0, 1, "")};
  EXPECT_EQ(make_params(one, {}, "test").real("x"), value);
}

TEST(Params, EndsOfTheRangeAreAllowed) {
  EXPECT_DOUBLE_EQ(make({{"l2", "0"}}).real("l2"), 0);
  EXPECT_DOUBLE_EQ(make({{"l2", "1000000"}}).real("l2"), 1e6);
  EXPECT_EQ(make({{"trees", "1"}}).integer("trees"), 1);
  EXPECT_EQ(make({{"trees", "10000"}}).integer("trees"), 10'000);
}

TEST(Params, BadValuesAreRefusedWithNameAndRange) {
  for (const Given& given : std::vector<Given>{{{"l2", "-1"}},
                                               {{"l2", "nan"}},
                                               {{"l2", "inf"}},
                                               {{"l2", "1e7"}},
                                               {{"l2", ""}},
                                               {{"l2", "1 "}},
                                               {{"l2", "0.5x"}},
                                               {{"trees", "1.5"}},
                                               {{"trees", "0"}},
                                               {{"trees", "99999999999999999999"}},
                                               {{"trees", "10001"}},
                                               {{"balanced", "maybe"}},
                                               {{"loss", "Logistic"}}}) {
    EXPECT_EQ(code_of(given), ErrorCode::kInvalid) << given[0].first << "=" << given[0].second;
  }
  EXPECT_EQ(message_of({{"l2", "-1"}}), "model 'm': parameter 'l2' is '-1'; a number from 0 to 1000000 is allowed");
  EXPECT_EQ(message_of({{"trees", "0"}}), "model 'm': parameter 'trees' is '0'; a whole number from 1 to 10000 is allowed");
  EXPECT_EQ(message_of({{"loss", "mse"}}), "model 'm': parameter 'loss' is 'mse'; one of logistic, focal is allowed");
}

TEST(Params, AnUnknownNameListsTheNearOnes) {
  EXPECT_EQ(code_of({{"tree", "5"}}), ErrorCode::kInvalid);
  const std::string message = message_of({{"tree", "5"}});
  EXPECT_THAT(message, testing::HasSubstr("model 'm'"));
  EXPECT_THAT(message, testing::HasSubstr("'tree'"));
  EXPECT_THAT(message, testing::HasSubstr("trees"));
}

TEST(Params, JsonKeepsTypesAndDeclaredOrder) {
  EXPECT_EQ(make({{"trees", "7"}, {"l2", "0.5"}}).json().dump(), R"({"l2":0.5,"trees":7,"balanced":false,"loss":"logistic","monotone":""})");
}

TEST(Params, AskingForTheWrongTypeIsABugOfOurs) {
  const Params params = make({});
  EXPECT_THROW((void)params.real("trees"), Error);
  EXPECT_THROW((void)params.integer("l2"), Error);
  EXPECT_THROW((void)params.flag("loss"), Error);
  EXPECT_THROW((void)params.text("nothing"), Error);
}

TEST(Params, ADefaultOutsideItsOwnRangeIsRefused) {
  const std::vector<ParamSpec> one = {real_param("x", 2, 0, 1, "")};
  EXPECT_THROW((void)make_params(one, {}, "test"), Error);
}

}  // namespace
}  // namespace obligor
