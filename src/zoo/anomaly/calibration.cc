#include "zoo/anomaly/calibration.h"

#include <algorithm>
#include <cmath>

namespace obligor::anomaly {

double Calibration::probability(double x) const { return 1 / (1 + std::exp(-(offset + slope * x))); }

NodeId Calibration::lower(PlanBuilder& builder, NodeId measure) const {
  return builder.affine(measure, {static_cast<float>(slope)}, {static_cast<float>(offset)}, 1);
}

Calibration calibrate(std::span<const double> x, std::span<const uint8_t> target, std::span<const double> weight) {
  double mass = 0;
  double mean = 0;
  double bad = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double w = weight.empty() ? 1 : weight[i];
    mass += w;
    mean += w * x[i];
    bad += w * target[i];
  }
  mean /= mass;
  const double rate = std::clamp(bad / mass, 1e-6, 1 - 1e-6);
  // Newton on the centred variable; a small ridge where the two classes do not overlap.
  Calibration out;
  double offset = std::log(rate / (1 - rate));
  double slope = 0;
  const auto newton = [&](bool both) {
    for (int step = 0; step < 50; ++step) {
      double g0 = 0, g1 = -1e-3 * slope, h00 = 1e-9, h01 = 0, h11 = 1e-3;
      for (size_t i = 0; i < x.size(); ++i) {
        const double w = weight.empty() ? 1 : weight[i];
        const double centred = x[i] - mean;
        const double p = 1 / (1 + std::exp(-(offset + slope * centred)));
        const double r = w * (target[i] - p);
        const double h = w * p * (1 - p);
        g0 += r;
        g1 += r * centred;
        h00 += h;
        h01 += h * centred;
        h11 += h * centred * centred;
      }
      const double det = h00 * h11 - h01 * h01;
      const double move0 = both ? (h11 * g0 - h01 * g1) / det : g0 / h00;
      const double move1 = both ? (h00 * g1 - h01 * g0) / det : 0;
      offset += std::clamp(move0, -2.0, 2.0);
      slope += std::clamp(move1, -2.0, 2.0);
      if (std::abs(move0) + std::abs(move1) < 1e-10) break;
    }
  };
  newton(true);
  if (!(slope >= kLeastSlope)) {
    out.reversed = true;
    slope = kLeastSlope;
    offset = std::log(rate / (1 - rate));
    newton(false);
  }
  out.slope = slope;
  out.offset = offset - slope * mean;
  return out;
}

}  // namespace obligor::anomaly
