// Population stability index: how far the distribution of a score or a feature has moved from a reference.
//
//   const PsiResult r = psi(scores_at_development, scores_now);
//   r.value;                                       // by custom below 0.1 stable, 0.1 to 0.25 to be watched, above: moved
//   for (const PsiBin& b : r.bins) print(b.low, b.high, b.reference_share, b.current_share, b.contribution);
//
// PSI = sum over bins of (current share - reference share) x ln(current share / reference share). Bins are [a, b) between the
// reference's quantiles (deciles), the first and the last without an outer limit; equal quantiles are merged. Missing values
// (NaN) have a bin of their own where either side has any. In a bin where one side is empty, 0.5 is added to both counts; the shares
// stay shares of the unadjusted totals. Weights are counts in all of this.
// Errors: kInvalid for no rows, sizes that differ, 0 bins, a bad weight, no value but missing ones in the reference.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace obligor::metric {

struct PsiBin {
  double low = 0;   // -infinity for the first; NaN for the bin of the missing
  double high = 0;  // +infinity for the last
  double reference_share = 0;
  double current_share = 0;
  double contribution = 0;
};

struct PsiResult {
  double value = 0;
  std::vector<PsiBin> bins;
};

[[nodiscard]] PsiResult psi(std::span<const double> reference, std::span<const double> current, size_t bins = 10,
                            std::span<const double> reference_weights = {}, std::span<const double> current_weights = {});

// The same for counts over given cells, such as categories.
[[nodiscard]] double psi_of_counts(std::span<const double> reference, std::span<const double> current);

}  // namespace obligor::metric
