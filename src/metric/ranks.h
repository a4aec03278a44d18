// Comparing k models over N folds or data sets by their ranks, and adjusting p-values for many tests.
//
//   const FriedmanResult f = friedman(aucs, folds, models);      // aucs[fold * models + model], higher is better
//   const double cd = nemenyi_critical_difference(models, folds);
//   // two models differ when their mean ranks differ by more than cd
//
// Papers: Friedman, JASA 32 (1937); Iman & Davenport, Communications in Statistics 9 (1980); Nemenyi (1963) as in Demsar, "Statistical
// Comparisons of Classifiers over Multiple Data Sets", JMLR 7 (2006), section 3.2; Holm, Scandinavian Journal of Statistics 6 (1979).
// Errors: kInvalid for fewer than two models or blocks, sizes that differ, alpha outside (0, 1), more than 50 models (Nemenyi);
// kNumeric for a value that is not a number.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace obligor::metric {

// Holm's step-down adjustment, in the order of `p`. A NaN stays NaN and is not counted as a test.
[[nodiscard]] std::vector<double> holm(std::span<const double> p);

struct FriedmanResult {
  std::vector<double> mean_ranks;  // 1 = best; equal values share the mean of their ranks
  double chi_square = 0;           // with the correction for ties
  double p = 1;                    // chi-square with models - 1 degrees of freedom
  double f = 0;                    // Iman and Davenport's less conservative form
  double f_p = 1;                  // F with (models - 1, (models - 1)(blocks - 1))
};

// values: blocks x models, row-major. When all models tie in every block the statistic is 0 and p is 1.
[[nodiscard]] FriedmanResult friedman(std::span<const double> values, size_t blocks, size_t models, bool higher_is_better = true);

// P(range of k independent standard normals <= q): the studentised range with infinite degrees of freedom, by quadrature to
// about 1e-12.
[[nodiscard]] double normal_range_cdf(double q, size_t k);
[[nodiscard]] double normal_range_quantile(double probability, size_t k);

// q_alpha sqrt(k (k + 1) / (6 N)), q_alpha the quantile of the range over sqrt 2 (Demsar 2006, table 5).
[[nodiscard]] double nemenyi_critical_difference(size_t models, size_t blocks, double alpha = 0.05);

// The p-value of each pair first < second, in that order, from the mean ranks of `blocks` blocks.
[[nodiscard]] std::vector<double> nemenyi_p_values(std::span<const double> mean_ranks, size_t blocks);

}  // namespace obligor::metric
