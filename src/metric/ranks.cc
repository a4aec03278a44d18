#include "metric/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/error.h"

namespace obligor::metric {
namespace {

void check_models(size_t models, size_t blocks) {
  if (models < 2 || blocks < 2) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: {} models over {} folds or data sets; a test of ranks needs 2 or more of both", models, blocks));
  }
}

double normal_cdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size(), std::numeric_limits<double>::quiet_NaN());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - rank) * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

FriedmanResult friedman(std::span<const double> values, size_t blocks, size_t models, bool higher_is_better) {
  check_models(models, blocks);
  if (values.size() != blocks * models) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: {} values for {} folds of {} models; give {}", values.size(), blocks, models, blocks * models));
  }
  const auto k = static_cast<double>(models);
  const auto n = static_cast<double>(blocks);
  FriedmanResult result;
  result.mean_ranks.assign(models, 0);
  double squares = 0;
  std::vector<size_t> order(models);
  for (size_t b = 0; b < blocks; ++b) {
    const auto row = values.subspan(b * models, models);
    for (size_t m = 0; m < models; ++m) {
      if (std::isnan(row[m])) {
        throw Error(ErrorCode::kNumeric, fmt::format("metric: fold {} of model {} has no value; leave failed models out of a test of ranks", b, m));
      }
    }
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t x, size_t y) { return higher_is_better ? row[x] > row[y] : row[x] < row[y]; });
    for (size_t begin = 0; begin < models;) {
      size_t end = begin + 1;
      while (end < models && row[order[end]] == row[order[begin]]) ++end;
      const double rank = static_cast<double>(begin + 1 + end) / 2;
      for (size_t i = begin; i < end; ++i) result.mean_ranks[order[i]] += rank;
      squares += static_cast<double>(end - begin) * rank * rank;
      begin = end;
    }
  }
  double between = 0;
  for (double& sum : result.mean_ranks) {
    between += (sum - n * (k + 1) / 2) * (sum - n * (k + 1) / 2);
    sum /= n;
  }
  // The variance of the ranks as they are, which ties make smaller: this is the correction.
  const double spread = squares - n * k * (k + 1) * (k + 1) / 4;
  if (spread <= 0) return result;
  result.chi_square = (k - 1) * between / spread;
  result.p = boost::math::cdf(boost::math::complement(boost::math::chi_squared(k - 1), result.chi_square));
  const double rest = n * (k - 1) - result.chi_square;
  if (rest <= 1e-12 * n * k) {
    result.f = std::numeric_limits<double>::infinity();
    result.f_p = 0;
  } else {
    result.f = (n - 1) * result.chi_square / rest;
    result.f_p = boost::math::cdf(boost::math::complement(boost::math::fisher_f(k - 1, (k - 1) * (n - 1)), result.f));
  }
  return result;
}

double normal_range_cdf(double q, size_t k) {
  if (!(q > 0)) return 0;
  // k times the integral over the largest of density(z) x P(one of the others in [z - q, z])^(k - 1). The trapezoid rule on a smooth
  // integrand that vanishes at both ends converges faster than any power of the step.
  constexpr double kEnd = 9;
  constexpr int kSteps = 720;
  const double step = 2 * kEnd / kSteps;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = -kEnd + step * i;
    const double inside = normal_cdf(z) - normal_cdf(z - q);
    sum += std::exp(-z * z / 2) * std::pow(inside, static_cast<double>(k - 1));
  }
  return std::min(1.0, static_cast<double>(k) * sum * step / std::sqrt(2 * std::numbers::pi));
}

double normal_range_quantile(double probability, size_t k) {
  if (!(probability > 0 && probability < 1) || k < 2 || k > 50) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: the {} quantile of the range of {} values; give a probability in (0, 1) and 2 to 50 values", probability, k));
  }
  double low = 0;
  double high = 20;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (normal_range_cdf(middle, k) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

double nemenyi_critical_difference(size_t models, size_t blocks, double alpha) {
  check_models(models, blocks);
  const auto k = static_cast<double>(models);
  return normal_range_quantile(1 - alpha, models) / std::numbers::sqrt2 * std::sqrt(k * (k + 1) / (6 * static_cast<double>(blocks)));
}

std::vector<double> nemenyi_p_values(std::span<const double> mean_ranks, size_t blocks) {
  check_models(mean_ranks.size(), blocks);
  const auto k = static_cast<double>(mean_ranks.size());
  const double unit = std::sqrt(k * (k + 1) / (6 * static_cast<double>(blocks)));
  std::vector<double> p;
  for (size_t a = 0; a < mean_ranks.size(); ++a) {
    for (size_t b = a + 1; b < mean_ranks.size(); ++b) {
      p.push_back(1 - normal_range_cdf(std::abs(mean_ranks[a] - mean_ranks[b]) / unit * std::numbers::sqrt2, mean_ranks.size()));
    }
  }
  return p;
}

}  // namespace obligor::metric
