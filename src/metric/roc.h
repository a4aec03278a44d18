// Discrimination: AUC, Gini, KS, average precision, and the one table behind the ROC, precision-recall, KS and gains charts.
//
//   const double a = auc(scores, target);                       // the fast way: 1,000,000 scores in some milliseconds
//   const RankedSample sample(scores, target, weights);
//   const double k = ks(sample, sample.weights());
//   for (const CurvePoint& p : curve_points(sample, 200)) plot(p.false_positive_rate, p.true_positive_rate);
//
// Contract: spans as RankedSample states them, and its errors. The functions of a RankedSample take weights by position; a class
// without weight gives NaN.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

// P(score of a bad > score of a good), ties counted half (Mann-Whitney). Exact: counts are integers when there are no weights.
[[nodiscard]] double auc(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights = {});
[[nodiscard]] double auc(const RankedSample& sample, std::span<const double> weights);

// 2 AUC - 1.
[[nodiscard]] inline double gini(double auc_value) { return 2 * auc_value - 1; }

// The largest lead of the bads: max over thresholds of (true positive rate - false positive rate), at least 0. A scorer that
// ranks upside down has KS 0, not the KS of its mirror image.
[[nodiscard]] double ks(const RankedSample& sample, std::span<const double> weights);

// Average precision: sum over distinct scores of (recall gained) x (precision at that score). Equal scores are one step, so the
// order of tied rows does not matter. The value of a random scorer is the bad rate.
[[nodiscard]] double pr_auc(const RankedSample& sample, std::span<const double> weights);

// What is caught when every row with score >= threshold is called bad.
struct CurvePoint {
  double threshold;            // +infinity at the first point, where nothing is called bad
  double population;           // share of all rows called bad (gains and KS charts: x)
  double true_positive_rate;   // share of the bads called bad: recall, the height of ROC, gains and KS (bads)
  double false_positive_rate;  // share of the goods called bad: ROC x, KS (goods)
  double precision;            // bad rate among those called bad; at the first point that of the second
};

// From (0, 0) to (1, 1) in the order of falling threshold, at most `max_points` (>= 3) of the distinct scores, spaced evenly along
// the curves. The two ends and the point of the KS are always kept.
[[nodiscard]] std::vector<CurvePoint> curve_points(const RankedSample& sample, size_t max_points = 200);

}  // namespace obligor::metric
