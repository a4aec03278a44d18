// Percentile intervals of any metric by a stratified bootstrap: bads are drawn from the bads and goods from the goods, so each
// resample has the classes' counts. Rows are sorted once; a resample is a new set of weights over the same order.
//
//   const Interval k = bootstrap(sample, [](const RankedSample& s, std::span<const double> w) { return ks(s, w); }, {.resamples = 500});
//
// Contract: deterministic by seed. With case weights each row is drawn with equal chance and carries its weight. A resample in which
// the metric is NaN is left out. The interval is the central `confidence` of the resampled values (quantiles interpolated linearly),
// widened to hold the value itself where a biased metric (ECE) would leave it outside. Paper: Efron & Tibshirani (1993), chapter 13.
// Errors: kInvalid for 0 resamples or a confidence outside (0, 1).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

struct BootstrapOptions {
  size_t resamples = 200;
  uint64_t seed = 0;
  double confidence = 0.95;
};

using Metric = std::function<double(const RankedSample& sample, std::span<const double> weights)>;

[[nodiscard]] Interval bootstrap(const RankedSample& sample, const Metric& metric, const BootstrapOptions& options = {});

// Several metrics on the same resamples, meaned over folds that share no rows (one fold = no mean). `metrics` writes `count` values of
// fold f under the given weights.
using Metrics = std::function<void(size_t fold, std::span<const double> weights, std::span<double> values)>;

[[nodiscard]] std::vector<Interval> bootstrap_folds(std::span<const RankedSample> folds, size_t count, const Metrics& metrics,
                                                    const BootstrapOptions& options = {});

}  // namespace obligor::metric
