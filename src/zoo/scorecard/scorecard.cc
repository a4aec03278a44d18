#include "zoo/scorecard/scorecard.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <boost/math/distributions/chi_squared.hpp>

#include "core/error.h"
#include "zoo/linear/likelihood.h"
#include "zoo/scorecard/card.h"
#include "zoo/scorecard/selection.h"

namespace obligor::zoo {
namespace {

using card::Card;
using card::Rules;
using card::Selection;
using card::Walk;

// The constants of the last step as the plan stores them, so that model and plan read the same numbers.
struct FromPoints {
  float weight = 0;
  float bias = 0;
  explicit FromPoints(const card::Scale& scale)
      : weight(static_cast<float>(-1 / scale.factor())), bias(static_cast<float>(scale.offset() / scale.factor())) {}
};

class Scorecard final : public Model {
 public:
  explicit Scorecard(Card given) : card_(std::move(given)) {
    for (const auto& characteristic : card_.characteristics) {
      auto& points = points_.emplace_back();
      const auto& woe = characteristic.binning.code_woe();
      for (size_t code = 0; code < woe.size(); ++code) points.emplace(woe[code], characteristic.points[code]);
    }
  }

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores{ScoreKind::kProbability, std::vector<double>(batch.rows)};
    const FromPoints from(card_.scale);
    for (size_t row = 0; row < batch.rows; ++row) {
      const float* x = batch.features.data() + row * batch.width;
      double log_odds = 0;
      if (card_.scale.round) {
        double points = 0;
        for (size_t c = 0; c < points_.size(); ++c) {
          const auto found = points_[c].find(x[card_.characteristics[c].column]);
          if (found == points_[c].end()) throw Error(ErrorCode::kInternal, "scorecard: a weight of evidence that its bins do not have");
          points += found->second;
        }
        log_odds = static_cast<double>(from.bias) + static_cast<double>(from.weight) * points;
      } else {
        log_odds = card_.intercept;
        for (const auto& characteristic : card_.characteristics)
          log_odds += characteristic.coefficient * static_cast<double>(x[characteristic.column]);
      }
      scores.values[row] = 1 / (1 + std::exp(-log_odds));
    }
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    if (!card_.scale.round) {
      std::vector<int32_t> columns;
      std::vector<float> weights;
      for (const auto& characteristic : card_.characteristics) {
        columns.push_back(static_cast<int32_t>(characteristic.column));
        weights.push_back(static_cast<float>(characteristic.coefficient));
      }
      return {builder.affine(builder.select(inputs.features, columns), weights, {static_cast<float>(card_.intercept)}, 1), ScoreKind::kLogOdds};
    }
    std::vector<NodeId> parts;
    for (const auto& characteristic : card_.characteristics) {
      const NodeId part = builder.look_up(characteristic.binning.lower(builder), {characteristic.points.begin(), characteristic.points.end()}, 1);
      builder.name(part, characteristic.binning.name() + " (points)");
      parts.push_back(part);
    }
    const NodeId total = builder.sum(parts, std::vector<float>(parts.size(), 1.0F));
    builder.name(total, "score in points");
    const FromPoints from(card_.scale);
    return {builder.affine(total, {from.weight}, {from.bias}, 1), ScoreKind::kLogOdds};
  }

