#include "zoo/boost/boost.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "plan/executor.h"

namespace obligor::zoo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using Given = std::vector<std::pair<std::string, std::string>>;

// Prepared data that owns its columns: dti, limit (with missing values and infinities), age, and the codes of a region.
struct Sample {
  size_t rows = 0;
  std::vector<float> features;
  std::vector<uint8_t> target;
  std::vector<double> truth;  // the log-odds that the target was drawn from
  std::vector<double> weight;
  std::vector<std::string> names = {"dti", "limit", "age", "region"};
  std::vector<uint8_t> categorical = {0, 0, 0, 1};

  [[nodiscard]] Batch batch() const { return {rows, 4, features, {}}; }
};

Sample make_sample(size_t rows, uint64_t seed) {
  Random random(seed, "boost-test");
  Sample sample;
  sample.rows = rows;
  for (size_t i = 0; i < rows; ++i) {
    const auto dti = static_cast<float>(random.normal());
    float limit = random.uniform() < 0.2 ? 0.0F : static_cast<float>(std::exp(random.normal()));
    if (random.uniform() < 0.15) limit = kNan;
    if (random.uniform() < 0.02) limit = random.uniform() < 0.5 ? kInfinity : -kInfinity;
    const auto age = static_cast<float>(20 + random.below(50));
    const auto region = static_cast<float>(random.below(70));
    double log_odds = -1 + static_cast<double>(dti) + (std::isnan(limit) ? 1.0 : limit > 1.0F ? -0.7 : 0.4) - 0.03 * (static_cast<double>(age) - 45);
    log_odds += std::fmod(static_cast<double>(region), 5.0) < 1 ? 1.2 : 0;
    sample.features.insert(sample.features.end(), {dti, limit, age, region});
    sample.truth.push_back(log_odds);
    sample.target.push_back(random.uniform() < 1 / (1 + std::exp(-log_odds)) ? 1 : 0);
  }
  return sample;
}

FitInput make_input(const Sample& train, const Sample& valid) {
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  input.weight = train.weight;
  input.valid = valid.batch();
  input.valid_target = valid.target;
  input.feature_names = train.names;
  input.feature_source = train.names;
  input.categorical = train.categorical;
  return input;
}

FitResult fit(const Sample& train, const Sample& valid, const Given& given, const Context& context = Context({.seed = 3, .threads = 1})) {
  return fit_lightgbm(make_input(train, valid), make_params(lightgbm_entry().params, given, "model 'lightgbm'"), context);
}

// The plan of the model over raw columns named as the features.
ScorePlan plan_of(const Model& model, const Sample& sample) {
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (const std::string& name : sample.names) columns.push_back(builder.input(name, InputKind::kNumber));
  const Lowered lowered = model.lower(builder, {builder.concat(columns), {}});
  EXPECT_EQ(lowered.kind, ScoreKind::kLogOdds);
  builder.output("log_odds", lowered.node);
  return builder.build();
}

std::vector<double> plan_probability(const ScorePlan& plan, const Sample& sample) {
  std::vector<std::vector<float>> columns(4);
  for (size_t i = 0; i < sample.features.size(); ++i) columns[i % 4].push_back(sample.features[i]);
  InputBatch batch;
  batch.rows = sample.rows;
  for (const auto& column : columns) batch.columns.push_back({column, {}, nullptr});
  const std::vector<Value> values = Interpreter(plan).run(batch, {});
  std::vector<double> probability;
  for (const float log_odds : values[0].numbers) probability.push_back(1 / (1 + std::exp(-static_cast<double>(log_odds))));
  return probability;
}

const std::vector<float>& thresholds_of(const ScorePlan& plan) {
  for (const Node& node : plan.nodes) {
    if (node.op == Op::kTrees) return plan.constants[node.constants[2]].floats();
  }
  ADD_FAILURE() << "no trees";
  static const std::vector<float> none;
  return none;
}

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  double gap = 0;
  for (size_t i = 0; i < a.size(); ++i) gap = std::max(gap, std::abs(a[i] - b[i]));
  return gap;
}

TEST(LightGbm, ThePlanScoresAsLightGbmDoes) {
  const Sample train = make_sample(3000, 1);
  const FitResult result = fit(train, make_sample(1500, 2), {{"num_leaves", "31"}, {"categories", "native"}});
  const ScorePlan plan = plan_of(*result.model, train);
  const Sample fresh = make_sample(4000, 5);
  EXPECT_LT(largest_gap(result.model->predict(fresh.batch()).values, plan_probability(plan, fresh)), 1e-6);
}

