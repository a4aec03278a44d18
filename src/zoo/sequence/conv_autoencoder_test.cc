#include "zoo/sequence/conv_autoencoder.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "model/agreement_test_data.h"
#include "zoo/sequence/filters.h"

namespace obligor {
namespace {

constexpr size_t kWidth = 24;

// Signals of smooth waves; bad where the wave is the faster one.
struct Signals {
  std::vector<float> x;
  std::vector<uint8_t> y;

  Signals(size_t rows, uint64_t seed) {
    Random random(seed, "signals");
    for (size_t r = 0; r < rows; ++r) {
      const bool bad = random.uniform() < 0.3;
      const double phase = 6.3 * random.uniform();
      for (size_t c = 0; c < kWidth; ++c) {
        x.push_back(static_cast<float>(std::sin((bad ? 1.1 : 0.5) * static_cast<double>(c) + phase) + 0.1 * random.normal()));
      }
      y.push_back(bad ? 1 : 0);
    }
  }
  [[nodiscard]] Batch batch() const {
    Batch made;
    made.rows = y.size();
    made.width = kWidth;
    made.features = x;
    return made;
  }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = batch();
    in.target = y;
    in.valid = batch();
    in.valid_target = y;
    return in;
  }
};

FitResult fit(const Signals& signals, ParamValues values) {
  const ModelEntry entry = conv_autoencoder_entry();
  values.insert(values.end(), {{"hidden", "6"}, {"head", "8"}, {"batch", "32"}});
  return fit_conv_autoencoder(signals.input(), make_params(entry.params, values, entry.name), Context({.seed = 5, .threads = 1}));
}

double share_right(const Model& model, const Signals& signals) {
  const auto p = model.predict(signals.batch()).values;
  size_t right = 0;
  for (size_t r = 0; r < p.size(); ++r) right += (p[r] > 0.5) == (signals.y[r] != 0) ? size_t{1} : size_t{0};
  return static_cast<double>(right) / static_cast<double>(p.size());
}

TEST(ConvAutoencoder, EveryLayerLearnsToRestoreItsInput) {
  const Signals signals(400, 1);
  const Context context({.seed = 2, .threads = 1});
  const auto layers =
      sequence::pretrain_filters(signals.batch(), {.layers = 2, .filters = 6, .taps = 3, .steps = 400, .batch = 64, .rate = 5e-3}, context);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].weights.size(), 6U * 3U);
  EXPECT_EQ(layers[1].weights.size(), 6U * 3U * 6U);
  for (const auto& layer : layers) EXPECT_LT(layer.last_error, 0.7 * layer.first_error);
}

TEST(ConvAutoencoder, OneSeedGivesTheSameFilters) {
  const Signals signals(100, 1);
  const sequence::FilterOptions options{.layers = 1, .filters = 4, .taps = 3, .steps = 20};
  const auto first = sequence::pretrain_filters(signals.batch(), options, Context({.seed = 2, .threads = 1}));
  EXPECT_EQ(first[0].weights, sequence::pretrain_filters(signals.batch(), options, Context({.seed = 2, .threads = 1}))[0].weights);
  EXPECT_NE(first[0].weights, sequence::pretrain_filters(signals.batch(), options, Context({.seed = 3, .threads = 1}))[0].weights);
}

TEST(ConvAutoencoder, ThePlanIsTheModel) {
  const Signals signals(150, 3);
  for (const char* layers : {"1", "3"}) {
    const FitResult result = fit(signals, {{"epochs", "2"}, {"layers", layers}, {"pretrain_steps", "20"}});
    expect_plan_agrees(*result.model, signals.batch(), std::string(layers) + " layers");
  }
}

TEST(ConvAutoencoder, LearnsFromTheRowsWhoseLabelsAreUsed) {
  const Signals train(600, 6);
  const Signals test(300, 7);
  const FitResult all = fit(train, {{"epochs", "10"}, {"learning_rate", "0.005"}, {"pretrain_steps", "200"}});
  EXPECT_EQ(all.report.details["labelled_rows"], 600);
  EXPECT_GT(share_right(*all.model, test), 0.95);
  const FitResult few = fit(train, {{"epochs", "10"}, {"learning_rate", "0.005"}, {"pretrain_steps", "200"}, {"labelled", "0.25"}});
  EXPECT_EQ(few.report.details["labelled_rows"], 150);
  // The filters are those of all rows.
  EXPECT_EQ(few.report.details["pretraining"], all.report.details["pretraining"]);
  EXPECT_GT(share_right(*few.model, test), 0.8);
}

TEST(ConvAutoencoder, LabelsOfOneClassAreRefused) {
  try {
    (void)fit(Signals(60, 8), {{"labelled", "0.01"}, {"pretrain_steps", "1"}});
    FAIL() << "one labelled row has one class";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_THAT(error.what(), testing::HasSubstr("labelled = 0.01 leaves 1 rows of one class only; raise it"));
  }
}

}  // namespace
}  // namespace obligor
