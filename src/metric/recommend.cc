#include "metric/recommend.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"

namespace obligor::metric {
namespace {

void check(const ClusterSums& sums, const BootstrapOptions& options) {
  if (sums.sum.empty() || sums.sum.size() != sums.count.size()) throw Error(ErrorCode::kInvalid, "recommendation metrics: no customers");
  if (options.resamples == 0) throw Error(ErrorCode::kInvalid, "recommendation metrics: resamples must be at least 1");
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw Error(ErrorCode::kInvalid, "recommendation metrics: confidence must lie between 0 and 1");
  }
}

double transformed(double mean, Transform transform) { return transform == Transform::kSquareRoot ? std::sqrt(std::max(0.0, mean)) : mean; }

double total(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// Quantile of sorted values, interpolated linearly.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval percentile(double value, std::vector<double> drawn, double confidence) {
  std::sort(drawn.begin(), drawn.end());
  return {value, std::min(value, quantile(drawn, (1 - confidence) / 2)), std::max(value, quantile(drawn, (1 + confidence) / 2))};
}

// statistic(weights of the customers' draws) of each resample; the draws depend on the seed and the number of customers alone.
template <typename Statistic>
std::vector<double> resample(size_t customers, const BootstrapOptions& options, const Statistic& statistic) {
  std::vector<double> values;
  values.reserve(options.resamples);
  std::vector<double> weights(customers);
  Random random(options.seed, "customers");
  for (size_t r = 0; r < options.resamples; ++r) {
    std::fill(weights.begin(), weights.end(), 0.0);
    for (size_t c = 0; c < customers; ++c) weights[random.below(customers)] += 1;
    const double value = statistic(weights);
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

double weighted_mean(const ClusterSums& sums, std::span<const double> weights) {
  double sum = 0;
  double count = 0;
  for (size_t c = 0; c < weights.size(); ++c) {
    sum += weights[c] * sums.sum[c];
    count += weights[c] * sums.count[c];
  }
  return sum / count;
}

}  // namespace

RankShare rank_share(double held_back, std::span<const double> others, size_t k) {
  if (k == 0) throw Error(ErrorCode::kInvalid, "HR@K: K must be at least 1");
  size_t above = 0;
  size_t equal = 0;
  bool finite = std::isfinite(held_back);
  for (const double other : others) {
    finite = finite && std::isfinite(other);
    if (other > held_back) ++above;
    if (other == held_back) ++equal;
  }
  if (!finite) throw Error(ErrorCode::kNumeric, "HR@K: a score is not a finite number");
  RankShare share;
  for (size_t position = above + 1; position <= std::min(k, above + equal + 1); ++position) {
    share.hit += 1;
    share.ndcg += 1 / std::log2(static_cast<double>(position) + 1);
  }
  const auto orders = static_cast<double>(equal + 1);
  return {share.hit / orders, share.ndcg / orders};
}

ClusterSums cluster_sums(std::span<const double> values, std::span<const uint32_t> customer, size_t customers) {
  if (values.empty() || values.size() != customer.size()) {
    throw Error(ErrorCode::kInvalid, "recommendation metrics: values and customers must be equally many, and at least one");
  }
  std::vector<double> sum(customers);
  std::vector<double> count(customers);
  for (size_t i = 0; i < values.size(); ++i) {
    if (customer[i] >= customers) throw Error(ErrorCode::kInvalid, "recommendation metrics: a customer is out of range");
    if (!std::isfinite(values[i])) throw Error(ErrorCode::kNumeric, "recommendation metrics: a value is not a finite number");
    sum[customer[i]] += values[i];
    count[customer[i]] += 1;
  }
  // Customers without a row are no part of what is resampled.
  ClusterSums sums;
  for (size_t c = 0; c < customers; ++c) {
    if (count[c] == 0) continue;
    sums.sum.push_back(sum[c]);
    sums.count.push_back(count[c]);
  }
  return sums;
}

Interval cluster_mean(const ClusterSums& sums, Transform transform, const BootstrapOptions& options) {
  check(sums, options);
  const double value = transformed(total(sums.sum) / total(sums.count), transform);
  auto drawn =
      resample(sums.sum.size(), options, [&](std::span<const double> weights) { return transformed(weighted_mean(sums, weights), transform); });
  return percentile(value, std::move(drawn), options.confidence);
}

ClusterDifference cluster_difference(const ClusterSums& a, const ClusterSums& b, Transform transform, const BootstrapOptions& options) {
  check(a, options);
  if (a.count != b.count) throw Error(ErrorCode::kInvalid, "recommendation metrics: two models are compared on different rows");
  const double rows = total(a.count);
  const double mean = (total(a.sum) - total(b.sum)) / rows;
  double variance = 0;
  for (size_t c = 0; c < a.sum.size(); ++c) {
    const double excess = a.sum[c] - b.sum[c] - mean * a.count[c];
    variance += excess * excess;
  }
  const auto n = static_cast<double>(a.sum.size());
  variance *= n > 1 ? n / (n - 1) : 1;
  ClusterDifference result;
  if (variance > 0) result.p = std::erfc(std::fabs(mean) * rows / std::sqrt(variance) / std::sqrt(2.0));
  else if (mean != 0) result.p = n > 1 ? 0 : 1;
  const double value = transformed(total(a.sum) / rows, transform) - transformed(total(b.sum) / rows, transform);
  auto drawn = resample(a.sum.size(), options, [&](std::span<const double> weights) {
    return transformed(weighted_mean(a, weights), transform) - transformed(weighted_mean(b, weights), transform);
  });
  result.difference = percentile(value, std::move(drawn), options.confidence);
  return result;
}

Interval cluster_auc(std::span<const double> scores, std::span<const uint8_t> target, std::span<const uint32_t> cluster,
                     const BootstrapOptions& options) {
  if (cluster.size() != scores.size()) throw Error(ErrorCode::kInvalid, "AUC by cluster: scores and clusters must be equally many");
  const RankedSample sample(scores, target);
  // Clusters numbered by first appearance in the ranking.
  std::unordered_map<uint32_t, uint32_t> numbers;
  std::vector<uint32_t> at;
  at.reserve(cluster.size());
  for (const uint32_t row : sample.rows()) {
    at.push_back(numbers.try_emplace(cluster[row], static_cast<uint32_t>(numbers.size())).first->second);
  }
  std::vector<double> weights(at.size());
  auto drawn = resample(numbers.size(), options, [&](std::span<const double> times) {
    for (size_t p = 0; p < at.size(); ++p) weights[p] = times[at[p]];
    return auc(sample, weights);
  });
  return percentile(auc(sample, sample.weights()), std::move(drawn), options.confidence);
}

}  // namespace obligor::metric
