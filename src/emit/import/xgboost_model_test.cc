#include "emit/import/xgboost_model.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/executor.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One split of "c" on the set {0, 2, 40}: left of it (not in the set) -1, right 0.5; missing goes right.
constexpr std::string_view kSet = R"({"learner": {"feature_names": ["c"], "feature_types": ["c"], "objective": {"name": "binary:logistic"},
 "learner_model_param": {"base_score": "5E-1", "num_feature": "1"},
 "gradient_booster": {"name": "gbtree", "model": {"trees": [{"left_children": [1, -1, -1], "right_children": [2, -1, -1],
  "split_indices": [0, 0, 0], "split_conditions": [1e-45, -1, 0.5], "default_left": [0, 0, 0], "split_type": [1, 0, 0],
  "categories": [0, 2, 40], "categories_nodes": [0], "categories_segments": [0], "categories_sizes": [3]}]}}}})";

std::vector<float> log_odds(std::string_view model, const std::vector<float>& x) {
  const ScorePlan plan = import_xgboost(model, "m");
  const std::vector<std::string> wanted{"log_odds"};
  return Interpreter(plan).run({x.size(), {{x, {}, nullptr}}}, wanted)[0].numbers;
}

std::string changed(std::string_view what, std::string_view to) {
  std::string text(kSet);
  text.replace(text.find(what), what.size(), to);
  return text;
}

