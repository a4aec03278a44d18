#include "study/tune/gp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>

#include <Eigen/Dense>

#include "core/error.h"
#include "core/random.h"

namespace obligor {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// Relative to the signal: what keeps the factorisation of two all but equal points from failing.
constexpr double kJitter = 1e-9;
// Bounds of the logarithms in the search: the priors rarely let it come near.
constexpr double kBound = 12;

Eigen::Index index(size_t i) { return static_cast<Eigen::Index>(i); }

// Means and standard deviations of the normal priors of the logarithms. Those of the lengths are log-normal in the paper, with their mode
// at exp(mean - variance); a normal of that mean in the logarithm has the same maximum.
struct Priors {
  explicit Priors(size_t axes)
      : mean(Vector::Constant(index(axes + 2), std::numbers::sqrt2 - 3 + 0.5 * std::log(static_cast<double>(std::max<size_t>(1, axes))))),
        sd(Vector::Constant(index(axes + 2), std::sqrt(3.0))) {
    mean[index(axes)] = 0;
    mean[index(axes + 1)] = -4;
    sd[index(axes)] = 1;
    sd[index(axes + 1)] = 1;
  }
  Vector mean;
  Vector sd;
};

GpParams from_logs(const Vector& logs) {
  GpParams params;
  const Eigen::Index axes = logs.size() - 2;
  for (Eigen::Index a = 0; a < axes; ++a) params.length.push_back(std::exp(logs[a]));
  params.signal = std::exp(logs[axes]);
  params.noise = std::exp(logs[axes + 1]);
  return params;
}

struct Objective {
  double value = std::numeric_limits<double>::infinity();
  Vector gradient;
};

// BFGS with a backtracking line search (Nocedal & Wright 2006, algorithms 3.1 and 6.1); the best point seen.
template <typename F>
Vector minimise(const F& f, Vector at, int steps) {
  Objective now = f(at);
  if (!std::isfinite(now.value)) return at;
  Matrix inverse = Matrix::Identity(at.size(), at.size());
  for (int step = 0; step < steps; ++step) {
    Vector direction = -inverse * now.gradient;
    if (direction.dot(now.gradient) >= 0) {
      inverse.setIdentity();
      direction = -now.gradient;
    }
    const double longest = direction.lpNorm<Eigen::Infinity>();
    if (longest > 2) direction *= 2 / longest;
    double length = 1;
    Objective next;
    Vector there;
    bool lower = false;
    for (int halving = 0; halving < 20 && !lower; ++halving) {
      if (halving > 0) length *= 0.5;
      there = (at + length * direction).cwiseMax(-kBound).cwiseMin(kBound);
      next = f(there);
      lower = next.value <= now.value + 1e-4 * length * direction.dot(now.gradient);
    }
    if (!lower) return at;
    const Vector moved = there - at;
    const Vector turned = next.gradient - now.gradient;
    const double curvature = moved.dot(turned);
    const bool done = now.value - next.value < 1e-7 * (1 + std::fabs(now.value));
    if (curvature > 1e-12) {
      const Matrix left = Matrix::Identity(at.size(), at.size()) - moved * turned.transpose() / curvature;
      inverse = left * inverse * left.transpose() + moved * moved.transpose() / curvature;
    }
    at = there;
    now = std::move(next);
    if (done) break;
  }
  return at;
}

}  // namespace

double GaussianProcess::squared_distance(std::span<const double> a, std::span<const double> b, size_t axis) const {
  if (categories_[axis] != 0) return a[axis] == b[axis] ? 0 : 1;
  const double difference = a[axis] - b[axis];
  return difference * difference;
}

double GaussianProcess::covariance(std::span<const double> a, std::span<const double> b) const {
  double squared = 0;
  for (size_t axis = 0; axis < categories_.size(); ++axis) {
    squared += squared_distance(a, b, axis) / (params_.length[axis] * params_.length[axis]);
  }
  const double q = std::sqrt(5 * squared);
  return params_.signal * (1 + q + q * q / 3) * std::exp(-q);
}

GaussianProcess::GaussianProcess(std::vector<std::vector<double>> points, std::vector<double> values, std::vector<uint8_t> categories,
                                 GpParams params)
    : points_(std::move(points)), values_(std::move(values)), categories_(std::move(categories)), params_(std::move(params)) {
  const size_t n = points_.size();
  if (n == 0 || values_.size() != n || params_.length.size() != categories_.size()) {
    throw Error(ErrorCode::kInternal, "a Gaussian process wants as many values as points and a length an axis");
  }
  Matrix k(n, n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) k(index(i), index(j)) = k(index(j), index(i)) = covariance(points_[i], points_[j]);
    k(index(i), index(i)) = params_.signal * (1 + kJitter) + params_.noise;
  }
  const Eigen::LLT<Matrix> llt(k);
  if (llt.info() != Eigen::Success) throw Error(ErrorCode::kNumeric, "the covariance of a Gaussian process is not positive definite");
  const Eigen::Map<const Vector> y(values_.data(), index(n));
  const Vector ones = Vector::Ones(index(n));
  const Vector solved_ones = llt.solve(ones);
  mean_ = solved_ones.dot(y) / solved_ones.dot(ones);
  const Vector weights = llt.solve(y - mean_ * ones);
  weights_.assign(weights.begin(), weights.end());
  const Matrix lower = llt.matrixL();
  factor_.assign(lower.data(), lower.data() + lower.size());
}

