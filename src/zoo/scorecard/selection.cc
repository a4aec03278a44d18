#include "zoo/scorecard/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "zoo/linear/likelihood.h"

namespace obligor::zoo::card {
namespace {

using Index = Eigen::Index;
constexpr int kNewtonSteps = 60;

size_t at(Index i) { return static_cast<size_t>(i); }

// The likelihood of all columns, fitted over some of them: the others stay at 0, and one pass gives the score of every column.
class Fitter {
 public:
  Fitter(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, double ridge, const Context& context)
      : likelihood_(batch, target, weight), ridge_(ridge), context_(context), width_(static_cast<Index>(batch.width)) {
    beta_.setZero(width_ + 1);
    evaluate();
  }

  void fit(const std::vector<size_t>& columns) {
    Eigen::VectorXd start = Eigen::VectorXd::Zero(width_ + 1);
    for (const size_t column : columns) start[static_cast<Index>(column)] = beta_[static_cast<Index>(column)];
    start[width_] = beta_[width_];
    beta_ = start;
    evaluate();
    free_.clear();
    for (const size_t column : columns) free_.push_back(static_cast<Index>(column));
    free_.push_back(width_);
    converged_ = false;
    for (int step = 0; step < kNewtonSteps && !converged_; ++step) {
      context_.check_cancelled();
      const Eigen::VectorXd slope = gradient_(free_);
      if (slope.cwiseAbs().maxCoeff() <= 1e-9 * std::max(1.0, likelihood_.total_weight())) {
        converged_ = true;
        break;
      }
      Eigen::MatrixXd curvature = hessian_(free_, free_);
      curvature.diagonal().array() += 1e-10 * curvature.diagonal().maxCoeff();
      const Eigen::VectorXd move = curvature.ldlt().solve(-slope);
      const Eigen::VectorXd from = beta_;
      const double value = value_;
      bool improved = false;
      for (double share = 1; share > 1e-9; share /= 2) {
        beta_ = from;
        for (Index i = 0; i < move.size(); ++i) beta_[free_[at(i)]] += share * move[i];
        evaluate();
        if (std::isfinite(value_) && value_ <= value + 1e-4 * share * slope.dot(move)) {
          improved = true;
          break;
        }
      }
      if (!improved) {
        beta_ = from;
        evaluate();
        converged_ = slope.cwiseAbs().maxCoeff() <= 1e-6 * std::max(1.0, likelihood_.total_weight());
        break;
      }
      if (value - value_ <= 1e-13 * std::fabs(value)) converged_ = true;
    }
  }

  [[nodiscard]] double coefficient(size_t column) const { return beta_[static_cast<Index>(column)]; }
  [[nodiscard]] double intercept() const { return beta_[width_]; }
  [[nodiscard]] bool converged() const { return converged_; }

  // Standard errors of the free coefficients, the intercept's last; NaN where the curvature is singular.
  [[nodiscard]] Eigen::VectorXd errors() const {
    const Eigen::MatrixXd curvature = hessian_(free_, free_);
    const Eigen::LDLT<Eigen::MatrixXd> factor(curvature);
    if (factor.info() != Eigen::Success || !factor.isPositive()) {
      return Eigen::VectorXd::Constant(curvature.rows(), std::numeric_limits<double>::quiet_NaN());
    }
    return factor.solve(Eigen::MatrixXd::Identity(curvature.rows(), curvature.rows())).diagonal().cwiseMax(0.0).cwiseSqrt();
  }

  // Rao's score statistic of letting `column` in: its slope against its curvature given the columns that are in.
  [[nodiscard]] double score_statistic(size_t column) const {
    const auto j = static_cast<Index>(column);
    const Eigen::MatrixXd inside = hessian_(free_, free_);
    Eigen::VectorXd across(inside.rows());
    for (Index i = 0; i < across.size(); ++i) across[i] = hessian_(free_[at(i)], j);
    const double curvature = hessian_(j, j) - across.dot(inside.ldlt().solve(across));
    return curvature > 1e-12 * std::max(1.0, hessian_(j, j)) ? gradient_[j] * gradient_[j] / curvature : 0.0;
  }
  // The sign that the column's coefficient would take: against its slope.
  [[nodiscard]] bool would_be_positive(size_t column) const { return gradient_[static_cast<Index>(column)] < 0; }

