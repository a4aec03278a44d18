#include "table/task.h"

#include <algorithm>
#include <utility>

#include "table/test_support.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::caught;

Table loans() {
  const std::vector<std::optional<std::string>> status{"good", "bad", "good", std::nullopt, "good"};
  TableBuilder builder;
  builder.source("loans.csv").add_numbers("id", {1, 2, 3, 4, 5}).add_numbers("age", {22, 30, 53, 40, 41});
  builder.add_strings("status", status).add_numbers("default", {0, 1, 0, kMissing, 1}).add_numbers("weight", {1, 2, 0.5F, kMissing, 1});
  return builder.build();
}

TaskSpec spec_for(const std::string& target) {
  TaskSpec spec;
  spec.target = target;
  return spec;
}

TEST(Task, TakesTheRarerClassAsBadAndSaysSo) {
  const Task task = make_task(loans(), spec_for("status"));
  EXPECT_EQ(task.positive, "bad");
  EXPECT_EQ(task.positive_from, "rarer");
  EXPECT_THAT(task.target, ElementsAre(0, 1, 0, 0, 0));
  EXPECT_THAT(task.rows, ElementsAre(0U, 1U, 2U, 4U));
  EXPECT_EQ(task.missing_target, 1U);
  EXPECT_EQ(task.bad_count(), 1U);
}

TEST(Task, EqualClassesTakeTheLaterValue) {
  const Task task = make_task(loans(), spec_for("default"));
  EXPECT_EQ(task.positive, "1");
  EXPECT_EQ(task.bad_count(), 2U);
}

TEST(Task, PositiveIsMatchedAsANumberOnNumbersAndAsTextOnCategories) {
  TaskSpec spec = spec_for("default");
  spec.positive = "0.0";
  EXPECT_THAT(make_task(loans(), spec).target, ElementsAre(1, 0, 1, 0, 0));
  EXPECT_EQ(make_task(loans(), spec).positive_from, "given");
  spec.positive = "true";
  EXPECT_THAT(make_task(loans(), spec).target, ElementsAre(0, 1, 0, 0, 1));
  spec = spec_for("status");
  spec.positive = "good";
  spec.from_registry = true;
  EXPECT_THAT(make_task(loans(), spec).target, ElementsAre(1, 0, 1, 0, 1));
  EXPECT_EQ(make_task(loans(), spec).positive_from, "registry");
}

TEST(Task, EveryOtherColumnIsAFeatureUnlessItHasARole) {
  TaskSpec spec = spec_for("status");
  EXPECT_THAT(make_task(loans(), spec).features, ElementsAre("id", "age", "default", "weight"));
  spec.ids = {"id"};
  spec.weight = "weight";
  spec.ignore = {"default"};
  EXPECT_THAT(make_task(loans().without(std::vector<std::string>{}), spec).features, ElementsAre("age"));
  spec.time = "age";
  EXPECT_THAT(caught([&] { (void)make_task(loans(), spec); }).message, HasSubstr("no column is left as a feature"));
  spec.time_is_feature = true;
  EXPECT_THAT(make_task(loans(), spec).features, ElementsAre("age"));
  spec = spec_for("status");
  spec.features = {"weight", "age"};
  EXPECT_THAT(make_task(loans(), spec).features, ElementsAre("age", "weight"));
  spec.ids = {"age"};
  EXPECT_THAT(caught([&] { (void)make_task(loans(), spec); }).message, HasSubstr("'age' is named as a feature and has another role"));
}

TEST(Task, RefusesATargetThatIsAbsentOfOneClassOfMoreThanTwoOrAllMissing) {
  const auto absent = caught([] { (void)make_task(loans(), spec_for("statos")); });
  EXPECT_EQ(absent.code, ErrorCode::kNotFound);
  EXPECT_EQ(absent.message, "unknown target column 'statos'; did you mean 'status'?");
  const auto many = caught([] { (void)make_task(loans(), spec_for("age")); });
  EXPECT_EQ(many.code, ErrorCode::kData);
  EXPECT_THAT(many.message, HasSubstr("loans.csv: target 'age' has 5 values ('22', '30', '40', '41', '53'); a binary task needs exactly two"));
  const Table one = loans().with_column({"default", std::vector<float>{0, 0, kMissing, 0, 0}});
  const auto single = caught([&] { (void)make_task(one, spec_for("default")); });
  EXPECT_EQ(single.code, ErrorCode::kData);
  EXPECT_THAT(single.message, HasSubstr("target 'default' has one value only, '0'"));
  const Table none = loans().with_column({"default", std::vector<float>(5, kMissing)});
  const auto missing = caught([&] { (void)make_task(none, spec_for("default")); });
  EXPECT_EQ(missing.code, ErrorCode::kData);
  EXPECT_THAT(missing.message, HasSubstr("target 'default' is missing in all 5 rows"));
  TaskSpec wrong = spec_for("status");
  wrong.positive = "defaulted";
  EXPECT_THAT(caught([&] { (void)make_task(loans(), wrong); }).message,
              HasSubstr("positive value 'defaulted' does not occur in target 'status'; it has 'bad', 'good'"));
  EXPECT_EQ(caught([] { (void)make_task(loans(), {}); }).code, ErrorCode::kInvalid);
  TaskSpec survival = spec_for("status");
  survival.kind = TaskKind::kSurvival;
  EXPECT_EQ(caught([&] { (void)make_task(loans(), survival); }).code, ErrorCode::kUnsupported);
}

