// The walk that the metrics of a RankedSample share: one step for each distinct score. Not for other rooms.
#pragma once

#include <span>

#include "metric/ranked_sample.h"

namespace obligor::metric::detail {

struct ClassWeights {
  double good = 0;
  double bad = 0;
};

inline ClassWeights totals(const RankedSample& sample, std::span<const double> weights) {
  double all = 0;
  double bad = 0;
  const auto target = sample.target();
  for (size_t i = 0; i < weights.size(); ++i) {
    all += weights[i];
    bad += weights[i] * target[i];
  }
  return {all - bad, bad};
}

// Calls step(good, bad, last position) with the weights at each distinct score, highest first.
template <typename Step>
void for_each_group(const RankedSample& sample, std::span<const double> weights, Step step) {
  const auto target = sample.target();
  size_t i = 0;
  for (const uint32_t end : sample.group_ends()) {
    double good = 0;
    double bad = 0;
    for (; i < end; ++i) {
      const double w = weights[i];
      const double w_bad = w * target[i];
      bad += w_bad;
      good += w - w_bad;
    }
    step(good, bad, i - 1);
  }
}

}  // namespace obligor::metric::detail
