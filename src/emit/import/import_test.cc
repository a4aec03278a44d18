#include "emit/import/import.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/executor.h"

namespace obligor {
namespace {

std::vector<float> score(const ScorePlan& plan, const std::vector<float>& x) {
  const std::vector<std::string> wanted{"log_odds"};
  return Interpreter(plan).run({x.size(), {{x, {}, nullptr}}}, wanted)[0].numbers;
}

std::string message_of(std::string_view text, ImportFormat format) {
  try {
    (void)import_model(text, "m", format);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// One split at 2.5: left of it -1, else 0.5; missing goes left. base_score .5 is log-odds 0.
constexpr std::string_view kXgBoost = R"({"learner": {"feature_names": ["x"], "objective": {"name": "binary:logistic"},
 "learner_model_param": {"base_score": "5E-1", "num_feature": "1"},
 "gradient_booster": {"name": "gbtree", "model": {"trees": [{"left_children": [1, -1, -1], "right_children": [2, -1, -1],
  "split_indices": [0, 0, 0], "split_conditions": [2.5, -1, 0.5], "default_left": [1, 0, 0]}]}}}})";

TEST(ImportXgBoost, LeftIsStrictlyBelowTheThreshold) {
  const ScorePlan plan = import_model(kXgBoost, "m", ImportFormat::kXgBoost);
  EXPECT_EQ(plan.inputs[0].name, "x");
  const float below = std::nextafter(2.5F, 0.0F);
  EXPECT_THAT(score(plan, {2.5F, below, 3.0F, std::nanf(""), -INFINITY, INFINITY}), testing::ElementsAre(0.5F, -1, 0.5F, -1, -1, 0.5F));
}

TEST(ImportXgBoost, TheBaseScoreIsAProbability) {
  std::string text(kXgBoost);
  text.replace(text.find("5E-1"), 4, "[2E-1]");
  EXPECT_NEAR(score(import_model(text, "m", ImportFormat::kXgBoost), {3.0F})[0], 0.5 + std::log(0.25), 1e-6);
}

TEST(ImportXgBoost, RefusesWhatItCannotRead) {
  std::string text(kXgBoost);
  text.replace(text.find("binary:logistic"), 15, "multi:softprob");
  EXPECT_THAT(message_of(text, ImportFormat::kXgBoost), testing::HasSubstr("multi:softprob"));
  text = kXgBoost;
  text.replace(text.find("gbtree"), 6, "dart");
  EXPECT_THAT(message_of(text, ImportFormat::kXgBoost), testing::HasSubstr("dart"));
  text = kXgBoost;
  text.replace(text.find("[2, -1, -1]"), 11, "[0, -1, -1]");
  EXPECT_THAT(message_of(text, ImportFormat::kXgBoost), testing::HasSubstr("ring"));
  text = kXgBoost;
  text.replace(text.find("[2, -1, -1]"), 11, "[9, -1, -1]");
  EXPECT_THAT(message_of(text, ImportFormat::kXgBoost), testing::HasSubstr("does not hold"));
  EXPECT_THAT(message_of("{}", ImportFormat::kXgBoost), testing::HasSubstr("learner"));
}

TEST(ImportLogistic, CoefficientsLevelsAndScales) {
  const ScorePlan plan = import_model(R"({"intercept": -2, "coefficients": {"age": -0.5,
    "income": {"coefficient": 2, "mean": 3, "scale": 4, "impute": 5}, "job": {"levels": {"clerk": 0.25}, "missing": 1, "unseen": 2}}})",
                                      "m", ImportFormat::kLogisticJson);
  const std::vector<float> age{1, 1, 1};
  const std::vector<float> income{7, std::nanf(""), 3};
  const std::vector<std::string> words{"clerk", "pilot"};
  const std::vector<int32_t> job{0, 1, -1};
  const std::vector<std::string> wanted{"log_odds"};
  const auto y = Interpreter(plan).run({3, {{age, {}, nullptr}, {income, {}, nullptr}, {{}, job, &words}}}, wanted)[0].numbers;
  EXPECT_THAT(y, testing::ElementsAre(-2 - 0.5F + 2 + 0.25F, -2 - 0.5F + 1 + 2, -2 - 0.5F + 0 + 1));
  EXPECT_THAT(message_of(R"({"intercept": 0, "coefficients": {"a": {"coefficient": 1, "scale": 0}}})", ImportFormat::kLogisticJson),
              testing::HasSubstr("scale"));
  EXPECT_THAT(message_of(R"({"intercept": 0, "coefficients": {"a": {}}})", ImportFormat::kLogisticJson), testing::HasSubstr("coefficient"));
}

TEST(ImportLightGbm, RefusesOtherObjectivesAndWhatIsNoModel) {
  EXPECT_THAT(message_of("hello", ImportFormat::kLightGbm), testing::HasSubstr("first line"));
  EXPECT_THAT(message_of("tree\nversion=v4\nobjective=regression\n\nTree=0\n", ImportFormat::kLightGbm), testing::HasSubstr("regression"));
  EXPECT_THROW((void)parse_import_format("lightgb"), Error);
}

}  // namespace
}  // namespace obligor