TEST(Task, WeightsOfRowsWithATargetMustBeFiniteAndNotNegative) {
  TaskSpec spec = spec_for("status");
  spec.weight = "weight";
  EXPECT_THAT(make_task(loans(), spec).weight, ElementsAre(1, 2, 0.5, 0, 1));  // the missing one belongs to a row without target
  const Table negative = loans().with_column({"weight", std::vector<float>{1, 1, -1, 1, 1}});
  EXPECT_THAT(caught([&] { (void)make_task(negative, spec); }).message, HasSubstr("loans.csv:row 2: weight 'weight' is -1"));
  const Table missing = loans().with_column({"weight", std::vector<float>{1, kMissing, 1, 1, 1}});
  EXPECT_THAT(caught([&] { (void)make_task(missing, spec); }).message, HasSubstr("row 1: weight 'weight' is missing"));
  const Table zero = loans().with_column({"weight", std::vector<float>(5, 0)});
  EXPECT_THAT(caught([&] { (void)make_task(zero, spec); }).message, HasSubstr("is 0 in every row"));
  spec.weight = "status";
  EXPECT_EQ(caught([&] { (void)make_task(loans(), spec); }).code, ErrorCode::kData);
}

// Rows 1 and 3 are turned down; row 1 has a target all the same.
TaskSpec with_flag(const std::string& flag, const std::string& value) {
  TaskSpec spec = spec_for("default");
  spec.reject_flag = flag;
  spec.reject_value = value;
  return spec;
}
Table applications() {
  const std::vector<std::optional<std::string>> decision{"accepted", "rejected", "accepted", "rejected", "accepted"};
  TableBuilder builder;
  builder.source("loans.csv").add_numbers("age", {22, 30, 53, 40, 41}).add_numbers("default", {0, 1, 0, kMissing, 1});
  builder.add_strings("decision", decision).add_numbers("turned_down", {0, 1, 0, 1, 0}).add_numbers("weight", {1, 2, 0.5F, 4, 1});
  return builder.build();
}

TEST(Task, RejectedApplicationsAreNoRowsAndTheirTargetIsNotRead) {
  for (const auto& [flag, value] : {std::pair("decision", "rejected"), std::pair("turned_down", "1"), std::pair("turned_down", "1.0")}) {
    TaskSpec spec = with_flag(flag, value);
    spec.weight = "weight";
    const Task task = make_task(applications(), spec);
    EXPECT_THAT(task.rejects, ElementsAre(1U, 3U));
    EXPECT_THAT(task.rows, ElementsAre(0U, 2U, 4U));
    EXPECT_EQ(task.rejects_with_target, 1U);
    EXPECT_EQ(task.missing_target, 0U);
    EXPECT_EQ(task.bad_count(), 1U);
    EXPECT_EQ(task.target[1], 0);
    EXPECT_THAT(task.weight, ElementsAre(1, 2, 0.5, 4, 1));
    EXPECT_EQ(std::count(task.features.begin(), task.features.end(), flag), 0);
    EXPECT_EQ(task_json(task)["rejects"], 2);
  }
}

// The classes are those of accepted rows: without row 1 the bads of `status` are gone.
TEST(Task, ClassesAreThoseOfAcceptedRows) {
  const Table table = loans().with_column({"decision", std::vector<float>{0, 1, 0, 0, 0}});
  TaskSpec spec = spec_for("status");
  spec.reject_flag = "decision";
  spec.reject_value = "1";
  EXPECT_THAT(caught([&] { (void)make_task(table, spec); }).message, HasSubstr("has one value only, 'good'"));
}

TEST(Task, RefusesARejectFlagThatTellsNothing) {
  const auto refused = [](const std::string& flag, const std::string& value, const Table& table = applications()) {
    return caught([&] { (void)make_task(table, with_flag(flag, value)); });
  };
  EXPECT_EQ(refused("desicion", "rejected").code, ErrorCode::kNotFound);
  EXPECT_THAT(refused("decision", "").message, HasSubstr("give both --reject-flag and --reject-value"));
  EXPECT_EQ(refused("", "rejected").code, ErrorCode::kInvalid);
  EXPECT_THAT(refused("decision", "declined").message, HasSubstr("'declined' does not occur in reject flag 'decision'; it has accepted, rejected"));
  EXPECT_THAT(refused("all", "1", applications().with_column({"all", std::vector<float>(5, 1)})).message, HasSubstr("every row is '1'"));
  EXPECT_THAT(refused("gap", "1", applications().with_column({"gap", std::vector<float>{0, 1, kMissing, 1, 0}})).message,
              HasSubstr("loans.csv:row 2: reject flag 'gap' is missing"));
  EXPECT_THAT(refused("day", "1", applications().with_column({"day", DateData{{1, 2, 3, 4, 5}}})).message, HasSubstr("is a date column"));
  TaskSpec both = with_flag("decision", "rejected");
  both.features = {"age", "decision"};
  EXPECT_EQ(caught([&] { (void)make_task(applications(), both); }).code, ErrorCode::kInvalid);
  TaskSpec weighted = with_flag("decision", "rejected");
  weighted.weight = "weight";
  const Table negative = applications().with_column({"weight", std::vector<float>{1, 1, 1, -1, 1}});
  EXPECT_THAT(caught([&] { (void)make_task(negative, weighted); }).message, HasSubstr("row 3: weight 'weight' is -1"));
}

TEST(Task, JsonStatesTheTask) {
  TaskSpec spec = spec_for("status");
  spec.ids = {"id"};
  const Json json = task_json(make_task(loans(), spec));
  EXPECT_EQ(json.at("kind"), "binary");
  EXPECT_EQ(json.at("positive"), "bad");
  EXPECT_EQ(json.at("rows"), 4);
  EXPECT_EQ(json.at("bad_rate"), 0.25);
  EXPECT_EQ(json.at("ids"), Json::array({"id"}));
  EXPECT_FALSE(json.contains("weight"));
}

}  // namespace
}  // namespace obligor
