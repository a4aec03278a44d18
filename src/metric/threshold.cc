#include "metric/threshold.h"

#include <algorithm>

#include "metric/groups.h"

namespace obligor::metric {

Confusion confusion(const RankedSample& sample, std::span<const double> weights, double threshold) {
  const auto scores = sample.scores();
  const auto target = sample.target();
  const auto first_good = std::partition_point(scores.begin(), scores.end(), [&](double s) { return s >= threshold; });
  const auto cut = static_cast<size_t>(first_good - scores.begin());
  Confusion c;
  for (size_t i = 0; i < cut; ++i) {
    c.true_bad += weights[i] * target[i];
    c.false_bad += weights[i] * (1 - target[i]);
  }
  for (size_t i = cut; i < scores.size(); ++i) {
    c.false_good += weights[i] * target[i];
    c.true_good += weights[i] * (1 - target[i]);
  }
  return c;
}

double best_threshold(const RankedSample& sample) {
  const auto total = detail::totals(sample, sample.weights());
  double good_sum = 0;
  double bad_sum = 0;
  double best = -1;
  double threshold = sample.scores()[0];
  detail::for_each_group(sample, sample.weights(), [&](double good, double bad, size_t last) {
    good_sum += good;
    bad_sum += bad;
    const double lead = bad_sum / total.bad - good_sum / total.good;
    if (lead > best) {
      best = lead;
      threshold = sample.scores()[last];
    }
  });
  return threshold;
}

}  // namespace obligor::metric