  // Cross products of the columns, uncentred, and their sums: the Hessian at 0 is a quarter of them.
  [[nodiscard]] Eigen::MatrixXd correlation() const {
    Eigen::MatrixXd products;
    likelihood_.evaluate(Eigen::VectorXd::Zero(width_ + 1), nullptr, &products);
    const double count = products(width_, width_);
    const Eigen::VectorXd sum = products.col(width_).head(width_);
    const Eigen::MatrixXd covariance = products.topLeftCorner(width_, width_) - sum * sum.transpose() / count;
    const Eigen::VectorXd deviation = covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
    Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(width_, width_);
    for (Index i = 0; i < width_; ++i) {
      for (Index j = 0; j < width_; ++j) {
        const double scale = deviation[i] * deviation[j];
        if (i != j) correlation(i, j) = scale > 0 ? covariance(i, j) / scale : 0.0;
      }
    }
    return correlation;
  }

 private:
  void evaluate() {
    value_ = likelihood_.evaluate(beta_, &gradient_, &hessian_) + ridge_ / 2 * beta_.head(width_).squaredNorm();
    gradient_.head(width_) += ridge_ * beta_.head(width_);
    hessian_.diagonal().head(width_).array() += ridge_;
  }

  linear::Likelihood likelihood_;
  double ridge_;
  const Context& context_;
  Index width_;
  Eigen::VectorXd beta_;
  Eigen::VectorXd gradient_;
  Eigen::MatrixXd hessian_;
  std::vector<Index> free_;
  double value_ = 0;
  bool converged_ = false;
};

void drop_correlated(std::vector<size_t>& columns, const Eigen::MatrixXd& correlation, const Rules& rules, std::vector<Dropped>& dropped) {
  std::vector<size_t> kept;
  for (const size_t column : columns) {
    std::optional<size_t> rival;
    for (const size_t other : kept) {
      if (std::fabs(correlation(static_cast<Index>(column), static_cast<Index>(other))) > rules.max_correlation) {
        rival = other;
        break;
      }
    }
    if (rival) {
      dropped.push_back({column, fmt::format("correlation {:.3f} with column {} of higher information value",
                                             correlation(static_cast<Index>(column), static_cast<Index>(*rival)), *rival)});
    } else {
      kept.push_back(column);
    }
  }
  columns = std::move(kept);
}

void drop_inflated(std::vector<size_t>& columns, const Eigen::MatrixXd& correlation, const Rules& rules, std::vector<Dropped>& dropped) {
  while (columns.size() > 1) {
    std::vector<Index> chosen;
    for (const size_t column : columns) chosen.push_back(static_cast<Index>(column));
    Eigen::MatrixXd among = correlation(chosen, chosen);
    among.diagonal().array() += 1e-10;
    const Eigen::VectorXd inflation = among.inverse().diagonal();
    Index worst = 0;
    const double highest = inflation.maxCoeff(&worst);
    if (highest <= rules.max_vif) return;
    dropped.push_back({columns[at(worst)], fmt::format("variance inflation {:.2f} is above {:g}", highest, rules.max_vif)});
    columns.erase(columns.begin() + worst);
  }
}

// Position in `columns` of the one to leave: a coefficient of the wrong sign first, then the smallest Wald statistic under `remove`.
std::optional<size_t> to_leave(const Fitter& fitter, const std::vector<size_t>& columns, const Rules& rules, bool tests, std::string* reason) {
  const Eigen::VectorXd errors = fitter.errors();
  std::optional<size_t> leaving;
  double extreme = 0;
  if (rules.sign) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (const double b = fitter.coefficient(columns[i]); b > extreme) {
        extreme = b;
        leaving = i;
      }
    }
    if (leaving) {
      *reason = fmt::format("coefficient {:.3f} has the wrong sign: safer attributes would cost points", extreme);
      return leaving;
    }
  }
  if (!tests) return {};
  double smallest = 0;  // margin over what it takes to stay
  for (size_t i = 0; i < columns.size(); ++i) {
    const double z = fitter.coefficient(columns[i]) / errors[static_cast<Index>(i)];
    const double wald = std::isfinite(z) ? z * z : 0;
    const double limit = rules.remove.empty() ? 0 : rules.remove[columns[i]];
    if (wald - limit < smallest) {
      smallest = wald - limit;
      leaving = i;
      *reason = fmt::format("chi-square {:.2f} of its coefficient is below {:.2f}", wald, limit);
    }
  }
  return leaving;
}

