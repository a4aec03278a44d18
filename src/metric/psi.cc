#include "metric/psi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/error.h"

namespace obligor::metric {
namespace {

constexpr double kEmptyCell = 0.5;

double contribution(double reference, double current, double reference_total, double current_total) {
  if (reference <= 0 && current <= 0) return 0;
  const double add = reference <= 0 || current <= 0 ? kEmptyCell : 0;
  const double r = (reference + add) / reference_total;
  const double c = (current + add) / current_total;
  return (c - r) * std::log(c / r);
}

void check(std::span<const double> values, std::span<const double> weights, const char* side) {
  if (values.empty()) throw Error(ErrorCode::kInvalid, fmt::format("metric: the {} sample of the PSI has no rows; give one or more", side));
  if (weights.empty()) return;
  if (weights.size() != values.size()) {
    throw Error(ErrorCode::kInvalid, fmt::format("metric: the {} sample of the PSI has {} values and {} weights; give one of each for every row",
                                                 side, values.size(), weights.size()));
  }
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0) || !std::isfinite(weights[i])) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("metric: the weight of row {} of the {} sample is {}; weights must be finite and not negative", i, side, weights[i]));
    }
    sum += weights[i];
  }
  if (sum <= 0) throw Error(ErrorCode::kInvalid, fmt::format("metric: all weights of the {} sample are zero; some must be positive", side));
}

// Lower limits of the bins after the first: the values at which the cumulative weight passes each even share.
std::vector<double> limits(std::span<const double> values, std::span<const double> weights, size_t bins) {
  std::vector<std::pair<double, double>> rows;
  double total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double w = weights.empty() ? 1.0 : weights[i];
    if (std::isnan(values[i]) || w <= 0) continue;
    rows.emplace_back(values[i], w);
    total += w;
  }
  if (rows.empty()) throw Error(ErrorCode::kInvalid, "metric: the reference sample of the PSI has missing values only; give some values");
  std::sort(rows.begin(), rows.end());
  std::vector<double> found;
  double passed = 0;
  size_t next = 1;
  for (const auto& [value, w] : rows) {
    // Tiny slack: sums of weights must not turn an exact decile into the row after it.
    while (next < bins && passed >= total * static_cast<double>(next) / static_cast<double>(bins) * (1 - 1e-12)) {
      if (value > rows.front().first && (found.empty() || value > found.back())) found.push_back(value);
      ++next;
    }
    passed += w;
  }
  return found;
}

// Weight in each bin; the last entry is that of the missing.
std::vector<double> count(std::span<const double> values, std::span<const double> weights, std::span<const double> lower_limits) {
  std::vector<double> counts(lower_limits.size() + 2, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bin = std::isnan(values[i])
                         ? counts.size() - 1
                         : static_cast<size_t>(std::upper_bound(lower_limits.begin(), lower_limits.end(), values[i]) - lower_limits.begin());
    counts[bin] += weights.empty() ? 1.0 : weights[i];
  }
  return counts;
}

}  // namespace

PsiResult psi(std::span<const double> reference, std::span<const double> current, size_t bins, std::span<const double> reference_weights,
              std::span<const double> current_weights) {
  if (bins == 0) throw Error(ErrorCode::kInvalid, "metric: 0 bins for the PSI; give 1 or more");
  check(reference, reference_weights, "reference");
  check(current, current_weights, "current");
  const auto lower = limits(reference, reference_weights, bins);
  const auto before = count(reference, reference_weights, lower);
  const auto after = count(current, current_weights, lower);
  const double before_total = std::accumulate(before.begin(), before.end(), 0.0);
  const double after_total = std::accumulate(after.begin(), after.end(), 0.0);
  PsiResult result;
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (size_t b = 0; b < before.size(); ++b) {
    const bool missing = b + 1 == before.size();
    if (missing && before[b] <= 0 && after[b] <= 0) continue;
    PsiBin bin;
    bin.low = missing ? nan : b == 0 ? -inf : lower[b - 1];
    bin.high = missing ? nan : b == lower.size() ? inf : lower[b];
    bin.reference_share = before[b] / before_total;
    bin.current_share = after[b] / after_total;
    bin.contribution = contribution(before[b], after[b], before_total, after_total);
    result.value += bin.contribution;
    result.bins.push_back(bin);
  }
  return result;
}

double psi_of_counts(std::span<const double> reference, std::span<const double> current) {
  if (reference.size() != current.size()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: {} reference cells and {} current cells; give the same cells", reference.size(), current.size()));
  }
  const double before = std::accumulate(reference.begin(), reference.end(), 0.0);
  const double after = std::accumulate(current.begin(), current.end(), 0.0);
  if (!(before > 0 && after > 0)) throw Error(ErrorCode::kInvalid, "metric: the PSI of counts that sum to nothing; give positive counts");
  double value = 0;
  for (size_t i = 0; i < reference.size(); ++i) value += contribution(reference[i], current[i], before, after);
  return value;
}

}  // namespace obligor::metric
