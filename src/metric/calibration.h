// Are the probabilities right: Brier score, log-loss, expected calibration error, and the reliability table behind the chart.
//
//   const RankedSample sample(probabilities, target, weights);
//   const double b = brier(sample, sample.weights());
//   for (const ReliabilityBin& bin : reliability(sample, 10)) plot(bin.mean_score, bin.bad_rate.value);
//
// Contract: the scores are probabilities of bad in [0, 1]; call check_probabilities first where that is not known (kNumeric names
// the first one outside). Weights by position, as in roc.h.
#pragma once

#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

// Probabilities are kept this far from 0 and 1 inside the logarithm, so that one sure mistake costs 34.5 and not infinity.
inline constexpr double kLogLossClip = 1e-15;

void check_probabilities(std::span<const double> scores);

// Mean of (probability - target)^2.
[[nodiscard]] double brier(const RankedSample& sample, std::span<const double> weights);

// Mean of -ln(probability of what happened), clipped to [clip, 1 - clip].
[[nodiscard]] double log_loss(const RankedSample& sample, std::span<const double> weights, double clip = kLogLossClip);

// Expected calibration error: the mean over `bins` bins of equal weight of |mean probability - bad rate|, weighted by the bin.
// A run of equal scores stays together, in the bin where its middle falls: the order of tied rows does not matter.
[[nodiscard]] double ece(const RankedSample& sample, std::span<const double> weights, size_t bins = 10);

// Limits of a share of `share` observed on `n` rows (which may be an effective number, not whole), by Wilson's score interval
// (Wilson 1927).
[[nodiscard]] Interval wilson(double share, double n, double confidence = 0.95);

struct ReliabilityBin {
  double low = 0;  // least and greatest score in the bin
  double high = 0;
  size_t rows = 0;
  double weight = 0;
  double mean_score = 0;
  Interval bad_rate;  // Wilson; with weights, on Kish's effective number of rows (sum w)^2 / sum w^2
};

// The bins of ece(), lowest scores first; bins that ties leave empty are not listed.
[[nodiscard]] std::vector<ReliabilityBin> reliability(const RankedSample& sample, size_t bins = 10, double confidence = 0.95);

}  // namespace obligor::metric
