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

// Some columns of a batch, copied side by side.
struct Columns {
  std::vector<float> features;
  Batch batch;

  Columns(const Batch& source, const std::vector<size_t>& columns) {
    features.reserve(source.rows * columns.size());
    for (size_t row = 0; row < source.rows; ++row) {
      const float* x = source.features.data() + row * source.width;
      for (const size_t column : columns) features.push_back(x[column]);
    }
    batch = {source.rows, columns.size(), features, {}};
  }
};

// Logistic fits over changing sets of columns, each started from the last; after a fit, the score of every column that is out.
class Fitter {
 public:
  Fitter(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, double ridge, const Context& context)
      : batch_(batch), target_(target), weight_(weight), ridge_(ridge), context_(context) {
    beta_.setZero(static_cast<Index>(batch.width) + 1);
  }

  void fit(const std::vector<size_t>& columns) {
    columns_ = columns;
    scored_ = false;
    const Columns inside(batch_, columns);
    const linear::Likelihood likelihood(inside.batch, target_, weight_);
    const auto k = static_cast<Index>(columns.size());
    Eigen::VectorXd beta(k + 1);
    for (Index i = 0; i < k; ++i) beta[i] = beta_[static_cast<Index>(columns[at(i)])];
    beta[k] = beta_[beta_.size() - 1];
    Eigen::VectorXd slope;
    const auto evaluate = [&](const Eigen::VectorXd& b, bool derivatives) {
      double value = likelihood.evaluate(b, derivatives ? &slope : nullptr, derivatives ? &hessian_ : nullptr);
      value += ridge_ / 2 * b.head(k).squaredNorm();
      if (derivatives) {
        slope.head(k) += ridge_ * b.head(k);
        hessian_.diagonal().head(k).array() += ridge_;
      }
      return value;
    };
    const double scale = std::max(1.0, likelihood.total_weight());
    double value = evaluate(beta, true);
    converged_ = false;
    for (int step = 0; step < kNewtonSteps; ++step) {
      context_.check_cancelled();
      if (slope.cwiseAbs().maxCoeff() <= 1e-9 * scale) {
        converged_ = true;
        break;
      }
      Eigen::MatrixXd curvature = hessian_;
      curvature.diagonal().array() += 1e-10 * curvature.diagonal().maxCoeff();
      const Eigen::VectorXd move = curvature.ldlt().solve(-slope);
      Eigen::VectorXd next;
      double next_value = value;
      bool improved = false;
      for (double share = 1; share > 1e-9 && !improved; share /= 2) {
        next = beta + share * move;
        next_value = evaluate(next, false);
        improved = std::isfinite(next_value) && next_value <= value + 1e-4 * share * slope.dot(move);
      }
      if (!improved) {  // at the limit of float64
        converged_ = slope.cwiseAbs().maxCoeff() <= 1e-6 * scale;
        break;
      }
      const bool still = value - next_value <= 1e-13 * std::fabs(value);
      beta = next;
      value = evaluate(beta, true);
      if (still) {
        converged_ = true;
        break;
      }
    }
    beta_.setZero();
    for (Index i = 0; i < k; ++i) beta_[static_cast<Index>(columns[at(i)])] = beta[i];
    beta_[beta_.size() - 1] = beta[k];
  }

  [[nodiscard]] double coefficient(size_t column) const { return beta_[static_cast<Index>(column)]; }
  [[nodiscard]] double intercept() const { return beta_[beta_.size() - 1]; }
  [[nodiscard]] bool converged() const { return converged_; }

  // Standard errors of the columns that are in, the intercept's last; NaN where the curvature is singular.
  [[nodiscard]] Eigen::VectorXd errors() const {
    const Eigen::LDLT<Eigen::MatrixXd> factor(hessian_);
    if (factor.info() != Eigen::Success || !factor.isPositive()) {
      return Eigen::VectorXd::Constant(hessian_.rows(), std::numeric_limits<double>::quiet_NaN());
    }
    return factor.solve(Eigen::MatrixXd::Identity(hessian_.rows(), hessian_.rows())).diagonal().cwiseMax(0.0).cwiseSqrt();
  }

  // Rao's score statistic of letting `column` in: its slope against its curvature given the columns that are in.
  [[nodiscard]] double score_statistic(size_t column) {
    score();
    const auto j = static_cast<Index>(column);
    const Eigen::VectorXd across = across_.row(j).transpose();
    const double curvature = own_[j] - across.dot(factor_.solve(across));
    return curvature > 1e-12 * std::max(1.0, own_[j]) ? slope_[j] * slope_[j] / curvature : 0.0;
  }
  // The sign that the column's coefficient would take: against its slope.
  [[nodiscard]] bool would_be_positive(size_t column) {
    score();
    return slope_[static_cast<Index>(column)] < 0;
  }

