// Gaussian-process regression over a mixed space: the surrogate of Bayesian optimisation.
//
//   const GaussianProcess gp = GaussianProcess::fit(points, values, space.categories(), seed);
//   const auto [mean, sd] = gp.predict(point);          // of the function, without the noise
//
// Kernel: Matern 5/2 with a length scale an axis, k = s (1 + q + q^2 / 3) exp(-q), q = sqrt(5 sum_a d_a^2 / l_a^2) (Rasmussen & Williams
// 2006, eq. 4.17); d_a is the difference of a number and 0 or 1 (same or not) for a category, which makes the categorical part a kernel
// of the Hamming distance. Constant mean at its generalised least-squares value, Gaussian noise of variance n.
// fit() maximises the log marginal likelihood (R & W eq. 2.30) plus weak priors, which keep it proper on few points: l_a log-normal
// with mean sqrt 2 + log(axes) / 2 and variance 3 of its logarithm (Hvarfner, Hellsten & Nardi 2024), log s ~ N(0, 1) and log n ~ N(-4, 1)
// for values of variance 1. BFGS from several starts, by the seed.
// Contract: values are any finite numbers; two points or more to fit. Cost n^3 a step of the fit, n^2 a prediction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace obligor {

struct GpParams {
  std::vector<double> length;  // one an axis
  double signal = 1;           // variance s
  double noise = 0;            // variance n
};

struct Prediction {
  double mean = 0;
  double sd = 0;
};

class GaussianProcess {
 public:
  // The exact posterior under given parameters. Error{kNumeric} when the covariance cannot be factored.
  GaussianProcess(std::vector<std::vector<double>> points, std::vector<double> values, std::vector<uint8_t> categories, GpParams params);

  [[nodiscard]] static GaussianProcess fit(const std::vector<std::vector<double>>& points, const std::vector<double>& values,
                                           const std::vector<uint8_t>& categories, uint64_t seed);

  [[nodiscard]] Prediction predict(std::span<const double> point) const;
  // In the units that the values have inside: after fit() those are standardised.
  [[nodiscard]] const GpParams& params() const { return params_; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double log_marginal_likelihood() const;
  // By the logarithms of the lengths, of the signal and of the noise, in this order.
  [[nodiscard]] std::vector<double> gradient() const;

 private:
  [[nodiscard]] double squared_distance(std::span<const double> a, std::span<const double> b, size_t axis) const;
  [[nodiscard]] double covariance(std::span<const double> a, std::span<const double> b) const;

  std::vector<std::vector<double>> points_;
  std::vector<double> values_;
  std::vector<uint8_t> categories_;
  GpParams params_;
  std::vector<double> factor_;   // lower Cholesky factor, column-major n x n
  std::vector<double> weights_;  // K^-1 (values - mean)
  double mean_ = 0;
  double shift_ = 0;  // of the values before standardising
  double scale_ = 1;
};

}  // namespace obligor
