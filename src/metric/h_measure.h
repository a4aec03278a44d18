// The H-measure: the share of the worst expected cost that a scorer saves, averaged over one stated distribution of how costs may
// fall, the same for every scorer (the AUC's implicit distribution differs from scorer to scorer).
//
//   const double h = h_measure(sample, sample.weights());                                  // Beta(2, 2)
//   const double g = h_measure(sample, sample.weights(), CostWeighting::kPriors);          // Beta(bad share + 1, good share + 1)
//
// c in [0, 1] is the cost of refusing a good as a share of (cost of refusing a good + cost of accepting a bad). For each c the best
// threshold is taken, which is a vertex of the upper convex hull of the ROC; H = 1 - L / L_max with L the mean least cost over c
// and L_max that of the best constant decision. 0 = no better than a constant, 1 = perfect.
//
// Papers: Hand, "Measuring classifier performance", Machine Learning 77 (2009), section 5 (Beta(2, 2)); Hand & Anagnostopoulos, "A better Beta for
// the H measure of classification performance", Pattern Recognition Letters 40 (2014) (priors).
// Contract: spans as RankedSample states them.
#pragma once

#include <span>

#include "metric/ranked_sample.h"

namespace obligor::metric {

enum class CostWeighting {
  kBeta22,  // symmetric, mode 1/2
  kPriors,  // mode where both kinds of mistake, weighted by the classes' shares, cost the same
};

[[nodiscard]] double h_measure(const RankedSample& sample, std::span<const double> weights, CostWeighting cost = CostWeighting::kBeta22);

}  // namespace obligor::metric
