#include "zoo/linear/solver.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace obligor::linear {
namespace {

// Smooth part: log-loss and ridge. The intercept (last) is free.
double smooth(const Loss& loss, const Penalty& penalty, const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* hessian) {
  const Eigen::Index p = beta.size() - 1;
  double value = loss.evaluate(beta, gradient, hessian);
  value += penalty.l2 / 2 * beta.head(p).squaredNorm();
  if (gradient != nullptr) gradient->head(p) += penalty.l2 * beta.head(p);
  if (hessian != nullptr) hessian->diagonal().head(p).array() += penalty.l2;
  return value;
}

// Largest slope left, a row: scale-free, so that one tolerance serves 700 rows and 10 million.
bool is_flat(const Eigen::VectorXd& gradient, const Loss& loss, double tolerance) {
  return gradient.cwiseAbs().maxCoeff() <= tolerance * std::max(1.0, loss.total_weight());
}

}  // namespace

Solution solve_irls(const Loss& loss, const Penalty& penalty, int max_iterations, const Context& context) {
  Solution solution;
  solution.beta = Eigen::VectorXd::Zero(loss.size());
  Eigen::VectorXd gradient;
  Eigen::MatrixXd hessian;
  double value = smooth(loss, penalty, solution.beta, &gradient, &hessian);
  for (; solution.iterations < max_iterations; ++solution.iterations) {
    if (is_flat(gradient, loss, 1e-10)) {
      solution.converged = true;
      break;
    }
    context.check_cancelled();
    // A trace of ridge keeps collinear columns solvable; it moves the step, not the optimum.
    hessian.diagonal().array() += 1e-9 * hessian.diagonal().maxCoeff();
    const Eigen::VectorXd step = hessian.ldlt().solve(-gradient);
    double share = 1;
    Eigen::VectorXd next;
    double next_value = value;
    bool improved = false;
    for (int halving = 0; halving < 40; ++halving, share /= 2) {
      next = solution.beta + share * step;
      next_value = smooth(loss, penalty, next, nullptr, nullptr);
      if (std::isfinite(next_value) && next_value <= value + 1e-4 * share * gradient.dot(step)) {
        improved = true;
        break;
      }
    }
    if (!improved) {  // at the limit of float64
      solution.converged = is_flat(gradient, loss, 1e-6);
      break;
    }
    const bool still = value - next_value <= 1e-13 * std::fabs(value);
    solution.beta = next;
    value = smooth(loss, penalty, solution.beta, &gradient, &hessian);
    if (still) {
      solution.converged = true;
      break;
    }
  }
  return solution;
}

Solution solve_lbfgs(const Loss& loss, const Penalty& penalty, int max_iterations, const Context& context) {
  constexpr size_t kMemory = 12;
  struct Pair {
    Eigen::VectorXd s;
    Eigen::VectorXd y;
    double rho = 0;
  };
  Solution solution;
  solution.beta = Eigen::VectorXd::Zero(loss.size());
  Eigen::VectorXd gradient;
  double value = smooth(loss, penalty, solution.beta, &gradient, nullptr);
  std::deque<Pair> pairs;
  for (; solution.iterations < max_iterations; ++solution.iterations) {
    if (is_flat(gradient, loss, 1e-7)) {
      solution.converged = true;
      break;
    }
    context.check_cancelled();
    Eigen::VectorXd q = gradient;
    std::vector<double> alpha(pairs.size());
    for (size_t i = pairs.size(); i-- > 0;) {
      alpha[i] = pairs[i].rho * pairs[i].s.dot(q);
      q -= alpha[i] * pairs[i].y;
    }
    if (!pairs.empty()) q *= pairs.back().s.dot(pairs.back().y) / pairs.back().y.squaredNorm();
    for (size_t i = 0; i < pairs.size(); ++i) q += pairs[i].s * (alpha[i] - pairs[i].rho * pairs[i].y.dot(q));
    const Eigen::VectorXd direction = -q;
    const double slope = gradient.dot(direction);
    double share = pairs.empty() ? 1.0 / std::max(1.0, gradient.norm()) : 1.0;
    Eigen::VectorXd next;
    Eigen::VectorXd next_gradient;
    double next_value = value;
    bool improved = false;
    for (int halving = 0; halving < 40; ++halving, share /= 2) {
      next = solution.beta + share * direction;
      next_value = smooth(loss, penalty, next, &next_gradient, nullptr);
      if (std::isfinite(next_value) && next_value <= value + 1e-4 * share * slope) {
        improved = true;
        break;
      }
    }
    if (!improved) {
      solution.converged = is_flat(gradient, loss, 1e-5);
      break;
    }
    Pair pair{next - solution.beta, next_gradient - gradient, 0};
    const double curvature = pair.s.dot(pair.y);
    if (curvature > 1e-12 * pair.y.squaredNorm()) {
      pair.rho = 1 / curvature;
      pairs.push_back(std::move(pair));
      if (pairs.size() > kMemory) pairs.pop_front();
    }
    const bool still = value - next_value <= 1e-12 * std::fabs(value);
    solution.beta = std::move(next);
    gradient = std::move(next_gradient);
    value = next_value;
    if (still) {
      solution.converged = true;
      break;
    }
  }
  return solution;
}

Solution solve_fista(const Likelihood& likelihood, const Penalty& penalty, int max_iterations, const Context& context) {
  const Eigen::Index p = likelihood.size() - 1;
  const double step = 1 / (likelihood.curvature_bound() + penalty.l2);
  const auto shrink = [&](Eigen::VectorXd beta) {
    const double threshold = step * penalty.l1;
    for (Eigen::Index j = 0; j < p; ++j) beta[j] = std::copysign(std::max(std::fabs(beta[j]) - threshold, 0.0), beta[j]);
    return beta;
  };
  Solution solution;
  solution.beta = Eigen::VectorXd::Zero(likelihood.size());
  Eigen::VectorXd ahead = solution.beta;
  Eigen::VectorXd gradient;
  double momentum = 1;
  for (; solution.iterations < max_iterations; ++solution.iterations) {
    context.check_cancelled();
    smooth(likelihood, penalty, ahead, &gradient, nullptr);
    const Eigen::VectorXd next = shrink(ahead - step * gradient);
    const Eigen::VectorXd change = next - solution.beta;
    // Momentum that points uphill is dropped.
    if ((ahead - next).dot(change) > 0) momentum = 1;
    const double following = (1 + std::sqrt(1 + 4 * momentum * momentum)) / 2;
    ahead = next + (momentum - 1) / following * change;
    momentum = following;
    solution.beta = next;
    if (change.cwiseAbs().maxCoeff() <= 1e-8 * std::max(1.0, next.cwiseAbs().maxCoeff())) {
      solution.converged = true;
      break;
    }
  }
  return solution;
}

}  // namespace obligor::linear
