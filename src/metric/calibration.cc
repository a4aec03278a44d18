#include "metric/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "core/error.h"
#include "metric/groups.h"

namespace obligor::metric {
namespace {

void check_bins(size_t bins) {
  if (bins == 0) throw Error(ErrorCode::kInvalid, "metric: 0 calibration bins; give 1 or more");
}

// Calls found(bin, group begin, group end) for each run of equal scores, highest first. Bin 0 holds the highest scores.
template <typename Found>
void for_each_binned_group(const RankedSample& sample, std::span<const double> weights, size_t bins, Found found) {
  double total = 0;
  for (const double w : weights) total += w;
  const double per_weight = static_cast<double>(bins) / total;
  double passed = 0;
  size_t i = 0;
  for (const uint32_t end : sample.group_ends()) {
    double group = 0;
    for (size_t j = i; j < end; ++j) group += weights[j];
    const auto bin = static_cast<size_t>((passed + group / 2) * per_weight);
    found(std::min(bin, bins - 1), i, static_cast<size_t>(end));
    passed += group;
    i = end;
  }
}

}  // namespace

void check_probabilities(std::span<const double> scores) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] >= 0 && scores[i] <= 1)) {
      throw Error(ErrorCode::kNumeric,
                  fmt::format("metric: the score of row {} is {}; Brier, log-loss and calibration need probabilities in [0, 1], calibrate first", i,
                              scores[i]));
    }
  }
}

double brier(const RankedSample& sample, std::span<const double> weights) {
  const auto scores = sample.scores();
  const auto target = sample.target();
  double sum = 0;
  double total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double gap = scores[i] - target[i];
    sum += weights[i] * gap * gap;
    total += weights[i];
  }
  return sum / total;
}

double log_loss(const RankedSample& sample, std::span<const double> weights, double clip) {
  const auto scores = sample.scores();
  const auto target = sample.target();
  double sum = 0;
  double total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double p = target[i] != 0 ? scores[i] : 1 - scores[i];
    sum -= weights[i] * std::log(std::clamp(p, clip, 1 - clip));
    total += weights[i];
  }
  return sum / total;
}

double ece(const RankedSample& sample, std::span<const double> weights, size_t bins) {
  check_bins(bins);
  const auto scores = sample.scores();
  const auto target = sample.target();
  // |W mean score - W bad rate| summed over the bins: one signed sum a bin is enough.
  double sum = 0;
  double total = 0;
  double gap = 0;
  size_t current = 0;
  for_each_binned_group(sample, weights, bins, [&](size_t bin, size_t begin, size_t end) {
    if (bin != current) {
      sum += std::abs(gap);
      gap = 0;
      current = bin;
    }
    for (size_t i = begin; i < end; ++i) {
      gap += weights[i] * (scores[i] - target[i]);
      total += weights[i];
    }
  });
  return (sum + std::abs(gap)) / total;
}

Interval wilson(double share, double n, double confidence) {
  const double z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  // At 0 and 1 the limit is the share itself; rounding must not put it past.
  return {share, std::clamp(middle - half, 0.0, share), std::clamp(middle + half, share, 1.0)};
}

std::vector<ReliabilityBin> reliability(const RankedSample& sample, size_t bins, double confidence) {
  check_bins(bins);
  check_probabilities(sample.scores());
  struct Sums {
    ReliabilityBin bin;
    double score = 0;
    double bad = 0;
    double squares = 0;
  };
  std::vector<Sums> all(bins);
  const auto weights = sample.weights();
  for_each_binned_group(sample, weights, bins, [&](size_t b, size_t begin, size_t end) {
    Sums& sums = all[b];
    if (sums.bin.rows == 0) sums.bin.high = sample.scores()[begin];
    sums.bin.low = sample.scores()[end - 1];
    sums.bin.rows += end - begin;
    for (size_t i = begin; i < end; ++i) {
      sums.bin.weight += weights[i];
      sums.score += weights[i] * sample.scores()[i];
      sums.bad += weights[i] * sample.target()[i];
      sums.squares += weights[i] * weights[i];
    }
  });
  std::vector<ReliabilityBin> table;
  for (size_t b = bins; b-- > 0;) {
    Sums& sums = all[b];
    if (sums.bin.weight <= 0) continue;
    sums.bin.mean_score = sums.score / sums.bin.weight;
    sums.bin.bad_rate = wilson(std::min(sums.bad / sums.bin.weight, 1.0), sums.bin.weight * sums.bin.weight / sums.squares, confidence);
    table.push_back(sums.bin);
  }
  return table;
}

}  // namespace obligor::metric
