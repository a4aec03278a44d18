// Private to the linear models: the three ways to the optimum of the penalised likelihood.
#pragma once

#include <Eigen/Dense>

#include "core/context.h"
#include "zoo/linear/likelihood.h"

namespace obligor::linear {

struct Penalty {
  double l1 = 0;  // on |b|, intercept excluded
  double l2 = 0;  // on b^2 / 2
};

struct Solution {
  Eigen::VectorXd beta;
  int iterations = 0;
  bool converged = false;
};

[[nodiscard]] Solution solve_irls(const Loss& loss, const Penalty& penalty, int max_iterations, const Context& context);
[[nodiscard]] Solution solve_lbfgs(const Loss& loss, const Penalty& penalty, int max_iterations, const Context& context);
[[nodiscard]] Solution solve_fista(const Likelihood& likelihood, const Penalty& penalty, int max_iterations, const Context& context);

}  // namespace obligor::linear
