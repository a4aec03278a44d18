#include "study/finish.h"

#include <cmath>

#include <gtest/gtest.h>

#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor {
namespace {

const Json& entry(const Bundle& bundle, const std::string& name) {
  for (const auto& input : bundle.dictionary) {
    if (input["name"] == name) return input;
  }
  throw std::runtime_error("no input " + name);
}

// Six rows with a target and one without, whose extreme values must not count.
class Finish : public testing::Test {
 protected:
  Finish() {
    TableBuilder table;
    table.add_numbers("age", {30, 50, 40, kMissing, 20, 60, 9999});
    table.add_numbers("never", std::vector<float>(7, kMissing));
    table.add_categories("job", {0, 1, 2, 1, 2, -1, 0}, {"zoologist", "farmer", "clerk"});
    table.add(Column("opened", DateData{{day(3), day(1), day(2), day(4), day(5), kMissingDate, day(900)}}));
    table.add_numbers("bad", {1, 0, 0, 1, 0, 0, kMissing});
    table_ = table.build();
    TaskSpec spec;
    spec.target = "bad";
    spec.positive = "1";
    task_ = make_task(table_, spec);

    PlanBuilder plan;
    const NodeId age = plan.impute(plan.input("age", InputKind::kNumber), {40.0F});
    const NodeId never = plan.impute(plan.input("never", InputKind::kNumber), {0.0F});
    const NodeId opened = plan.impute(plan.input("opened", InputKind::kNumber, "date"), {0.0F});
    const NodeId job = plan.look_up(plan.encode(plan.input("job", InputKind::kCategory), {"clerk"}, {0}, 1, 2, 3), {0.0F, 1.0F, 2.0F}, 1);
    const NodeId log_odds = plan.affine(plan.concat({age, never, opened, job}), {0.1F, 0.0F, 0.0F, 0.5F}, {-4.0F}, 1);
    plan.output("log_odds", log_odds);
    plan.output("probability", plan.activate(log_odds, "sigmoid"));
    fitted_.plan = plan.build();
    entry_.name = "hand";
  }
  static int64_t day(int64_t n) { return n * 86'400'000'000; }

  [[nodiscard]] Bundle bundle(const Json& document = Json::object()) const {
    return make_bundle(fitted_, entry_, table_, task_, document, Context());
  }
  Table table_;
  Task task_;
  FittedPipeline fitted_;
  ModelEntry entry_;
};

TEST_F(Finish, TheReferenceObligorIsTheMedianAndTheMostFrequentLevelOfTheTrainingRows) {
  const Bundle made = bundle();
  EXPECT_EQ(entry(made, "age")["reference"], 40.0);  // 20 30 40 50 60
  EXPECT_EQ(entry(made, "opened")["reference"], 3.0);
  EXPECT_TRUE(entry(made, "never")["reference"].is_null());
  EXPECT_EQ(entry(made, "job")["reference"], "clerk");  // as frequent as farmer, and first by its text
}

TEST_F(Finish, RangesAndMissingSharesAreThoseOfTheTrainingRows) {
  const Bundle made = bundle();
  EXPECT_EQ(entry(made, "age")["max"], 60.0);
  EXPECT_DOUBLE_EQ(entry(made, "age")["missing"].get<double>(), 1.0 / 6);
  EXPECT_EQ(made.fingerprint["rows"], 6);
}

TEST_F(Finish, PointsAre600AtOdds50To1AndFallBy20WhenTheOddsHalve) {
  const Bundle made = bundle();
  const Interpreter interpreter(made.plan);
  // log-odds = 0.1 age - 4 with job clerk; ages for good:bad odds of 50:1 and 25:1.
  const std::vector<float> age{static_cast<float>((4 - std::log(50.0)) / 0.1), static_cast<float>((4 - std::log(25.0)) / 0.1)};
  const std::vector<float> zero{0, 0};
  const std::vector<int32_t> code{0, 0};
  const std::vector<std::string> clerk{"clerk"};
  InputBatch batch{2, {}};
  for (const PlanInput& input : made.plan.inputs) {
    if (input.name == "age") batch.columns.push_back({age, {}, nullptr});
    else if (input.kind == InputKind::kCategory) batch.columns.push_back({{}, code, &clerk});
    else batch.columns.push_back({zero, {}, nullptr});
  }
  const auto values = interpreter.run(batch, std::vector<std::string>{"points"});
  EXPECT_EQ(values[0].numbers, (std::vector<float>{600, 580}));
}

TEST_F(Finish, MetricsAreThoseOfTheModelInTheDocument) {
  EXPECT_TRUE(bundle().metrics.empty());
  Json document;
  document["split"] = {{"detail", "5 folds"}};
  document["folds"] = 5;
  document["rows"] = 6;
  document["models"] = Json::array({{{"name", "other"}, {"metrics", {{"auc", 1}}}}, {{"name", "hand"}, {"metrics", {{"auc", 0.7}}}}});
  EXPECT_EQ(bundle(document).metrics["values"]["auc"], 0.7);
}

}  // namespace
}  // namespace obligor