 private:
  Card card_;
  std::vector<std::map<float, double>> points_;  // of a weight of evidence, by characteristic
};

double chi_square_of(double p, double degrees) {
  if (p >= 1) return 0;
  return boost::math::quantile(boost::math::complement(boost::math::chi_squared_distribution<double>(degrees), p));
}

// The weight of evidence was fitted on the same rows, so a characteristic of k bins costs k - 1 degrees of freedom and not one:
// noise in eight bins has an information value too, and would pass a test that knows of its coefficient alone.
std::vector<double> degrees_of(const FitInput& input, bool of_bins) {
  std::vector<double> degrees;
  for (const int32_t binning : input.feature_binning) {
    const auto bins = static_cast<double>(input.binnings[static_cast<size_t>(binning)].table().bins.size());
    degrees.push_back(of_bins ? std::max(1.0, bins - 1) : 1.0);
  }
  return degrees;
}

Rules rules_of(const Params& params, const std::vector<double>& degrees, double rows) {
  Rules rules;
  rules.min_iv = params.real("min_iv");
  rules.max_correlation = params.real("max_correlation");
  rules.max_vif = params.real("max_vif");
  rules.sign = params.flag("sign_rule");
  rules.ridge = params.real("strength");
  rules.max_columns = static_cast<size_t>(params.integer("max_characteristics"));
  const std::string& walk = params.text("selection");
  if (walk == "forward") rules.walk = Walk::kForward;
  if (walk == "backward") rules.walk = Walk::kBackward;
  if (walk == "stepwise") rules.walk = Walk::kStepwise;
  const std::string& criterion = params.text("criterion");
  for (const double d : degrees) {
    double enter = 0;
    double remove = 0;
    if (criterion == "aic") enter = remove = 2 * d;
    if (criterion == "bic") enter = remove = std::log(rows) * d;
    if (criterion == "p") {
      enter = chi_square_of(params.real("p_enter"), d);
      // Leaving must not be easier than coming in, or the walk would turn in a circle.
      remove = std::min(enter, chi_square_of(params.real("p_remove"), d));
    }
    rules.enter.push_back(enter);
    rules.remove.push_back(remove);
  }
  return rules;
}

}  // namespace

FitResult fit_scorecard(const FitInput& input, const Params& params, const Context& context) {
  const auto bads = std::count(input.target.begin(), input.target.end(), 1);
  if (bads == 0 || static_cast<size_t>(bads) == input.target.size()) {
    throw Error(ErrorCode::kData, "model 'scorecard': the training rows hold one class only; both good and bad rows are needed");
  }
  std::vector<double> information_value(input.train.width, 0.0);
  for (size_t j = 0; j < input.train.width; ++j) {
    if (input.feature_binning.empty() || input.feature_binning[j] < 0) {
      throw Error(ErrorCode::kInternal, fmt::format("scorecard: column '{}' is not a weight of evidence", input.feature_names[j]));
    }
    information_value[j] = input.binnings[static_cast<size_t>(input.feature_binning[j])].table().iv;
  }
  const Rules rules = rules_of(params, degrees_of(input, params.text("degrees") == "bins"), static_cast<double>(input.train.rows));
  const Selection selection = card::select_characteristics(input.train, input.target, input.weight, information_value, rules, context);
  if (selection.columns.empty()) {
    throw Error(ErrorCode::kData,
                fmt::format("model 'scorecard': no characteristic is left of {}; the last to go was '{}' ({}). Lower min_iv ({:g}) "
                            "or set selection = all",
                            input.train.width, input.feature_source[selection.dropped.back().column], selection.dropped.back().reason, rules.min_iv));
  }
  card::Scale scale{params.real("double_odds"), params.real("base_points"), params.real("base_odds"), params.flag("round_points")};
  Card made = card::make_card(selection, input.binnings, input.feature_binning, scale);

  FitResult result;
  result.report.importance.assign(input.train.width, 0.0);
  const Eigen::VectorXd spread = linear::Likelihood(input.train, input.target, input.weight).column_spread();
  for (size_t i = 0; i < selection.columns.size(); ++i) {
    const size_t column = selection.columns[i];
    result.report.importance[column] = std::fabs(selection.coefficients[i]) * spread[static_cast<Eigen::Index>(column)];
  }
  if (selection.none_passed) {
    result.report.notes.emplace_back(
        "no characteristic passed the test to come in; the best one makes the card. More rows, or a weaker criterion, may help");
  }
  if (!selection.converged) result.report.notes.emplace_back("the coefficients did not settle; raise strength, or look for a column that separates");
  result.report.details["scorecard"] = card::card_json(made);
  Json dropped = Json::array();
  for (const auto& gone : selection.dropped) dropped.push_back({{"name", input.feature_source[gone.column]}, {"reason", gone.reason}});
  result.report.details["scorecard"]["dropped"] = std::move(dropped);
  result.model = std::make_unique<Scorecard>(std::move(made));
  return result;
}

}  // namespace obligor::zoo
