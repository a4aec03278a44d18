// The logistic fit from strangeness to probability, and that it never turns the order.
#include "zoo/anomaly/calibration.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace obligor {
namespace {

TEST(AnomalyCalibration, IsTheLogisticFitAndNeverTurnsTheOrder) {
  Random random(5, "calibration");
  std::vector<double> x;
  std::vector<uint8_t> target;
  for (size_t i = 0; i < 40000; ++i) {
    x.push_back(3 + random.normal());
    target.push_back(random.uniform() < 1 / (1 + std::exp(7 - 2 * x.back())) ? 1 : 0);
  }
  const auto scale = anomaly::calibrate(x, target, {});
  EXPECT_NEAR(scale.slope, 2, 0.08);
  EXPECT_NEAR(scale.offset, -7, 0.25);
  EXPECT_FALSE(scale.reversed);
  double mean = 0;
  for (const double value : x) mean += scale.probability(value) / 40000;
  EXPECT_NEAR(mean, std::accumulate(target.begin(), target.end(), 0.0) / 40000, 1e-6);
  for (uint8_t& y : target) y = y != 0 ? 0 : 1;
  const auto turned = anomaly::calibrate(x, target, {});
  EXPECT_TRUE(turned.reversed);
  EXPECT_GE(turned.slope, anomaly::kLeastSlope);
}

TEST(AnomalyCalibration, AWeightOfTwoIsTheRowTwice) {
  const std::vector<double> x{0, 1, 2, 3, 4, 5};
  const std::vector<uint8_t> y{0, 1, 0, 0, 1, 1};
  const std::vector<double> weight{1, 2, 1, 1, 2, 1};
  const std::vector<double> doubled{0, 1, 1, 2, 3, 4, 4, 5};
  const std::vector<uint8_t> doubled_y{0, 1, 1, 0, 0, 1, 1, 1};
  const auto a = anomaly::calibrate(x, y, weight);
  const auto b = anomaly::calibrate(doubled, doubled_y, {});
  EXPECT_NEAR(a.slope, b.slope, 1e-9);
  EXPECT_NEAR(a.offset, b.offset, 1e-9);
}

}  // namespace
}  // namespace obligor
