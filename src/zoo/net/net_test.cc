// The fits of ann and dnn: they learn, they are reproducible, they stop when told.
#include "zoo/net/net.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "metric/roc.h"

namespace obligor {
namespace {

struct Sample {
  std::vector<float> features;
  std::vector<uint8_t> target;
  [[nodiscard]] Batch batch() const { return {.rows = target.size(), .width = 4, .features = features, .codes = {}}; }
};

// Bad when the first two numbers have the same sign, but for noise: no linear model can tell.
Sample make_sample(size_t rows, std::string_view stream, double noise = 0.3) {
  Random random(5, stream);
  Sample sample;
  for (size_t r = 0; r < rows; ++r) {
    double x[4];
    for (double& value : x) {
      value = random.normal();
      sample.features.push_back(static_cast<float>(value));
    }
    sample.target.push_back(x[0] * x[1] + noise * random.normal() > 0 ? 1 : 0);
  }
  return sample;
}

FitInput input_of(const Sample& train, const Sample& valid) {
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  input.valid = valid.batch();
  input.valid_target = valid.target;
  return input;
}

using Overrides = std::vector<std::pair<std::string, std::string>>;

FitResult fit(FitFunction function, const ModelEntry& entry, const FitInput& input, const Overrides& overrides, const Context& context) {
  return function(input, make_params(entry.params, overrides, entry.name), context);
}

TEST(Net, LearnsWhatNoLinearModelCan) {
  const Sample train = make_sample(2000, "train");
  const Sample valid = make_sample(500, "valid");
  const Sample test = make_sample(1000, "test");
  // What the true score reaches in spite of the noise.
  std::vector<double> truth;
  for (size_t r = 0; r < test.target.size(); ++r) truth.push_back(static_cast<double>(test.features[4 * r] * test.features[4 * r + 1]));
  const double reachable = metric::auc(truth, test.target);
  const Context context({.seed = 1, .threads = 1});
  const Overrides quick{{"epochs", "40"}, {"hidden", "32"}, {"batch", "128"}, {"learning_rate", "0.01"}};
  using Case = std::pair<FitFunction, ModelEntry>;
  for (const auto& [function, entry] : {Case{fit_ann, ann_entry()}, Case{fit_dnn, dnn_entry()}}) {
    const FitResult result = fit(function, entry, input_of(train, valid), quick, context);
    const Scores scores = result.model->predict(test.batch());
    EXPECT_GT(metric::auc(scores.values, test.target), reachable - 0.015) << entry.name;
    const Learning& learning = result.report.learning.at(0);
    EXPECT_EQ(learning.epoch.size(), learning.valid_auc.size());
    EXPECT_EQ(learning.epoch.size(), learning.train_loss.size());
    EXPECT_EQ(learning.gradient_norm.size(), entry.name == "ann" ? 2U : 3U);
    EXPECT_EQ(learning.gradient_norm[0].second.size(), learning.epoch.size());
    EXPECT_LT(learning.train_loss.back(), learning.train_loss.front());
  }
}

TEST(Net, SameSeedGivesTheSameBytesFromSeveralThreadsAtOnce) {
  const Sample train = make_sample(300, "train");
  const Sample valid = make_sample(100, "valid");
  const Overrides quick{{"epochs", "5"}, {"hidden", "16"}, {"norm", "batch"}, {"batch", "64"}};
  const Context context({.seed = 9, .threads = 3});
  const auto fitted = [&](uint64_t seed) {
    return fit(fit_dnn, dnn_entry(), input_of(train, valid), quick, context.with_seed(seed)).model->predict(valid.batch()).values;
  };
  const auto alone = fitted(9);
  std::vector<std::vector<double>> together(6);
  parallel_for(context, together.size(), [&](size_t i) { together[i] = fitted(i % 2 == 0 ? 9 : 10); });
  EXPECT_EQ(alone, together[0]);
  EXPECT_EQ(alone, together[2]);
  EXPECT_EQ(alone, together[4]);
  EXPECT_EQ(together[1], together[5]);
  EXPECT_NE(alone, together[1]);
}

TEST(Net, StopsEarlyAndKeepsTheBestEpoch) {
  const Sample train = make_sample(80, "train", 3.0);
  const Sample valid = make_sample(400, "valid", 3.0);
  const FitResult result = fit(fit_dnn, dnn_entry(), input_of(train, valid), {{"epochs", "500"}, {"patience", "10"}, {"learning_rate", "0.02"}},
                               Context({.seed = 2, .threads = 1}));
  const Learning& learning = result.report.learning.at(0);
  ASSERT_LT(learning.epoch.size(), 500U);
  const auto best = std::min_element(learning.valid_loss.begin(), learning.valid_loss.end());
  const auto p = result.model->predict(valid.batch()).values;
  double loss = 0;
  for (size_t i = 0; i < p.size(); ++i) loss -= std::log(valid.target[i] != 0 ? p[i] : 1 - p[i]) / static_cast<double>(p.size());
  EXPECT_NEAR(loss, *best, 2e-6);
  EXPECT_EQ(learning.epoch.end() - learning.epoch.begin(), best - learning.valid_loss.begin() + 11);
}

TEST(Net, EverySchedulePutsTheRateWhereItSays) {
  const Sample train = make_sample(200, "train");
  const Sample valid = make_sample(100, "valid");
  const auto rates = [&](const std::string& schedule) {
    return fit(fit_ann, ann_entry(), input_of(train, valid),
               {{"epochs", "20"}, {"batch", "20"}, {"patience", "1000"}, {"hidden", "4"}, {"learning_rate", "0.01"}, {"schedule", schedule}},
               Context({.seed = 2, .threads = 1}))
        .report.learning.at(0)
        .learning_rate;
  };
  for (const double rate : rates("constant")) EXPECT_DOUBLE_EQ(rate, 0.01);
  const auto cosine = rates("cosine");
  EXPECT_NEAR(cosine[9], 0.005, 1e-4);  // half-way, half the rate
  EXPECT_LT(cosine.back(), 1e-5);
  const auto cycle = rates("one_cycle");
  EXPECT_EQ(std::max_element(cycle.begin(), cycle.end()) - cycle.begin(), 5);  // 30 % of 20 epochs are six
  EXPECT_LT(cycle.front(), 0.002);
  EXPECT_LT(cycle.back(), 1e-5);
}

TEST(Net, PlateauHalvesTheRateWhenNothingGetsBetter) {
  const Sample train = make_sample(80, "train", 5.0);
  const Sample valid = make_sample(100, "valid", 5.0);
  const auto rates =
      fit(fit_ann, ann_entry(), input_of(train, valid), {{"epochs", "60"}, {"patience", "12"}, {"schedule", "plateau"}, {"learning_rate", "0.05"}},
          Context({.seed = 2, .threads = 1}))
          .report.learning.at(0)
          .learning_rate;
  EXPECT_DOUBLE_EQ(rates.front(), 0.05);
  EXPECT_DOUBLE_EQ(rates.back(), 0.05 / 4);  // twelve bad epochs: halved after four and after eight
}

TEST(Net, LossThatIsNotFiniteIsAnErrorWithAdvice) {
  Sample train = make_sample(100, "train");
  train.features[10] = std::numeric_limits<float>::infinity();
  try {
    fit(fit_ann, ann_entry(), input_of(train, make_sample(50, "valid")), {}, Context({.seed = 1, .threads = 1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNumeric);
    EXPECT_NE(std::string(error.what()).find("learning_rate"), std::string::npos);
  }
}

TEST(Net, OneClassIsRefused) {
  Sample train = make_sample(50, "train");
  std::fill(train.target.begin(), train.target.end(), uint8_t{0});
  EXPECT_THROW(fit(fit_dnn, dnn_entry(), input_of(train, train), {}, Context({.seed = 1, .threads = 1})), Error);
}

TEST(Net, CancelEndsTheFit) {
  const Sample train = make_sample(500, "train");
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  try {
    fit(fit_dnn, dnn_entry(), input_of(train, train), {}, context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(Net, TwoRowsAreEnough) {
  Sample train = make_sample(2, "train");
  train.target = {0, 1};
  FitInput input = input_of(train, train);
  input.valid = {};
  input.valid_target = {};
  const auto result = fit(fit_dnn, dnn_entry(), input, {{"norm", "batch"}, {"epochs", "3"}, {"batch", "1"}}, Context({.seed = 1, .threads = 1}));
  for (const double p : result.model->predict(train.batch()).values) EXPECT_TRUE(std::isfinite(p));
}

}  // namespace
}  // namespace obligor
