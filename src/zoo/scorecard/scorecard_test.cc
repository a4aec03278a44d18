#include "zoo/scorecard/scorecard.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"
#include "prep/preprocessor.h"
#include "table/table.h"
#include "table/task.h"
#include "zoo/scorecard/card.h"
#include "zoo/scorecard/selection.h"

namespace obligor::zoo {
namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

// Income lowers the risk, utilisation raises it, `twin` is utilisation again with a little noise, `noise` says nothing.
struct Loans {
  Table table;
  Task task;
};

Loans make_loans(size_t rows, bool weighted = false) {
  Random random(11, "card");
  std::vector<float> income;
  std::vector<float> utilisation;
  std::vector<float> twin;
  std::vector<float> noise;
  std::vector<int32_t> job;
  std::vector<int32_t> bad;
  std::vector<float> weight;
  for (size_t i = 0; i < rows; ++i) {
    const double a = random.normal();
    const double u = random.uniform();
    const auto j = static_cast<int32_t>(random.below(3));
    income.push_back(random.uniform() < 0.1 ? kMissing : static_cast<float>(a));
    utilisation.push_back(static_cast<float>(u));
    twin.push_back(static_cast<float>(u + 0.001 * random.normal()));
    noise.push_back(static_cast<float>(random.normal()));
    job.push_back(j);
    const double z = -1.2 - a + 2 * u + (j == 0 ? 0.8 : 0);
    bad.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
    weight.push_back(static_cast<float>(1 + random.below(2)));
  }
  TableBuilder builder;
  builder.source("loans").add_numbers("income", income).add_numbers("utilisation", utilisation).add_numbers("twin", twin).add_numbers("noise", noise);
  builder.add_categories("job", job, {"none", "clerk", "pilot"}).add_categories("bad", bad, {"0", "1"}).add_numbers("weight", weight);
  Loans loans{builder.build(), {}};
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  if (weighted) spec.weight = "weight";
  else spec.ignore = {"weight"};
  loans.task = make_task(loans.table, spec);
  return loans;
}

struct Fitted {
  Preprocessor prep;
  Design design;
  FitResult result;
  std::vector<float> plan_probability;
};

Fitted fit(const Loans& loans, const Given& given) {
  const ModelEntry entry = scorecard_entry();
  const Params params = make_params(entry.params, given, "model 'scorecard'");
  const Context context;
  auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, entry.prep(params), context);
  std::vector<uint8_t> target;
  std::vector<double> weight;
  for (const uint32_t row : loans.task.rows) target.push_back(loans.task.target[row]);
  if (!loans.task.weight.empty()) {
    for (const uint32_t row : loans.task.rows) weight.push_back(loans.task.weight[row]);
  }
  FitInput input;
  input.train = design.batch();
  input.target = target;
  input.weight = weight;
  input.feature_names = prep.feature_names();
  input.feature_source = prep.feature_source();
  input.categorical = prep.categorical();
  input.binnings = prep.binnings();
  input.feature_binning = prep.feature_binning();
  FitResult result = fit_scorecard(input, params, context);
  PlanBuilder builder;
  const auto nodes = prep.lower(builder);
  const Lowered lowered = result.model->lower(builder, {nodes.features, nodes.codes});
  builder.output("probability", builder.activate(lowered.node, "sigmoid"));
  const Interpreter interpreter(builder.build());
  const GatheredInputs inputs(loans.table, loans.task.rows, interpreter.plan().inputs);
  auto values = interpreter.run(inputs.batch(), std::vector<std::string>{"probability"});
  return {std::move(prep), std::move(design), std::move(result), std::move(values[0].numbers)};
}

std::vector<std::string> names_of(const Json& card) {
  std::vector<std::string> names;
  for (const auto& row : card["characteristics"]) names.push_back(row["name"].get<std::string>());
  return names;
}

TEST(Scorecard, ScoresAlikeInMemoryAndFromThePlan) {
  const Loans loans = make_loans(3000);
  for (const char* round : {"true", "false"}) {
    const Fitted fitted = fit(loans, {{"round_points", round}});
    const Scores scores = fitted.result.model->predict(fitted.design.batch());
    for (size_t r = 0; r < scores.values.size(); ++r) ASSERT_NEAR(scores.values[r], fitted.plan_probability[r], 1e-6) << "row " << r;
  }
}