TEST(LightGbm, ThePlanAgreesAtEveryThresholdAndOneUlpBesideIt) {
  const Sample train = make_sample(2000, 1);
  const FitResult result = fit(train, make_sample(1000, 2), {{"num_leaves", "15"}, {"categories", "native"}});
  const ScorePlan plan = plan_of(*result.model, train);
  Sample edge;
  std::vector<float> values = {0.0F, -0.0F, 1e-35F, -1e-35F, 1e-40F, kNan, kInfinity, -kInfinity, 3e38F, -3e38F};
  for (const float t : thresholds_of(plan)) values.insert(values.end(), {t, std::nextafter(t, kInfinity), std::nextafter(t, -kInfinity)});
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  ASSERT_GT(values.size(), 300U);
  const std::vector<float> regions = {0, 1, 5, 69, 70, 500, -1, -7, kNan};
  Random random(9, "edge");
  for (const float value : values) {
    for (size_t column = 0; column < 3; ++column) {
      float row[4] = {0.3F, 1.0F, 40.0F, regions[random.below(regions.size())]};
      row[column] = value;
      edge.features.insert(edge.features.end(), row, row + 4);
      ++edge.rows;
    }
  }
  EXPECT_LT(largest_gap(result.model->predict(edge.batch()).values, plan_probability(plan, edge)), 1e-6);
}

TEST(LightGbm, LearnsTheSignalAndStopsByTheHeldBackPart) {
  const FitResult result = fit(make_sample(4000, 1), make_sample(2000, 2), {{"categories", "native"}});
  const Sample fresh = make_sample(5000, 7);
  EXPECT_GT(metric::auc(result.model->predict(fresh.batch()).values, fresh.target), metric::auc(fresh.truth, fresh.target) - 0.02);
  const auto kept = result.report.details["iterations"].get<int>();
  const auto trained = result.report.details["trained_iterations"].get<int>();
  const Params defaults = make_params(lightgbm_entry().params, {}, "model 'lightgbm'");
  EXPECT_EQ(trained - kept, defaults.integer("early_stopping"));
  ASSERT_EQ(result.report.learning.size(), 1U);
  const Learning& learning = result.report.learning[0];
  EXPECT_EQ(learning.epoch.size(), learning.valid_auc.size());
  EXPECT_EQ(learning.epoch.back(), trained);
  EXPECT_LT(learning.train_loss.back(), learning.train_loss.front());
  ASSERT_EQ(result.report.importance.size(), 4U);
  for (const double gain : result.report.importance) EXPECT_GT(gain, 0);
}

TEST(LightGbm, TheSameSeedGivesTheSameTreesAndAnotherSeedOthers) {
  const Sample train = make_sample(1000, 1);
  const Sample valid = make_sample(500, 2);
  const auto scores = [&](uint64_t seed) {
    return fit(train, valid, {}, Context({.seed = seed, .threads = 1})).model->predict(valid.batch()).values;
  };
  EXPECT_EQ(scores(3), scores(3));
  EXPECT_NE(scores(3), scores(4));
}

TEST(LightGbm, AWeightOfTwoIsTheRowTwice) {
  // Few distinct values, so that doubling the rows leaves the bins as they are, and large leaves, so that LightGBM's estimate of a
  // leaf's rows (from its second derivatives) never decides.
  Sample once = make_sample(600, 1);
  for (size_t i = 0; i < once.features.size(); ++i) {
    float& x = once.features[i];
    if (!std::isnan(x)) x = std::clamp(std::round(i % 4 < 2 ? 2 * x : x / 10), -3.0F, 7.0F);
  }
  once.categorical = {0, 0, 0, 0};
  Sample twice = once;
  once.weight.assign(once.rows, 2.0);
  twice.rows *= 2;
  twice.features.insert(twice.features.end(), once.features.begin(), once.features.end());
  twice.target.insert(twice.target.end(), once.target.begin(), once.target.end());
  const Given given = {{"bagging_fraction", "1"}, {"feature_fraction", "1"}, {"min_child_samples", "1"},
                       {"learning_rate", "0.05"}, {"num_leaves", "4"},       {"max_iterations", "20"}};
  const Sample none;
  const auto scores = [&](const Sample& sample) { return fit(sample, none, given).model->predict(once.batch()).values; };
  const std::vector<double> weighted = scores(once);
  EXPECT_LT(largest_gap(weighted, scores(twice)), 1e-6);
  once.weight.clear();
  EXPECT_GT(largest_gap(weighted, scores(once)), 1e-4);  // and the weight does count
}

