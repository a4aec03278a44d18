#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <boost/math/distributions/normal.hpp>

#include "core/error.h"
#include "zoo/linear/likelihood.h"
#include "zoo/linear/linear.h"
#include "zoo/linear/solver.h"

namespace obligor {
namespace {

using linear::Likelihood;
using linear::Penalty;
using linear::Solution;

constexpr Eigen::Index kStandardErrorColumns = 600;  // beyond, the Hessian is not worth inverting
constexpr size_t kIrlsColumns = 300;

class Logistic final : public Model {
 public:
  explicit Logistic(Eigen::VectorXd beta) : beta_(std::move(beta)) {}

  Scores predict(const Batch& batch) const override {
    const Likelihood likelihood(batch, {}, {});
    const Eigen::VectorXd z = likelihood.log_odds(beta_);
    Scores scores;
    scores.kind = ScoreKind::kProbability;
    scores.values.reserve(batch.rows);
    for (const double value : z) scores.values.push_back(1 / (1 + std::exp(-value)));
    return scores;
  }

  Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    const Eigen::Index p = beta_.size() - 1;
    std::vector<float> weights;
    for (Eigen::Index j = 0; j < p; ++j) weights.push_back(static_cast<float>(beta_[j]));
    const NodeId node = builder.affine(inputs.features, std::move(weights), {static_cast<float>(beta_[p])}, 1);
    return {node, ScoreKind::kLogOdds};
  }

 private:
  Eigen::VectorXd beta_;
};

// Rows that a hyperplane separates have no finite maximum of the likelihood (Albert & Anderson 1984).
bool separates(const Likelihood& likelihood, const Eigen::VectorXd& beta, std::span<const uint8_t> target) {
  const Eigen::VectorXd z = likelihood.log_odds(beta);
  double lowest_bad = std::numeric_limits<double>::infinity();
  double highest_good = -lowest_bad;
  for (Eigen::Index i = 0; i < z.size(); ++i) {
    if (target[static_cast<size_t>(i)] != 0) lowest_bad = std::min(lowest_bad, z[i]);
    else highest_good = std::max(highest_good, z[i]);
  }
  return lowest_bad > highest_good;
}

bool has_both_classes(const FitInput& input) {
  bool seen[2] = {false, false};
  for (size_t i = 0; i < input.target.size(); ++i) {
    if (input.weight.empty() || input.weight[i] > 0) seen[input.target[i] != 0 ? 1 : 0] = true;
  }
  return seen[0] && seen[1];
}

Json coefficient_table(const FitInput& input, const Likelihood& likelihood, const Penalty& penalty, const Eigen::VectorXd& beta) {
  Json table = Json::array();
  const Eigen::Index p = beta.size() - 1;
  Eigen::VectorXd errors;
  if (p <= kStandardErrorColumns && penalty.l1 == 0) {
    Eigen::MatrixXd hessian;
    likelihood.evaluate(beta, nullptr, &hessian);
    hessian.diagonal().head(p).array() += penalty.l2;
    const Eigen::LDLT<Eigen::MatrixXd> factor(hessian);
    if (factor.info() == Eigen::Success && factor.isPositive()) {
      errors = factor.solve(Eigen::MatrixXd::Identity(p + 1, p + 1)).diagonal().cwiseMax(0).cwiseSqrt();
    }
  }
  const boost::math::normal_distribution<double> normal;
  for (Eigen::Index j = 0; j <= p; ++j) {
    Json row;
    row["feature"] = j == p ? "(intercept)" : input.feature_names[static_cast<size_t>(j)];
    row["coefficient"] = beta[j];
    if (errors.size() > 0 && errors[j] > 0 && std::isfinite(errors[j])) {
      const double z = beta[j] / errors[j];
      row["standard_error"] = errors[j];
      row["z"] = z;
      row["p"] = 2 * boost::math::cdf(boost::math::complement(normal, std::fabs(z)));
    }
    table.push_back(std::move(row));
  }
  return table;
}

}  // namespace

FitResult fit_logistic(const FitInput& input, const Params& params, const Context& context) {
  if (!has_both_classes(input)) {
    throw Error(ErrorCode::kData, "model 'logistic': the training rows hold one class only; both good and bad rows are needed");
  }
  const std::string& kind = params.text("penalty");
  const double strength = params.real("strength");
  Penalty penalty;
  if (kind == "l2") penalty.l2 = strength;
  if (kind == "l1") penalty.l1 = strength;
  if (kind == "elastic") {
    penalty.l1 = strength * params.real("mix");
    penalty.l2 = strength * (1 - params.real("mix"));
  }
  const Likelihood likelihood(input.train, input.target, input.weight);
  const auto iterations = static_cast<int>(params.integer("max_iterations"));
  const std::string& solver = params.text("solver");
  Solution solution;
  if (penalty.l1 > 0) {
    solution = linear::solve_fista(likelihood, penalty, iterations * 10, context);
  } else if (solver == "irls" || (solver == "auto" && input.train.width <= kIrlsColumns)) {
    solution = linear::solve_irls(likelihood, penalty, iterations, context);
  } else {
    solution = linear::solve_lbfgs(likelihood, penalty, iterations, context);
  }
  if (!solution.beta.allFinite()) {
    throw Error(ErrorCode::kNumeric, "logistic: the coefficients are not finite; raise 'strength' or use numbers = quantile");
  }
  FitResult result;
  if (!solution.converged) {
    result.report.notes.push_back(fmt::format("not converged after {} iterations; raise max_iterations or strength", solution.iterations));
  }
  if (separates(likelihood, solution.beta, input.target)) {
    result.report.notes.emplace_back(
        kind == "none" ? "separation: a linear rule tells all goods from all bads of the training rows, so coefficients have no finite optimum; "
                         "their sizes and standard errors mean nothing. Use a penalty, or look for a column that leaks the target"
                       : "separation: a linear rule tells all goods from all bads of the training rows; only the penalty keeps the "
                         "coefficients finite. Look for a column that leaks the target");
  }
  const Eigen::VectorXd spread = likelihood.column_spread();
  for (Eigen::Index j = 0; j < spread.size(); ++j) result.report.importance.push_back(std::fabs(solution.beta[j]) * spread[j]);
  result.report.details["iterations"] = solution.iterations;
  result.report.details["coefficients"] = coefficient_table(input, likelihood, penalty, solution.beta);
  result.model = std::make_unique<Logistic>(std::move(solution.beta));
  return result;
}

}  // namespace obligor
