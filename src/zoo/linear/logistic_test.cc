#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "plan/executor.h"
#include "zoo/linear/linear.h"

namespace obligor {
namespace {

struct Data {
  size_t rows = 0;
  size_t width = 0;
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<double> weight;
  std::vector<std::string> names;

  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train.rows = rows;
    in.train.width = width;
    in.train.features = x;
    in.target = y;
    in.weight = weight;
    in.feature_names = names;
    return in;
  }
};

Data make_data(size_t rows, size_t width, uint64_t seed) {
  Random random(seed, "logistic");
  Data data{rows, width, {}, {}, {}, {}};
  for (size_t c = 0; c < width; ++c) data.names.push_back("x" + std::to_string(c));
  for (size_t r = 0; r < rows; ++r) {
    double z = -0.5;
    for (size_t c = 0; c < width; ++c) {
      data.x.push_back(static_cast<float>(random.normal()));
      z += (c % 2 == 0 ? 0.8 : -0.4) * static_cast<double>(data.x.back());
    }
    data.y.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  return data;
}

Params params(std::vector<std::pair<std::string, std::string>> given) { return make_params(logistic_entry().params, given, "model 'logistic'"); }

std::vector<double> coefficients(const FitResult& result) {
  std::vector<double> values;
  for (const auto& row : result.report.details["coefficients"]) values.push_back(row["coefficient"].get<double>());
  return values;
}

const Context kContext({.seed = 1, .threads = 1});

// A 2 x 2 table has a closed-form fit: the log odds ratio, with variance the sum of the reciprocal counts (Woolf 1955).
TEST(Logistic, TwoByTwoTableGivesTheLogOddsRatioAndWoolfsError) {
  Data data{200, 1, {}, {}, {}, {"exposed"}};
  const auto add = [&](float x, uint8_t y, int times) {
    for (int i = 0; i < times; ++i) {
      data.x.push_back(x);
      data.y.push_back(y);
    }
  };
  add(1, 1, 30);
  add(1, 0, 70);
  add(0, 1, 10);
  add(0, 0, 90);
  const FitResult result = fit_logistic(data.input(), params({{"penalty", "none"}}), kContext);
  const Json& row = result.report.details["coefficients"][0];
  EXPECT_NEAR(row["coefficient"].get<double>(), std::log(30.0 * 90 / (70 * 10)), 1e-9);
  EXPECT_NEAR(row["standard_error"].get<double>(), std::sqrt(1 / 30.0 + 1 / 70.0 + 1 / 10.0 + 1 / 90.0), 1e-7);
}

TEST(Logistic, SolversAgree) {
  const Data data = make_data(800, 6, 2);
  const auto irls = coefficients(fit_logistic(data.input(), params({{"solver", "irls"}}), kContext));
  const auto lbfgs = coefficients(fit_logistic(data.input(), params({{"solver", "lbfgs"}}), kContext));
  const auto nearly_l1 = coefficients(fit_logistic(data.input(), params({{"penalty", "elastic"}, {"mix", "0.000001"}}), kContext));
  for (size_t j = 0; j < irls.size(); ++j) {
    EXPECT_NEAR(irls[j], lbfgs[j], 1e-4);
    EXPECT_NEAR(irls[j], nearly_l1[j], 1e-4);
  }
}

TEST(Logistic, L1SetsWeakCoefficientsToZero) {
  Data data = make_data(1000, 2, 3);
  Random noise(4, "noise");
  Data wide{data.rows, 12, {}, data.y, {}, {}};
  for (size_t c = 0; c < 12; ++c) wide.names.push_back("x" + std::to_string(c));
  for (size_t r = 0; r < data.rows; ++r) {
    for (size_t c = 0; c < 12; ++c) wide.x.push_back(c < 2 ? data.x[r * 2 + c] : static_cast<float>(noise.normal()));
  }
  const auto beta = coefficients(fit_logistic(wide.input(), params({{"penalty", "l1"}, {"strength", "30"}}), kContext));
  EXPECT_GT(std::fabs(beta[0]), 0.3);
  int zeros = 0;
  for (size_t c = 2; c < 12; ++c) zeros += beta[c] == 0.0 ? 1 : 0;
  EXPECT_GE(zeros, 8);
}

TEST(Logistic, WeightTwoIsTheRowTwice) {
  Data once = make_data(300, 3, 5);
  Data twice = once;
  once.weight.assign(300, 1.0);
  for (size_t r = 0; r < 100; ++r) {
    once.weight[r] = 2.0;
    twice.x.insert(twice.x.end(), twice.x.begin() + static_cast<int64_t>(r * 3), twice.x.begin() + static_cast<int64_t>(r * 3 + 3));
    twice.y.push_back(twice.y[r]);
  }
  twice.rows = 400;
  const auto a = coefficients(fit_logistic(once.input(), params({}), kContext));
  const auto b = coefficients(fit_logistic(twice.input(), params({}), kContext));
  for (size_t j = 0; j < a.size(); ++j) EXPECT_NEAR(a[j], b[j], 1e-8);
}

TEST(Logistic, WarnsOfSeparation) {
  Data data{6, 1, {-3, -2, -1, 1, 2, 3}, {0, 0, 0, 1, 1, 1}, {}, {"x"}};
  const FitResult result = fit_logistic(data.input(), params({{"penalty", "none"}, {"max_iterations", "30"}}), kContext);
  EXPECT_THAT(result.report.notes, testing::Contains(testing::HasSubstr("separation")));
  const Data mixed = make_data(200, 2, 6);
  EXPECT_THAT(fit_logistic(mixed.input(), params({}), kContext).report.notes, testing::IsEmpty());
}

TEST(Logistic, CollinearColumnsStillFit) {
  Data data = make_data(400, 1, 7);
  Data doubled{400, 2, {}, data.y, {}, {"a", "b"}};
  for (const float x : data.x) doubled.x.insert(doubled.x.end(), {x, x});
  const auto beta = coefficients(fit_logistic(doubled.input(), params({{"penalty", "none"}}), kContext));
  const auto alone = coefficients(fit_logistic(data.input(), params({{"penalty", "none"}}), kContext));
  EXPECT_NEAR(beta[0] + beta[1], alone[0], 1e-5);
}

TEST(Logistic, ThePlanScoresAsTheModel) {
  const Data data = make_data(500, 4, 8);
  const FitResult result = fit_logistic(data.input(), params({}), kContext);
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (const auto& name : data.names) columns.push_back(builder.input(name, InputKind::kNumber));
  const Lowered lowered = result.model->lower(builder, {builder.concat(columns), {}});
  builder.output("probability", builder.activate(lowered.node, "sigmoid"));
  const Interpreter interpreter(builder.build());
  std::vector<std::vector<float>> raw(4);
  for (size_t r = 0; r < data.rows; ++r) {
    for (size_t c = 0; c < 4; ++c) raw[c].push_back(data.x[r * 4 + c]);
  }
  InputBatch batch;
  batch.rows = data.rows;
  for (const auto& column : raw) batch.columns.push_back({column, {}, nullptr});
  const auto value = interpreter.run(batch, {});
  const Scores scores = result.model->predict(data.input().train);
  for (size_t r = 0; r < data.rows; ++r) EXPECT_NEAR(value[0].numbers[r], scores.values[r], 1e-6);
}

TEST(Logistic, StopsWhenCancelled) {
  const Data data = make_data(300, 3, 9);
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  EXPECT_THROW((void)fit_logistic(data.input(), params({}), context), std::runtime_error);
}

}  // namespace
}  // namespace obligor