TEST(LightGbm, AMonotoneColumnNeverTurnsBack) {
  // Bad falls with age in truth; the constraint says it may only rise, so age may not lower a score anywhere.
  const Sample train = make_sample(3000, 1);
  for (const auto& [text, sign] : std::vector<std::pair<std::string, double>>{{"age:+, dti:+", 1.0}, {"age:-", -1.0}}) {
    const FitResult result = fit(train, make_sample(1000, 2), {{"monotone", text}});
    Random random(1, "monotone");
    for (int repeat = 0; repeat < 20; ++repeat) {
      Sample line;
      const auto dti = static_cast<float>(random.normal());
      const auto region = static_cast<float>(random.below(70));
      for (int age = 15; age < 80; ++age) line.features.insert(line.features.end(), {dti, 1.0F, static_cast<float>(age), region});
      line.rows = line.features.size() / 4;
      const std::vector<double> scores = result.model->predict(line.batch()).values;
      for (size_t i = 1; i < scores.size(); ++i) EXPECT_GE(sign * (scores[i] - scores[i - 1]), -1e-12);
    }
  }
}

ErrorCode code_of(const Sample& train, const Given& given, const Context& context = Context({.seed = 1, .threads = 1})) {
  try {
    (void)fit(train, make_sample(100, 2), given, context);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

TEST(LightGbm, BadRequestsAreRefused) {
  const Sample train = make_sample(200, 1);
  EXPECT_EQ(code_of(train, {{"monotone", "income:+"}}), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(train, {{"monotone", "region:+"}}), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(train, {{"monotone", "age"}}), ErrorCode::kInvalid);
  Sample one_class = train;
  std::fill(one_class.target.begin(), one_class.target.end(), uint8_t{0});
  EXPECT_EQ(code_of(one_class, {}), ErrorCode::kData);
}

TEST(LightGbm, StopsWhenCancelled) {
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  EXPECT_EQ(code_of(make_sample(200, 1), {}, context), ErrorCode::kCancelled);
}

TEST(LightGbm, ConstantAndMissingColumnsGiveTheBaseRate) {
  Sample train = make_sample(500, 1);
  for (size_t i = 0; i < train.features.size(); ++i) train.features[i] = i % 4 == 0 ? kNan : 1.0F;
  train.categorical = {0, 0, 0, 0};
  Sample valid = train;
  const FitResult result = fit(train, valid, {});
  double bad = 0;
  for (const uint8_t y : train.target) bad += y;
  const ScorePlan plan = plan_of(*result.model, train);
  for (const double p : result.model->predict(train.batch()).values) EXPECT_NEAR(p, bad / 500, 1e-6);
  for (const double p : plan_probability(plan, train)) EXPECT_NEAR(p, bad / 500, 1e-6);
  EXPECT_FALSE(result.report.notes.empty());
}

TEST(LightGbm, WithoutAHeldBackPartItMakesAFixedNumberOfTrees) {
  const Sample none;
  const FitResult result = fit(make_sample(500, 1), none, {{"learning_rate", "0.1"}});
  EXPECT_EQ(result.report.details["iterations"].get<int>(), 50);
  EXPECT_TRUE(result.report.learning[0].valid_auc.empty());
}

TEST(LightGbm, OneRowScoresAsItDoesInABatch) {
  const Sample train = make_sample(800, 1);
  const FitResult result = fit(train, make_sample(400, 2), {});
  const std::vector<double> whole = result.model->predict(train.batch()).values;
  for (size_t row = 0; row < 50; ++row) {
    const Batch one{1, 4, std::span<const float>(train.features).subspan(4 * row, 4), {}};
    EXPECT_EQ(result.model->predict(one).values[0], whole[row]);
  }
}

TEST(LightGbm, ItsRowNamesItselfAndPreparesForTrees) {
  const ModelEntry entry = lightgbm_entry();
  EXPECT_EQ(entry.name, "lightgbm");
  EXPECT_TRUE(entry.traits.early_stopping);
  const auto prep = [&](const Given& given) { return entry.prep(make_params(entry.params, given, "model 'lightgbm'")); };
  const PrepSpec statistics = prep({{"categories", "target_statistics"}});
  EXPECT_EQ(statistics.numbers, NumberCoding::kRaw);
  EXPECT_FALSE(statistics.impute);
  EXPECT_GT(statistics.target_statistics_min_levels, 0);
  EXPECT_TRUE(prep({{"categories", "native"}}).ordinal);
  EXPECT_EQ(prep({{"categories", "native"}}).target_statistics_min_levels, 0);
  EXPECT_FALSE(prep({{"categories", "none"}}).ordinal);
  const PrepSpec by_size = prep({{"categories", "by_size"}, {"native_max_levels", "30"}});
  EXPECT_TRUE(by_size.ordinal);
  EXPECT_EQ(by_size.ordinal_max_levels, 30);
  EXPECT_EQ(by_size.target_statistics_min_levels, 31);  // every category is encoded, and none twice
  for (const auto& candidate : entry.candidates) EXPECT_NO_THROW((void)make_params(entry.params, candidate, "model 'lightgbm'"));
}

}  // namespace
}  // namespace obligor::zoo