 private:
  // One pass: slope and curvature of every column at the present fit, and their products with the columns that are in.
  void score() {
    if (scored_) return;
    scored_ = true;
    const auto width = static_cast<Index>(batch_.width);
    const auto k = static_cast<Index>(columns_.size());
    slope_.setZero(width);
    own_.setZero(width);
    across_.setZero(width, k + 1);
    Eigen::VectorXd x(width);
    Eigen::VectorXd inside(k + 1);
    for (size_t row = 0; row < batch_.rows; ++row) {
      x = Eigen::Map<const Eigen::VectorXf>(batch_.features.data() + row * batch_.width, width).cast<double>();
      const double p = 1 / (1 + std::exp(-(x.dot(beta_.head(width)) + beta_[width])));
      const double w = weight_.empty() ? 1.0 : weight_[row];
      slope_.noalias() += w * (p - (target_[row] != 0 ? 1.0 : 0.0)) * x;
      const double curvature = w * p * (1 - p);
      own_.array() += curvature * x.array().square();
      for (Index i = 0; i < k; ++i) inside[i] = x[static_cast<Index>(columns_[at(i)])];
      inside[k] = 1;
      across_.noalias() += (curvature * x) * inside.transpose();
    }
    factor_.compute(hessian_);
  }

  const Batch& batch_;
  std::span<const uint8_t> target_;
  std::span<const double> weight_;
  double ridge_;
  const Context& context_;
  Eigen::VectorXd beta_;  // of all columns, 0 where out; the intercept last
  std::vector<size_t> columns_;
  Eigen::MatrixXd hessian_;  // of the columns that are in, the intercept last
  bool converged_ = false;
  bool scored_ = false;
  Eigen::VectorXd slope_;
  Eigen::VectorXd own_;
  Eigen::MatrixXd across_;
  Eigen::LDLT<Eigen::MatrixXd> factor_;
};

// From the sums of products that the log-loss has for its curvature at 0, where every row counts a quarter.
Eigen::MatrixXd correlation_of(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight) {
  const auto width = static_cast<Index>(batch.width);
  Eigen::MatrixXd products;
  linear::Likelihood(batch, target, weight).evaluate(Eigen::VectorXd::Zero(width + 1), nullptr, &products);
  const double count = products(width, width);
  const Eigen::VectorXd sum = products.col(width).head(width);
  const Eigen::MatrixXd covariance = products.topLeftCorner(width, width) - sum * sum.transpose() / count;
  const Eigen::VectorXd deviation = covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
  Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(width, width);
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j < width; ++j) {
      const double scale = deviation[i] * deviation[j];
      if (i != j) correlation(i, j) = scale > 0 ? covariance(i, j) / scale : 0.0;
    }
  }
  return correlation;
}

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
  if (!tests || columns.size() == 1) return {};  // the last one stays: a card of one characteristic ranks, an empty one does not
  double smallest = 0;                           // margin over what it takes to stay
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

// False when no column passed its test and the best one came in all the same.
bool walk_forward(Fitter& fitter, std::vector<size_t>& columns, const Rules& rules, std::vector<Dropped>& dropped) {
  std::vector<size_t> waiting = columns;
  std::vector<size_t> inside;
  bool passed = true;
  fitter.fit(inside);
  while (!waiting.empty() && (rules.max_columns == 0 || inside.size() < rules.max_columns)) {
    size_t best = waiting.size();
    const bool first = inside.empty() && waiting.size() == columns.size();
    double highest = first ? -std::numeric_limits<double>::infinity() : 0;  // margin over what it takes to come in
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (rules.sign && fitter.would_be_positive(waiting[i])) continue;
      const double margin = fitter.score_statistic(waiting[i]) - (rules.enter.empty() ? 0 : rules.enter[waiting[i]]);
      if (margin > highest) {
        highest = margin;
        best = i;
      }
    }
    if (best == waiting.size()) break;
    passed = highest > 0;
    inside.push_back(waiting[best]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(best));
    // What left once does not come back, so that the walk ends.
    if (!passed) break;
    walk_backward(fitter, inside, rules, rules.walk == Walk::kStepwise, dropped);
  }
  if (!passed) fitter.fit(inside);
  for (const size_t column : waiting) {
    const bool wrong = rules.sign && fitter.would_be_positive(column);
    dropped.push_back({column, wrong ? "its coefficient would have the wrong sign"
                                     : fmt::format("chi-square {:.2f} is not enough to enter", fitter.score_statistic(column))});
  }
  columns = std::move(inside);
  return passed;
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
  if (columns.size() > 1 && (rules.max_correlation < 1 || rules.max_vif < 1e9)) {
    Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(static_cast<Index>(batch.width), static_cast<Index>(batch.width));
    const Columns left(batch, columns);
    const Eigen::MatrixXd among = correlation_of(left.batch, target, weight);
    for (Index i = 0; i < among.rows(); ++i) {
      for (Index j = 0; j < among.cols(); ++j) correlation(static_cast<Index>(columns[at(i)]), static_cast<Index>(columns[at(j)])) = among(i, j);
    }
    drop_correlated(columns, correlation, rules, selection.dropped);
    drop_inflated(columns, correlation, rules, selection.dropped);
  }

  Fitter fitter(batch, target, weight, rules.ridge, context);
  if (rules.walk == Walk::kForward || rules.walk == Walk::kStepwise) {
    selection.none_passed = !walk_forward(fitter, columns, rules, selection.dropped);
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