std::string message_of(std::string_view text) {
  try {
    (void)import_xgboost(text, "m");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// As src/common/categorical.h of XGBoost has it.
TEST(ImportXgBoostCategories, ACodeOfTheSetGoesRightAndEveryOtherValueLeft) {
  EXPECT_THAT(log_odds(kSet, {0, 1, 2, 3, 39, 40, 41, 64, 2.75F}), ElementsAre(0.5F, -1, 0.5F, -1, -1, 0.5F, -1, -1, 0.5F));
  EXPECT_THAT(log_odds(kSet, {16'777'216.0F, 1e30F, INFINITY, -1, -1e30F, -INFINITY}), testing::Each(-1.0F));
}

TEST(ImportXgBoostCategories, ANumberBelowZeroIsNoCodeHoweverSmall) {
  EXPECT_THAT(log_odds(kSet, {-0.5F, -1e-9F, -std::numeric_limits<float>::denorm_min()}), testing::Each(-1.0F));
  EXPECT_THAT(log_odds(kSet, {-0.0F, 0.5F}), testing::Each(0.5F));
}

TEST(ImportXgBoostCategories, MissingGoesWhereTheSplitSays) {
  EXPECT_THAT(log_odds(kSet, {NAN}), ElementsAre(0.5F));
  EXPECT_THAT(log_odds(changed("\"default_left\": [0", "\"default_left\": [1"), {NAN}), ElementsAre(-1));
}

// 97, 98: "a", "b".
TEST(ImportXgBoostCategories, NamesOfADataFrameAreTheCategories) {
  const std::string text =
      changed(R"("model": {"trees")", R"("model": {"cats": {"enc": [{"offsets": [0, 2, 3, 4], "values": [97, 97, 98, 99]}]}, "trees")");
  const ScorePlan plan = import_xgboost(text, "m");
  EXPECT_EQ(plan.inputs[0].kind, InputKind::kCategory);
  const std::vector<std::string> words{"aa", "b", "c", "unheard of", ""};
  const std::vector<int32_t> codes{0, 1, 2, 3, 4, -1};
  const std::vector<std::string> wanted{"log_odds"};
  EXPECT_THAT(Interpreter(plan).run({codes.size(), {{{}, codes, &words}}}, wanted)[0].numbers, ElementsAre(0.5F, -1, 0.5F, -1, -1, 0.5F));
}

TEST(ImportXgBoostCategories, WholeNumbersOfADataFrameAreTextsToo) {
  const std::string text = changed(R"("model": {"trees")", R"("model": {"cats": {"enc": [{"type": 15, "values": [10, -3, 7]}]}, "trees")");
  const ScorePlan plan = import_xgboost(text, "m");
  const std::vector<std::string> words{"7", "-3", "10"};
  const std::vector<int32_t> codes{0, 1, 2};
  const std::vector<std::string> wanted{"log_odds"};
  EXPECT_THAT(Interpreter(plan).run({codes.size(), {{{}, codes, &words}}}, wanted)[0].numbers, ElementsAre(0.5F, -1, 0.5F));
  EXPECT_THAT(message_of(changed(R"("model": {"trees")", R"("model": {"cats": {"enc": [{"type": 7, "values": [0.5]}]}, "trees")")),
              HasSubstr("fraction"));
}

TEST(ImportXgBoostCategories, DamagedSetsAreRefused) {
  EXPECT_THAT(message_of(changed("\"categories_sizes\": [3]", "\"categories_sizes\": [4]")), HasSubstr("outside"));
  EXPECT_THAT(message_of(changed("\"categories_sizes\": [3]", "\"categories_sizes\": [9223372036854775807]")), HasSubstr("outside"));
  EXPECT_THAT(message_of(changed("\"categories_segments\": [0]", "\"categories_segments\": [-1]")), HasSubstr("outside"));
  EXPECT_THAT(message_of(changed("\"categories_segments\": [0]", "\"categories_segments\": []")), HasSubstr("differ in length"));
  EXPECT_THAT(message_of(changed("\"categories_nodes\": [0]", "\"categories_nodes\": [1]")), HasSubstr("belongs to no split"));
  EXPECT_THAT(message_of(changed("\"categories_nodes\": [0]", "\"categories_nodes\": [9]")), HasSubstr("belongs to no split"));
  EXPECT_THAT(message_of(changed("[1, 0, 0],\n  \"categories\"", "[0, 0, 0],\n  \"categories\"")), HasSubstr("belongs to no split"));
  EXPECT_THAT(message_of(changed("\"split_type\": [1, 0, 0]", "\"split_type\": [1, 0]")), HasSubstr("differ in length"));
  EXPECT_THAT(message_of(changed("\"split_type\": [1, 0, 0]", "\"split_type\": [1, 2, 0]")), HasSubstr("split of type 2"));
  EXPECT_THAT(message_of(changed("[0, 2, 40]", "[0, 2, -1]")), HasSubstr("between 0 and 16777215"));
  EXPECT_THAT(message_of(changed("[0, 2, 40]", "[0, 2, 16777216]")), HasSubstr("between 0 and 16777215"));
  EXPECT_EQ(message_of(changed("[0, 2, 40]", "[0, 2, 16777215]")), "no error");
}

// A hundred sets of one code each, all near the limit: two MiB of bits a set.
TEST(ImportXgBoostCategories, SetsOfManyGigabytesAreRefusedBeforeTheyAreBuilt) {
  std::string left;
  std::string right;
  std::string zeros;
  std::string types;
  std::string codes;
  std::string nodes;
  std::string sizes;
  std::string places;
  constexpr int kSplits = 100;
  for (int i = 0; i < 2 * kSplits + 1; ++i) {
    const bool is_split = i < kSplits;
    const std::string comma = i == 0 ? "" : ",";
    left += comma + std::to_string(is_split ? i + 1 : -1);
    right += comma + std::to_string(is_split ? kSplits + 1 + i : -1);
    zeros += comma + "0";
    types += comma + (is_split ? "1" : "0");
    if (!is_split) continue;
    codes += comma + "16777215";
    nodes += comma + std::to_string(i);
    sizes += comma + "1";
    places += comma + std::to_string(i);
  }
  const std::string text =
      R"({"learner": {"objective": {"name": "binary:logistic"}, "learner_model_param": {"base_score": "5E-1", "num_feature": "1"},
   "gradient_booster": {"name": "gbtree", "model": {"trees": [{"left_children": [)" +
      left + "], \"right_children\": [" + right + "], \"split_indices\": [" + zeros + "], \"split_conditions\": [" + zeros +
      "], \"default_left\": [" + zeros + "], \"split_type\": [" + types + "], \"categories\": [" + codes + "], \"categories_nodes\": [" + nodes +
      "], \"categories_segments\": [" + places + "], \"categories_sizes\": [" + sizes + "]}]}}}}";
  EXPECT_THAT(message_of(text), HasSubstr("words of 32 codes"));
}

TEST(ImportXgBoostCategories, AFeatureIsANumberOrACategory) {
  std::string text = changed("[1, -1, -1]", "[1, 3, -1, -1, -1]");
  const auto put = [&](std::string_view what, std::string_view to) { text.replace(text.find(what), what.size(), to); };
  put("[2, -1, -1]", "[2, 4, -1, -1, -1]");
  put("\"split_indices\": [0, 0, 0]", "\"split_indices\": [0, 0, 0, 0, 0]");
  put("[1e-45, -1, 0.5]", "[1e-45, -1, 0.5, 1, 2]");
  put("\"default_left\": [0, 0, 0]", "\"default_left\": [0, 0, 0, 0, 0]");
  put("\"split_type\": [1, 0, 0]", "\"split_type\": [1, 0, 0, 0, 0]");
  EXPECT_THAT(message_of(text), HasSubstr("as a number and as a category"));
}

TEST(ImportXgBoostCategories, NamesThatDoNotFitAreRefused) {
  const auto with = [](std::string_view cats) {
    return message_of(changed(R"("model": {"trees")", fmt::format(R"("model": {{"cats": {}, "trees")", cats)));
  };
  EXPECT_THAT(with(R"({"enc": [{"offsets": [0, 9], "values": [97]}]})"), HasSubstr("offsets"));
  EXPECT_THAT(with(R"({"enc": [{"offsets": [2, 0], "values": [97, 98]}]})"), HasSubstr("offsets"));
  EXPECT_THAT(with(R"({"enc": [{"offsets": [0, 1], "values": [1e9]}]})"), HasSubstr("no text"));
  EXPECT_THAT(with(R"({"enc": [{"offsets": [], "values": []}, {"offsets": [], "values": []}]})"), HasSubstr("more features"));
}

}  // namespace
}  // namespace obligor