void walk_backward(Fitter& fitter, std::vector<size_t>& columns, const Rules& rules, bool tests, std::vector<Dropped>& dropped) {
  fitter.fit(columns);
  std::string reason;
  while (const auto leaving = to_leave(fitter, columns, rules, tests, &reason)) {
    dropped.push_back({columns[*leaving], reason});
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(*leaving));
    fitter.fit(columns);
  }
}

void walk_forward(Fitter& fitter, std::vector<size_t>& columns, const Rules& rules, std::vector<Dropped>& dropped) {
  std::vector<size_t> waiting = columns;
  std::vector<size_t> inside;
  fitter.fit(inside);
  while (!waiting.empty() && (rules.max_columns == 0 || inside.size() < rules.max_columns)) {
    size_t best = waiting.size();
    double highest = 0;  // margin over what it takes to come in
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (rules.sign && fitter.would_be_positive(waiting[i])) continue;
      const double margin = fitter.score_statistic(waiting[i]) - (rules.enter.empty() ? 0 : rules.enter[waiting[i]]);
      if (margin > highest) {
        highest = margin;
        best = i;
      }
    }
    if (best == waiting.size()) break;
    inside.push_back(waiting[best]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(best));
    // What left once does not come back, so that the walk ends.
    walk_backward(fitter, inside, rules, rules.walk == Walk::kStepwise, dropped);
  }
  for (const size_t column : waiting) {
    const bool wrong = rules.sign && fitter.would_be_positive(column);
    dropped.push_back({column, wrong ? "its coefficient would have the wrong sign"
                                     : fmt::format("chi-square {:.2f} is not enough to enter", fitter.score_statistic(column))});
  }
  columns = std::move(inside);
}

}  // namespace

Selection select_characteristics(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight,
                                 std::span<const double> information_value, const Rules& rules, const Context& context) {
  Selection selection;
  std::vector<size_t> columns(batch.width);
  std::iota(columns.begin(), columns.end(), size_t{0});
  std::stable_sort(columns.begin(), columns.end(), [&](size_t a, size_t b) { return information_value[a] > information_value[b]; });
  const auto weak = std::find_if(columns.begin(), columns.end(), [&](size_t column) { return information_value[column] < rules.min_iv; });
  for (auto i = weak; i != columns.end(); ++i) {
    selection.dropped.push_back({*i, fmt::format("information value {:.4f} is below {:g}", information_value[*i], rules.min_iv)});
  }
  columns.erase(weak, columns.end());

  Fitter fitter(batch, target, weight, rules.ridge, context);
  if (columns.size() > 1 && (rules.max_correlation < 1 || rules.max_vif < 1e9)) {
    const Eigen::MatrixXd correlation = fitter.correlation();
    drop_correlated(columns, correlation, rules, selection.dropped);
    drop_inflated(columns, correlation, rules, selection.dropped);
  }
  if (rules.walk == Walk::kForward || rules.walk == Walk::kStepwise) {
    walk_forward(fitter, columns, rules, selection.dropped);
  } else {
    walk_backward(fitter, columns, rules, rules.walk == Walk::kBackward, selection.dropped);
    while (rules.max_columns > 0 && columns.size() > rules.max_columns) {
      selection.dropped.push_back({columns.back(), "more characteristics than max_characteristics; it has the lowest information value"});
      columns.pop_back();
      fitter.fit(columns);
    }
  }
  const Eigen::VectorXd errors = fitter.errors();
  for (size_t i = 0; i < columns.size(); ++i) {
    selection.coefficients.push_back(fitter.coefficient(columns[i]));
    selection.errors.push_back(errors[static_cast<Index>(i)]);
  }
  selection.columns = std::move(columns);
  selection.intercept = fitter.intercept();
  selection.intercept_error = errors[errors.size() - 1];
  selection.converged = fitter.converged();
  return selection;
}

}  // namespace obligor::zoo::card
