// The autoencoder: its gradient, what it finds strange, and that the probability follows the error.
#include "zoo/belief/autoencoder.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.h"
#include "metric/roc.h"
#include "zoo/belief/belief.h"

namespace obligor {
namespace {

using belief::Reconstructor;
using belief::Unit;

// Goods lie on a curve of one dimension in four; bads, where there are any, have its columns drawn each by itself.
struct Sample {
  std::vector<float> features;
  std::vector<uint8_t> target;
  Sample(size_t n, double bad_share, std::string_view stream) {
    Random random(12, stream);
    for (size_t r = 0; r < n; ++r) {
      const bool bad = random.uniform() < bad_share;
      double z = random.normal();
      for (int c = 0; c < 4; ++c) {
        if (bad) z = random.normal();
        const double shapes[4] = {z, -z, std::abs(z), std::sin(2 * z)};
        features.push_back(static_cast<float>(shapes[c] + 0.05 * random.normal()));
      }
      target.push_back(bad ? 1 : 0);
    }
  }
  [[nodiscard]] Batch batch() const { return {.rows = target.size(), .width = 4, .features = features, .codes = {}}; }
};

TEST(Autoencoder, GradientEqualsFiniteDifferences) {
  const Sample data(7, 0, "gradient");
  using Case = std::pair<Unit, size_t>;
  for (const auto& [unit, linear] :
       {Case{Unit::kTanh, SIZE_MAX}, Case{Unit::kSigmoid, SIZE_MAX}, Case{Unit::kRelu, SIZE_MAX}, Case{Unit::kTanh, 1}}) {
    Random random(1, "net");
    Reconstructor net({4, 5, 2, 5, 4}, unit, random, linear);
    for (float& value : net.parameters()) value += static_cast<float>(0.2 * random.normal());
    std::vector<float> down;
    const double loss = net.gradient(data.features, down);
    const auto errors = net.errors(data.batch());
    EXPECT_NEAR(loss, std::accumulate(errors.begin(), errors.end(), 0.0) / 7, 1e-5);
    for (size_t i = 0; i < down.size(); ++i) {
      const float kept = net.parameters()[i];
      const auto at = [&](float value) {
        net.parameters()[i] = value;
        const auto e = net.errors(data.batch());
        return std::accumulate(e.begin(), e.end(), 0.0) / 7;
      };
      const double slope = (at(kept + 1e-3F) - at(kept - 1e-3F)) / 2e-3;
      net.parameters()[i] = kept;
      EXPECT_NEAR(static_cast<double>(down[i]), slope, 2e-3 + 0.01 * std::abs(slope)) << i;
    }
  }
}

TEST(Autoencoder, FindsWhatIsUnlikeTheGoods) {
  const Sample train(2000, 0.1, "train");
  const Sample valid(500, 0.1, "valid");
  const Sample test(1000, 0.1, "test");
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  input.valid = valid.batch();
  input.valid_target = valid.target;
  const ModelEntry entry = autoencoder_entry();
  for (const char* fit_on : {"goods", "all"}) {
    const Params params =
        make_params(entry.params, ParamValues{{"fit_on", fit_on}, {"code", "1"}, {"hidden", "24"}, {"learning_rate", "0.01"}}, "autoencoder");
    const Context context({.seed = 3, .threads = 1});
    const FitResult result = fit_autoencoder(input, params, context);
    const auto p = result.model->predict(test.batch()).values;
    EXPECT_EQ(p, fit_autoencoder(input, params, context).model->predict(test.batch()).values);
    EXPECT_GT(metric::auc(p, test.target), 0.9) << fit_on;
    const Learning& learning = result.report.learning.at(0);
    EXPECT_LT(learning.valid_loss.back(), 0.5 * learning.valid_loss.front()) << fit_on;
    EXPECT_EQ(learning.signal.size(), 3U);
    EXPECT_GT(result.report.details["mean_error"]["bads"], result.report.details["mean_error"]["goods"]);
    // Calibrated on the training rows: the mean probability there is the share of bads.
    const auto fitted = result.model->predict(train.batch()).values;
    const double mean = std::accumulate(fitted.begin(), fitted.end(), 0.0) / 2000;
    const double share = static_cast<double>(std::count(train.target.begin(), train.target.end(), 1)) / 2000;
    EXPECT_NEAR(mean, share, 1e-3) << fit_on;
  }
}

TEST(Autoencoder, CalibrationIsTheLogisticFitAndNeverTurnsTheOrder) {
  // Log-odds -1 + 2 log(e + floor) by construction; the fit finds them again.
  Random random(5, "calibration");
  std::vector<double> error;
  std::vector<uint8_t> target;
  std::vector<double> sorted;
  for (size_t i = 0; i < 40000; ++i) error.push_back(std::exp(random.normal()));
  sorted = error;
  std::nth_element(sorted.begin(), sorted.begin() + 20000, sorted.end());
  const double floor = 0.1 * sorted[20000];
  for (const double e : error) target.push_back(random.uniform() < 1 / (1 + std::exp(1 - 2 * std::log(e + floor))) ? 1 : 0);
  const belief::ErrorScale scale(error, target, {});
  EXPECT_NEAR(1 / scale.per_floor, floor, 1e-6);
  EXPECT_NEAR(scale.calibration.slope, 2, 0.08);
  EXPECT_NEAR(scale.calibration.offset, -1 + 2 * std::log(floor), 0.2);  // ln(e + floor) = ln(1 + e / floor) + ln floor
  EXPECT_FALSE(scale.calibration.reversed);
  for (uint8_t& y : target) y = y != 0 ? 0 : 1;
  const belief::ErrorScale turned(error, target, {});
  EXPECT_TRUE(turned.calibration.reversed);
  EXPECT_GT(turned.calibration.slope, 0);
}

TEST(Autoencoder, OneClassIsAClearError) {
  const Sample train(50, 0, "one");
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  try {
    (void)fit_autoencoder(input, make_params(autoencoder_entry().params, {}, "autoencoder"), Context({.threads = 1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
  }
}

}  // namespace
}  // namespace obligor