Prediction GaussianProcess::predict(std::span<const double> point) const {
  const size_t n = points_.size();
  Vector k(n);
  for (size_t i = 0; i < n; ++i) k[index(i)] = covariance(points_[i], point);
  const Eigen::Map<const Vector> weights(weights_.data(), index(n));
  const double mean = mean_ + k.dot(weights);
  const Eigen::Map<const Matrix> lower(factor_.data(), index(n), index(n));
  for (Eigen::Index i = 0; i < k.size(); ++i) {  // L^-1 k, column by column
    k[i] /= lower(i, i);
    k.tail(k.size() - i - 1) -= k[i] * lower.col(i).tail(k.size() - i - 1);
  }
  const double variance = std::max(0.0, params_.signal - k.squaredNorm());
  return {shift_ + scale_ * mean, scale_ * std::sqrt(variance)};
}

double GaussianProcess::log_marginal_likelihood() const {
  const size_t n = points_.size();
  double fit = 0;
  double log_determinant = 0;
  for (size_t i = 0; i < n; ++i) {
    fit += weights_[i] * (values_[i] - mean_);
    log_determinant += 2 * std::log(factor_[i * n + i]);
  }
  return -0.5 * (fit + log_determinant + static_cast<double>(n) * std::log(2 * std::numbers::pi));
}

// R & W eq. 5.9. The mean is at its optimum, so that its own change adds nothing.
std::vector<double> GaussianProcess::gradient() const {
  const size_t n = points_.size();
  const size_t axes = categories_.size();
  const Eigen::Map<const Matrix> lower(factor_.data(), index(n), index(n));
  const Eigen::Map<const Vector> weights(weights_.data(), index(n));
  Matrix inner = Matrix::Identity(index(n), index(n));
  lower.triangularView<Eigen::Lower>().solveInPlace(inner);
  inner = weights * weights.transpose() - Matrix(inner.transpose() * inner);
  std::vector<double> gradient(axes + 2, 0);
  for (size_t i = 0; i < n; ++i) {
    const double own = inner(index(i), index(i));
    gradient[axes] += 0.5 * own * params_.signal * (1 + kJitter);
    gradient[axes + 1] += 0.5 * own * params_.noise;
    for (size_t j = 0; j < i; ++j) {
      double squared = 0;
      for (size_t a = 0; a < axes; ++a) squared += squared_distance(points_[i], points_[j], a) / (params_.length[a] * params_.length[a]);
      const double q = std::sqrt(5 * squared);
      const double decay = params_.signal * std::exp(-q);
      const double pair = inner(index(i), index(j));
      gradient[axes] += pair * decay * (1 + q + q * q / 3);
      const double slope = pair * decay * (1 + q) * 5 / 3;
      for (size_t a = 0; a < axes; ++a) gradient[a] += slope * squared_distance(points_[i], points_[j], a) / (params_.length[a] * params_.length[a]);
    }
  }
  return gradient;
}

GaussianProcess GaussianProcess::fit(const std::vector<std::vector<double>>& points, const std::vector<double>& values,
                                     const std::vector<uint8_t>& categories, uint64_t seed) {
  const size_t n = values.size();
  if (n < 2) throw Error(ErrorCode::kInternal, "a Gaussian process is fitted to two points or more");
  const double shift = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  double scale = 0;
  for (const double value : values) scale += (value - shift) * (value - shift);
  scale = std::sqrt(scale / static_cast<double>(n));
  if (!(scale > 0)) scale = 1;
  std::vector<double> standard;
  standard.reserve(n);
  for (const double value : values) standard.push_back((value - shift) / scale);

  const size_t axes = categories.size();
  const Priors priors(axes);
  const auto objective = [&](const Vector& logs) {
    Objective result;
    result.gradient = Vector::Zero(logs.size());
    try {
      const GaussianProcess gp(points, standard, categories, from_logs(logs));
      const Vector off = (logs - priors.mean).cwiseQuotient(priors.sd);
      result.value = -gp.log_marginal_likelihood() + 0.5 * off.squaredNorm();
      const auto gradient = gp.gradient();
      result.gradient = -Eigen::Map<const Vector>(gradient.data(), logs.size()) + off.cwiseQuotient(priors.sd);
    } catch (const Error&) {
      result.value = std::numeric_limits<double>::infinity();  // not positive definite here: the line search turns back
    }
    return result;
  };

  // Large fits have little to gain from many starts and cost n^3 each.
  const int starts = n <= 100 ? 4 : 2;
  Random random(seed, "gp-starts");
  Vector best = priors.mean;
  double best_value = std::numeric_limits<double>::infinity();
  for (int start = 0; start < starts; ++start) {
    Vector logs = priors.mean;
    if (start == 1) logs.head(index(axes)).setConstant(std::log(2.0));  // a smoother function than the prior's
    if (start > 1) {
      for (Eigen::Index i = 0; i < logs.size(); ++i) logs[i] += random.normal() * 0.7 * priors.sd[i];
    }
    logs = minimise(objective, logs, 60);
    const double value = objective(logs).value;
    if (value < best_value) {
      best_value = value;
      best = logs;
    }
  }
  GaussianProcess gp(points, std::move(standard), categories, from_logs(best));
  gp.shift_ = shift;
  gp.scale_ = scale;
  return gp;
}

}  // namespace obligor
