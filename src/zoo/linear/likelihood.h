// Private to the linear models: the weighted logistic log-loss over a batch, with its gradient and Hessian, a tile of rows at a time.
#pragma once

#include <span>

#include <Eigen/Dense>

#include "core/batch.h"

namespace obligor::linear {

// What a solver goes down. Coefficients are [b_1 .. b_p, b_0]: the intercept is last.
class Loss {
 public:
  virtual ~Loss() = default;
  [[nodiscard]] virtual Eigen::Index size() const = 0;
  [[nodiscard]] virtual double total_weight() const = 0;
  // Summed loss; gradient and Hessian are filled where given.
  virtual double evaluate(const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* hessian) const = 0;
};

class Likelihood final : public Loss {
 public:
  Likelihood(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight);

  [[nodiscard]] Eigen::Index size() const override { return static_cast<Eigen::Index>(batch_.width) + 1; }
  [[nodiscard]] double total_weight() const override { return total_weight_; }

  double evaluate(const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* hessian) const override;
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
