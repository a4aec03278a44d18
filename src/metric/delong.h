// The sampling error of one AUC and of the differences between AUCs on the same rows.
//
//   const DelongResult d = delong(scores_of_models, target);
//   const Interval a = auc_interval(d.auc[0], d.variance(0));
//   for (const PairTest& t : pairwise_tests(d)) print(t.first, t.second, t.difference.value, t.p_holm);
//
// A row's placement is the share of the other class that it is ranked rightly against (ties half); the AUC is the mean placement
// of the bads, and of the goods, and its variance is the sum of the two variances of the mean. Placements come from one sort a
// model, so k models of n rows take O(k n log n + k^2 n).
//
// Papers: DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988), eq. 3-6; Sun & Xu, "Fast Implementation of DeLong's Algorithm",
// IEEE Signal Processing Letters 21 (2014); Holm, Scandinavian Journal of Statistics 6 (1979).
// Contract: spans as RankedSample states them, and its errors; every model has the same rows in the same order. Weights are
// sampling weights: doubling all of them changes nothing (the variance is sum w^2 (placement - AUC)^2 / (sum w)^2 x n / (n - 1) in each
// class, n the rows with weight). A class with a single row has an unknown variance: NaN, and the interval is [0, 1].
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

struct DelongResult {
  std::vector<double> auc;         // one a model
  std::vector<double> covariance;  // models x models, row-major
  [[nodiscard]] size_t models() const { return auc.size(); }
  [[nodiscard]] double variance(size_t model) const { return covariance[model * models() + model]; }
};

[[nodiscard]] DelongResult delong(std::span<const std::span<const double>> scores, std::span<const uint8_t> target,
                                  std::span<const double> weights = {});
[[nodiscard]] DelongResult delong(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights = {});

// The mean AUC over the test parts of folds, which share no rows: the means, and the sum of the covariances / folds^2.
[[nodiscard]] DelongResult mean_over_folds(std::span<const DelongResult> folds);

enum class AucInterval {
  kLogit,  // normal on ln(AUC / (1 - AUC)), so never outside (0, 1); falls back to plain at AUC 0 and 1
  kPlain,  // normal on the AUC, cut at 0 and 1
};

[[nodiscard]] Interval auc_interval(double auc, double variance, double confidence = 0.95, AucInterval method = AucInterval::kLogit);

struct PairTest {
  size_t first = 0;
  size_t second = 0;
  Interval difference;  // AUC of first - AUC of second, with normal limits
  double standard_error = 0;
  double z = 0;
  double p = 1;       // two-sided; 1 for two models of the same ranking
  double p_holm = 1;  // adjusted for all the pairs
};

// All pairs first < second, in that order.
[[nodiscard]] std::vector<PairTest> pairwise_tests(const DelongResult& result, double confidence = 0.95);

}  // namespace obligor::metric
