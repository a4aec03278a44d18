#include "zoo/linear/linear.h"

namespace obligor {
namespace {

PrepSpec prep_of(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  if (numbers == "standard") spec.numbers = NumberCoding::kStandard;
  if (numbers == "robust") spec.numbers = NumberCoding::kRobust;
  if (numbers == "quantile") spec.numbers = NumberCoding::kQuantile;
  if (numbers == "bins") spec.numbers = NumberCoding::kBins;
  if (numbers == "piecewise") spec.numbers = NumberCoding::kPiecewiseLinear;
  spec.bins = static_cast<int>(params.integer("bins"));
  spec.clip = 0.005;
  spec.log_skewed = true;
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  spec.target_statistics_min_levels = spec.one_hot_max_levels + 1;
  spec.prior_weight = params.real("prior_weight");
  spec.min_count = 2;
  return spec;
}

}  // namespace

ModelEntry logistic_entry() {
  ModelEntry entry;
  entry.name = "logistic";
  entry.title = "Logistic regression";
  entry.family = "linear";
  entry.paper = "D. R. Cox (1958), The regression analysis of binary sequences, JRSS B 20(2)";
  entry.summary = "log-odds as a weighted sum of the prepared columns; L2, L1 or elastic penalty; standard errors";
  entry.params = {
      choice_param("penalty", "l2", {"l2", "l1", "elastic", "none"}, "what keeps the coefficients small"),
      real_param("strength", 1.0, 1e-6, 1e6, "weight of the penalty against the summed log-loss", true),
      real_param("mix", 0.5, 0.0, 1.0, "share of L1 in the elastic penalty"),
      choice_param("solver", "auto", {"auto", "irls", "lbfgs"}, "auto: irls up to 300 columns, lbfgs beyond"),
      integer_param("max_iterations", 500, 1, 100'000, "iterations at most"),
      choice_param("numbers", "standard", {"standard", "robust", "quantile", "bins", "piecewise"}, "how numbers are prepared"),
      integer_param("bins", 10, 2, 100, "bins or pieces of a number when numbers = bins or piecewise"),
      integer_param("one_hot_levels", 30, 0, 10'000, "categories with more levels enter by ordered target statistics instead"),
      real_param("prior_weight", 10.0, 0.0, 1e4, "weight of the overall bad rate in target statistics"),
  };
  entry.traits.deterministic_convex = true;
  entry.prep = prep_of;
  entry.candidates = {
      {{"numbers", "standard"}},
      {{"numbers", "quantile"}},
      {{"numbers", "piecewise"}},
      {{"numbers", "bins"}, {"strength", "5"}},
      {{"numbers", "standard"}, {"strength", "30"}},
      {{"numbers", "piecewise"}, {"strength", "10"}},
  };
  entry.tune_space = {{"penalty", 0, 0, false, {"l2", "l1"}},
                      {"strength", 0.01, 1000, true, {}},
                      {"numbers", 0, 0, false, {"standard", "robust", "quantile", "bins", "piecewise"}},
                      {"bins", 4, 40, true, {}},
                      {"one_hot_levels", 2, 100, true, {}},
                      {"prior_weight", 1, 200, true, {}}};
  return entry;
}

}  // namespace obligor
