// From a measure of how strange a row is to a probability of bad, without ever turning the order.
//
//   const anomaly::Calibration scale = anomaly::calibrate(strangeness, target, weight);    // log-odds = offset + slope x, slope > 0
//   const double p = scale.probability(x);
//
// Offset and slope are the logistic regression of the target on the measure over the given rows. The slope is held at kLeastSlope or more
// whatever the target says, so that ranking is that of the measure alone; `reversed` tells where the target would have had it lower.
#pragma once

#include <cstdint>
#include <span>

#include "plan/builder.h"

namespace obligor::anomaly {

inline constexpr double kLeastSlope = 1e-3;

struct Calibration {
  double offset = 0;
  double slope = 0;
  bool reversed = false;

  [[nodiscard]] double probability(double x) const;
  // The node of the log-odds, from that of the measure (one number).
  [[nodiscard]] NodeId lower(PlanBuilder& builder, NodeId measure) const;
};

// x, target: a value a row, x finite; weight: the same, or empty = 1. Both classes are there.
[[nodiscard]] Calibration calibrate(std::span<const double> x, std::span<const uint8_t> target, std::span<const double> weight);

}  // namespace obligor::anomaly