TEST(Scorecard, PointsOfACardAddUpToTheScaledLogOdds) {
  const Loans loans = make_loans(3000);
  const Fitted fitted = fit(loans, {});
  const Json& card = fitted.result.report.details["scorecard"];
  for (const auto& row : card["characteristics"]) {
    for (const auto& attribute : row["attributes"]) {
      EXPECT_EQ(attribute["points"].get<double>(), std::round(attribute["points"].get<double>()));
    }
  }
  // Every row's probability is that of a whole score: offset - factor z is an integer.
  const double factor = 20 / std::log(2.0);
  const double offset = 600 - factor * std::log(50.0);
  for (size_t r = 0; r < 200; ++r) {
    const double p = static_cast<double>(fitted.plan_probability[r]);
    const double score = offset - factor * std::log(p / (1 - p));
    EXPECT_NEAR(score, std::round(score), 1e-3);
  }
  EXPECT_LE(card["points_low"].get<double>(), card["points_high"].get<double>());
}

TEST(Scorecard, RoundingKeepsTheOrderOfAttributes) {
  const Fitted exact = fit(make_loans(3000), {{"round_points", "false"}});
  const Fitted rounded = fit(make_loans(3000), {{"round_points", "true"}});
  const auto& a = exact.result.report.details["scorecard"]["characteristics"];
  const auto& b = rounded.result.report.details["scorecard"]["characteristics"];
  ASSERT_EQ(a.size(), b.size());
  for (size_t c = 0; c < a.size(); ++c) {
    for (size_t i = 0; i < a[c]["attributes"].size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double before = a[c]["attributes"][i]["points"].get<double>() - a[c]["attributes"][j]["points"].get<double>();
        const double after = b[c]["attributes"][i]["points"].get<double>() - b[c]["attributes"][j]["points"].get<double>();
        EXPECT_GE(before * after, 0);
        EXPECT_NEAR(before, after, 1.0);
      }
    }
  }
}

TEST(Scorecard, SelectionLeavesOutTheTwinAndTheNoise) {
  const Fitted fitted = fit(make_loans(4000), {});
  const auto names = names_of(fitted.result.report.details["scorecard"]);
  EXPECT_THAT(names, testing::Contains("income"));
  EXPECT_THAT(names, testing::Contains("job"));
  EXPECT_THAT(names, testing::Not(testing::Contains("noise")));
  EXPECT_EQ(std::count(names.begin(), names.end(), "twin") + std::count(names.begin(), names.end(), "utilisation"), 1);
  for (const auto& row : fitted.result.report.details["scorecard"]["characteristics"]) EXPECT_LT(row["coefficient"].get<double>(), 0);
}

TEST(Scorecard, EveryCharacteristicIsInTheCardOrSaysWhyNot) {
  const Loans loans = make_loans(2000);
  const Fitted fitted = fit(loans, {{"max_characteristics", "1"}});
  const Json& card = fitted.result.report.details["scorecard"];
  EXPECT_EQ(card["characteristics"].size(), 1U);
  EXPECT_EQ(card["characteristics"].size() + card["dropped"].size(), fitted.design.width);
  for (const auto& gone : card["dropped"]) EXPECT_FALSE(gone["reason"].get<std::string>().empty());
}

