// Denoising layers against finite differences, and the two stacks: what pre-training does to the weights and to a fit.
#include "zoo/belief/belief.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <gtest/gtest.h>

#include "core/random.h"
#include "metric/roc.h"
#include "zoo/belief/denoise.h"
#include "zoo/belief/rbm.h"

namespace obligor {
namespace {

using belief::Layer;

// Two numbers that move together, two flags that agree, and noise.
std::vector<float> make_rows(size_t n, std::string_view stream) {
  Random random(8, stream);
  std::vector<float> rows;
  for (size_t r = 0; r < n; ++r) {
    const double z = random.normal();
    const float flag = random.uniform() < 0.4 ? 1.0F : 0.0F;
    rows.insert(rows.end(), {static_cast<float>(z), static_cast<float>(z + 0.3 * random.normal()), flag, random.uniform() < 0.95 ? flag : 1 - flag,
                             static_cast<float>(random.normal())});
  }
  return rows;
}

struct Sample {
  std::vector<float> features;
  std::vector<uint8_t> target;
  explicit Sample(size_t n, std::string_view stream) : features(make_rows(n, stream)) {
    Random random(9, stream);
    for (size_t r = 0; r < n; ++r) {
      const double score = static_cast<double>(features[5 * r] * features[5 * r + 1]) + 2 * static_cast<double>(features[5 * r + 2]) - 1.5;
      target.push_back(score + 0.5 * random.normal() > 0 ? 1 : 0);
    }
  }
  [[nodiscard]] Batch batch() const { return {.rows = target.size(), .width = 5, .features = features, .codes = {}}; }
};

FitInput input_of(const Sample& train, const Sample& valid) {
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  input.valid = valid.batch();
  input.valid_target = valid.target;
  return input;
}

TEST(Denoise, GradientEqualsFiniteDifferences) {
  const std::vector<float> clean = make_rows(6, "gradient");
  Random random(2, "layer");
  Layer layer = belief::make_layer(clean, 5, 4, random);
  for (float& w : layer.weights) w = static_cast<float>(0.5 * random.normal());
  std::vector<float> seen;
  belief::corrupt(clean, 0.3, random, seen);
  belief::LayerGradient down;
  belief::DenoiseGradient()(layer, clean, seen, down);
  const auto compare = [&](std::vector<float>& values, const std::vector<float>& gradient) {
    for (size_t i = 0; i < values.size(); ++i) {
      const float kept = values[i];
      values[i] = kept + 5e-3F;
      const double above = belief::denoise_loss(layer, clean, seen);
      values[i] = kept - 5e-3F;
      const double below = belief::denoise_loss(layer, clean, seen);
      values[i] = kept;
      EXPECT_NEAR(static_cast<double>(gradient[i]), (above - below) / 1e-2, 2e-3) << i;
    }
  };
  compare(layer.weights, down.weights);
  compare(layer.visible_bias, down.visible_bias);
  compare(layer.hidden_bias, down.hidden_bias);
}

TEST(Denoise, CorruptsAShareOfTheCellsOfACopyAndNothingElse) {
  const std::vector<float> clean = make_rows(4000, "corrupt");
  const std::vector<float> before = clean;
  Random random(3, "corrupt");
  std::vector<float> seen;
  belief::corrupt(clean, 0.3, random, seen);
  EXPECT_EQ(clean, before);
  size_t blanked = 0;
  size_t others = 0;
  for (size_t i = 0; i < clean.size(); ++i) {
    if (seen[i] != clean[i]) {
      EXPECT_EQ(seen[i], 0);
      ++blanked;
    }
    others += clean[i] != 0 ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(blanked) / static_cast<double>(others), 0.3, 0.02);
  belief::corrupt(clean, 0, random, seen);
  EXPECT_EQ(seen, clean);
}

TEST(Denoise, ReconstructionErrorFallsAndABlankedCellIsRestored) {
  const std::vector<float> rows = make_rows(3000, "restore");
  Random random(4, "restore");
  Layer layer = belief::make_layer(rows, 5, 16, random);
  const auto errors = belief::pretrain(layer, rows, {.epochs = 40}, belief::Denoising(0.2, random), random, Context({.seed = 1, .threads = 1}));
  EXPECT_LT(errors.back(), 0.7 * errors.front());
  // The first number is blanked; its companion tells which way it was.
  const auto high = belief::decode(layer, belief::encode(layer, std::vector<float>{0, 1.8F, 0, 0, 0}));
  const auto low = belief::decode(layer, belief::encode(layer, std::vector<float>{0, -1.8F, 0, 0, 0}));
  EXPECT_GT(high[0], 0.4F);
  EXPECT_LT(low[0], -0.4F);
}

TEST(Stacks, FitsAreReproducibleLearnAndPredictWithoutCorruption) {
  const Sample train(1500, "train");
  const Sample valid(400, "valid");
  const Sample test(800, "test");
  const ParamValues quick{{"epochs", "60"}, {"hidden", "24"}, {"batch", "64"}, {"learning_rate", "0.01"}, {"pretrain_steps", "1500"}};
  using Case = std::pair<FitFunction, ModelEntry>;
  for (const auto& [fit, entry] : {Case{fit_dbn, dbn_entry()}, Case{fit_sdae, sdae_entry()}}) {
    const Params params = make_params(entry.params, quick, entry.name);
    const Context context({.seed = 1, .threads = 1});
    const FitResult first = fit(input_of(train, valid), params, context);
    const FitResult second = fit(input_of(train, valid), params, context);
    const auto p = first.model->predict(test.batch()).values;
    EXPECT_EQ(p, first.model->predict(test.batch()).values) << entry.name << ": prediction draws nothing";
    EXPECT_EQ(p, second.model->predict(test.batch()).values) << entry.name;
    EXPECT_GT(metric::auc(p, test.target), 0.85) << entry.name;
    for (const auto& layer : first.report.details["pretraining"]) EXPECT_LT(layer["last_error"], layer["first_error"]) << entry.name;
  }
}

TEST(Stacks, BothEnginesLeadToTheSameNetwork) {
  const Sample train(500, "train");
  const Sample valid(150, "valid");
  for (const char* name : {"dbn", "sdae"}) {
    const bool is_dbn = std::string_view(name) == "dbn";
    const ModelEntry entry = is_dbn ? dbn_entry() : sdae_entry();
    const FitFunction fit = is_dbn ? fit_dbn : fit_sdae;
    for (const char* activation : {"sigmoid", "tanh"}) {
      const auto predicted = [&](const char* engine, const char* pretrain_steps) {
        const ParamValues values{{"epochs", "4"},
                                 {"batch", "64"},
                                 {"hidden", "19"},
                                 {"dropout", "0"},
                                 {"engine", engine},
                                 {"activation", activation},
                                 {"pretrain_steps", pretrain_steps}};
        const Params params = make_params(entry.params, values, entry.name);
        return fit(input_of(train, valid), params, Context({.seed = 4, .threads = 1})).model->predict(valid.batch()).values;
      };
      const auto fused = predicted("fused", "300");
      const auto torch = predicted("torch", "300");
      const auto plain = predicted("fused", "0");
      double difference = 0;
      double moved = 0;
      for (size_t r = 0; r < fused.size(); ++r) {
        difference = std::max(difference, std::abs(fused[r] - torch[r]));
        moved = std::max(moved, std::abs(fused[r] - plain[r]));
      }
      EXPECT_LT(difference, 2e-4) << entry.name << ", " << activation;
      EXPECT_GT(moved, 1e-2) << entry.name << ", " << activation << ": both start from what was pre-trained";
      EXPECT_EQ(predicted("auto", "300"), fused) << entry.name;
    }
  }
}

TEST(Stacks, PreTrainingIsWhereTheNetworkStarts) {
  const Sample train(600, "train");
  const Sample valid(200, "valid");
  const ModelEntry entry = dbn_entry();
  // One step of next to no size: the network is what pre-training left, and so are its two forms.
  const ParamValues still{{"epochs", "1"}, {"batch", "600"}, {"learning_rate", "1e-6"}, {"hidden", "12"}, {"dropout", "0"}};
  const auto log_odds = [&](const std::string& activation, const std::string& steps) {
    ParamValues values = still;
    values.insert(values.end(), {{"activation", activation}, {"pretrain_steps", steps}});
    const FitResult result = fit_dbn(input_of(train, valid), make_params(entry.params, values, "dbn"), Context({.seed = 2, .threads = 1}));
    std::vector<double> out;
    for (const double p : result.model->predict(valid.batch()).values) out.push_back(std::log(p / (1 - p)));
    return out;
  };
  const auto spread = [](const std::vector<double>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low;
  };
  const auto plain = log_odds("sigmoid", "0");
  const auto pretrained = log_odds("sigmoid", "1000");
  const auto as_tanh = log_odds("tanh", "1000");
  EXPECT_GT(spread(pretrained), 1e-2);
  EXPECT_GT(std::abs(plain[0] - pretrained[0]), 1e-3);
  // The same layers, read by the same head, as t = 2 s - 1: one's log-odds are twice the other's but for a constant.
  std::vector<double> rest;
  for (size_t r = 0; r < pretrained.size(); ++r) rest.push_back(as_tanh[r] - 2 * pretrained[r]);
  EXPECT_LT(spread(rest), 1e-3 * spread(as_tanh) + 1e-4);
}

}  // namespace
}  // namespace obligor
