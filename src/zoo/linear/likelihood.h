// Private to the room: the weighted logistic log-loss over a batch, with its gradient and Hessian, a tile of rows at a time.
#pragma once

#include <span>

#include <Eigen/Dense>

#include "core/batch.h"

namespace obligor::linear {

// Coefficients are [b_1 .. b_p, b_0]: the intercept is last.
class Likelihood {
 public:
  Likelihood(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight);

  [[nodiscard]] Eigen::Index size() const { return static_cast<Eigen::Index>(batch_.width) + 1; }
  [[nodiscard]] double total_weight() const { return total_weight_; }

  // Summed loss; gradient and Hessian are filled where given.
  double evaluate(const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* hessian) const;
  // Log-odds of each row.
  [[nodiscard]] Eigen::VectorXd log_odds(const Eigen::VectorXd& beta) const;
  // Weighted standard deviation of each column.
  [[nodiscard]] Eigen::VectorXd column_spread() const;
  // The largest eigenvalue of X'WX / 4, an upper bound of the loss's curvature (power iteration, inflated by 2 %).
  [[nodiscard]] double curvature_bound() const;

 private:
  template <typename F>
  void for_tiles(const F& body) const;

  const Batch& batch_;
  std::span<const uint8_t> target_;
  std::span<const double> weight_;
  double total_weight_ = 0;
};

}  // namespace obligor::linear