TEST(Scorecard, SaysWhatIsWrongWhenNothingIsLeft) {
  try {
    (void)fit(make_loans(500), {{"min_iv", "9"}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_THAT(error.what(), testing::HasSubstr("min_iv"));
  }
}

// Of the same rows once with weights and once repeated.
TEST(Scorecard, WeightTwoIsTheRowTwice) {
  const Loans weighted = make_loans(800, true);
  const Fitted by_weight = fit(weighted, {{"round_points", "false"}});
  std::vector<uint32_t> rows;
  for (const uint32_t row : weighted.task.rows) {
    for (int i = 0; i < static_cast<int>(weighted.task.weight[row]); ++i) rows.push_back(row);
  }
  Loans repeated = make_loans(800);
  repeated.task.rows = rows;
  const Fitted by_rows = fit(repeated, {{"round_points", "false"}});
  const auto& a = by_weight.result.report.details["scorecard"];
  const auto& b = by_rows.result.report.details["scorecard"];
  EXPECT_EQ(names_of(a), names_of(b));
  EXPECT_NEAR(a["intercept"].get<double>(), b["intercept"].get<double>(), 1e-6);
  for (size_t c = 0; c < std::min(a["characteristics"].size(), b["characteristics"].size()); ++c) {
    EXPECT_NEAR(a["characteristics"][c]["coefficient"].get<double>(), b["characteristics"][c]["coefficient"].get<double>(), 1e-6);
  }
}

// `score` is bad in its lowest tenth almost always and never in its highest; `key` tells bads from goods without error; `same` has one value.
Loans make_extremes() {
  Random random(3, "extremes");
  std::vector<float> score;
  std::vector<float> key;
  std::vector<int32_t> bad;
  for (size_t i = 0; i < 2000; ++i) {
    const double u = random.uniform();
    bad.push_back(u < 0.1 ? (i % 97 == 0 ? 0 : 1) : u > 0.8 ? 0 : static_cast<int32_t>(random.uniform() < 0.4 - 0.4 * u));
    score.push_back(static_cast<float>(u));
    key.push_back(static_cast<float>(bad.back() != 0 ? 1 + random.uniform() : random.uniform()));
  }
  TableBuilder builder;
  builder.source("extremes").add_numbers("score", score).add_numbers("key", key).add_numbers("same", std::vector<float>(2000, 4.0F));
  builder.add_categories("bad", bad, {"0", "1"});
  Loans loans{builder.build(), {}};
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  loans.task = make_task(loans.table, spec);
  return loans;
}

TEST(Scorecard, NoAttributeRestsOnAnEmptyCell) {
  Loans loans = make_extremes();
  std::erase(loans.task.features, "key");
  const auto points = [&](const Given& given) {
    const Fitted fitted = fit(loans, given);
    const Json card = fitted.result.report.details["scorecard"];
    EXPECT_EQ(names_of(card), std::vector<std::string>{"score"});
    double least = 1e9;
    for (const Json& attribute : card["characteristics"][0]["attributes"]) {
      if (!attribute.contains("rows")) continue;
      const double rows = attribute["rows"].get<double>();
      const double bads = attribute["event_rate"].get<double>() * rows;
      least = std::min({least, bads, rows - bads});
    }
    return std::pair(least, card["points_high"].get<double>() - card["points_low"].get<double>());
  };
  const auto [least, span] = points({});
  EXPECT_GE(least, 2.999);
  const auto [empty, wide] = points({{"min_events", "0"}, {"min_non_events", "0"}});
  EXPECT_LT(empty, 0.5);
  EXPECT_GT(wide, span + 10);
}

TEST(Scorecard, PerfectSeparationStaysInTheCardWithFinitePoints) {
  const Loans loans = make_extremes();
  const Fitted fitted = fit(loans, {});
  const Json card = fitted.result.report.details["scorecard"];
  EXPECT_EQ(names_of(card).front(), "key");
  for (const Json& characteristic : card["characteristics"]) {
    EXPECT_NE(characteristic["name"], "same") << "one value says nothing";
    for (const Json& attribute : characteristic["attributes"]) EXPECT_LT(std::fabs(attribute["points"].get<double>()), 1000) << attribute.dump();
  }
  for (const float p : fitted.plan_probability) ASSERT_TRUE(p >= 0 && p <= 1);
}

TEST(Scorecard, RefusesOneClass) {
  Loans loans = make_loans(300);
  std::erase_if(loans.task.rows, [&](uint32_t row) { return loans.task.target[row] != 0; });
  EXPECT_THROW((void)fit(loans, {}), Error);
}

// Selection alone, on columns made by hand.
struct Columns {
  std::vector<float> features;
  std::vector<uint8_t> target;
  size_t width = 0;
  [[nodiscard]] Batch batch() const { return {target.size(), width, features, {}}; }
};

Columns make_columns(size_t rows) {
  Random random(3, "columns");
  Columns columns;
  columns.width = 4;
  for (size_t i = 0; i < rows; ++i) {
    const double a = random.normal();
    const double b = random.normal();
    columns.features.insert(columns.features.end(), {static_cast<float>(a), static_cast<float>(b), static_cast<float>(a + b + 0.3 * random.normal()),
                                                     static_cast<float>(random.normal())});
    columns.target.push_back(random.uniform() < 1 / (1 + std::exp(a + 0.5 * b)) ? 1 : 0);
  }
  return columns;
}

TEST(Selection, StatisticsAreThoseOfTheWholeFits) {
  const Columns columns = make_columns(2000);
  const std::vector<double> ivs{4, 3, 2, 1};
  const auto all = card::select_characteristics(columns.batch(), columns.target, {}, ivs, {.sign = false}, Context());
  ASSERT_EQ(all.columns.size(), 4U);
  // At the optimum the slope of the log-likelihood is 0 for every column.
  for (size_t j = 0; j < 4; ++j) {
    double slope = 0;
    for (size_t r = 0; r < columns.target.size(); ++r) {
      double z = all.intercept;
      for (size_t k = 0; k < 4; ++k) z += all.coefficients[k] * static_cast<double>(columns.features[r * 4 + all.columns[k]]);
      slope += (1 / (1 + std::exp(-z)) - columns.target[r]) * static_cast<double>(columns.features[r * 4 + j]);
    }
    EXPECT_NEAR(slope, 0, 1e-4);
  }
}

TEST(Selection, ForwardAndBackwardFindTheTwoThatMatter) {
  const Columns columns = make_columns(4000);
  const std::vector<double> ivs{4, 3, 2, 1};
  for (const auto walk : {card::Walk::kForward, card::Walk::kBackward, card::Walk::kStepwise}) {
    card::Rules rules;
    rules.walk = walk;
    rules.enter.assign(4, 10.83);  // p = .001
    rules.remove.assign(4, 10.83);
    const auto selection = card::select_characteristics(columns.batch(), columns.target, {}, ivs, rules, Context());
    EXPECT_EQ(selection.columns.size() + selection.dropped.size(), 4U);
    EXPECT_THAT(selection.columns, testing::Not(testing::Contains(3U)));
    for (const double b : selection.coefficients) EXPECT_LT(b, 0);
  }
}

TEST(Selection, InflationAndCorrelationTakeTheWeakerColumn) {
  const Columns columns = make_columns(4000);
  const std::vector<double> ivs{4, 3, 2, 1};
  card::Rules inflation;
  inflation.max_vif = 4;
  inflation.sign = false;
  const auto inflated = card::select_characteristics(columns.batch(), columns.target, {}, ivs, inflation, Context());
  ASSERT_EQ(inflated.dropped.size(), 1U);
  EXPECT_EQ(inflated.dropped[0].column, 2U);  // a + b + noise: 1 / (1 - R^2) = 2.09 / .09
  card::Rules correlation;
  correlation.max_correlation = 0.6;  // corr(a, a + b + noise) = 1 / sqrt 2.09 = .69
  correlation.sign = false;
  const auto correlated = card::select_characteristics(columns.batch(), columns.target, {}, ivs, correlation, Context());
  ASSERT_EQ(correlated.dropped.size(), 1U);
  EXPECT_EQ(correlated.dropped[0].column, 2U);
}

TEST(Selection, WrongSignsLeave) {
  Columns columns = make_columns(3000);
  for (size_t r = 0; r < columns.target.size(); ++r) columns.features[r * 4 + 1] *= -1;  // high is now risky
  const std::vector<double> ivs{4, 3, 2, 1};
  const auto selection = card::select_characteristics(columns.batch(), columns.target, {}, ivs, {}, Context());
  EXPECT_THAT(selection.columns, testing::Not(testing::Contains(1U)));
  for (const double b : selection.coefficients) EXPECT_LE(b, 0);
}

TEST(Card, PointsFollowTheScale) {
  const card::Scale scale;
  // 600 points at 50 : 1, 620 at 100 : 1.
  EXPECT_NEAR(scale.offset() + scale.factor() * std::log(50.0), 600, 1e-9);
  EXPECT_NEAR(scale.offset() + scale.factor() * std::log(100.0), 620, 1e-9);
}

}  // namespace
}  // namespace obligor::zoo
