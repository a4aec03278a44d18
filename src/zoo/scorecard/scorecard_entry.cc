#include "zoo/scorecard/scorecard.h"

namespace obligor::zoo {
namespace {

PrepSpec scorecard_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = NumberCoding::kWoe;
  spec.woe = true;
  spec.impute = false;
  spec.missing_flag = false;
  spec.binning.max_bins = static_cast<int>(params.integer("max_bins"));
  spec.binning.min_share = params.real("min_share");
  spec.binning.trend = parse_trend(params.text("trend"));
  spec.binning.divergence = parse_divergence(params.text("divergence"));
  spec.binning.max_p_value = params.real("max_p_value");
  spec.binning.min_events = params.real("min_events");
  spec.binning.min_non_events = params.real("min_non_events");
  return spec;
}

}  // namespace

ModelEntry scorecard_entry() {
  ModelEntry entry;
  entry.name = "scorecard";
  entry.title = "Scorecard (WoE logistic)";
  entry.family = "scorecard";
  entry.paper = "N. Siddiqi (2006), Credit Risk Scorecards: Developing and Implementing Intelligent Credit Scoring, Wiley";
  entry.summary = "optimal bins, weight of evidence, chosen characteristics, whole points";
  entry.parents = {"logistic"};
  entry.params = {
      integer_param("max_bins", 8, 2, 100, "bins of a characteristic at most"),
      real_param("min_share", 0.03, 0, 0.5, "share of the rows in a bin at least"),
      choice_param("trend", "auto", {"none", "ascending", "descending", "peak", "valley", "monotone", "auto"},
                   "how the bad rate may go along a number"),
      choice_param("divergence", "iv", {"iv", "js", "hellinger", "chi2"}, "what the bins maximise"),
      real_param("max_p_value", 1, 0, 1, "of the test between neighbouring bins"),
      real_param("min_events", 3, 0, 1e6, "bads in a bin of values or levels at least; missing values and special codes are not touched"),
      real_param("min_non_events", 3, 0, 1e6, "goods in one at least"),
      real_param("min_iv", 0.01, 0, 10, "information value of a characteristic at least"),
      real_param("max_correlation", 0.95, 0, 1, "between the WoE of two characteristics at most; the one of higher information value stays"),
      real_param("max_vif", 20, 1, 1e9, "variance inflation at most"),
      choice_param("selection", "stepwise", {"all", "forward", "backward", "stepwise"}, "how characteristics are chosen"),
      choice_param("criterion", "p", {"p", "aic", "bic"}, "what a characteristic must pass to come in and to stay"),
      choice_param("degrees", "bins", {"bins", "one"}, "degrees of freedom that a characteristic costs: its bins less one, or one"),
      real_param("p_enter", 0.1, 1e-12, 1, "p-value to come in (criterion p)"),
      real_param("p_remove", 0.15, 1e-12, 1, "p-value to be taken out (criterion p)"),
      flag_param("sign_rule", true, "no coefficient by which safer attributes would cost points"),
      integer_param("max_characteristics", 0, 0, 10'000, "at most so many; 0: no limit"),
      real_param("strength", 1, 0, 1e6, "L2 penalty on the coefficients"),
      real_param("double_odds", 20, 0.1, 1000, "points that double the odds"),
      real_param("base_points", 600, -1e6, 1e6, "points at base_odds"),
      real_param("base_odds", 50, 1e-3, 1e6, "good : bad at base_points"),
      flag_param("round_points", true, "whole points; the probability follows from the rounded score"),
  };
  entry.traits.deterministic_convex = true;
  entry.prep = scorecard_prep;
  // Small cards first; then all characteristics without the filters, whose redundant ones the penalty shares out among.
  const auto every = [](std::vector<std::pair<std::string, std::string>> set) {
    set.insert(set.end(), {{"selection", "all"}, {"min_iv", "0"}, {"max_correlation", "1"}, {"max_vif", "1e+09"}});
    return set;
  };
  entry.candidates = {
      {},
      {{"max_bins", "5"}, {"min_share", "0.05"}},
      {{"max_bins", "15"}, {"min_share", "0.02"}},
      every({{"max_bins", "12"}}),
      every({{"max_bins", "12"}, {"sign_rule", "false"}}),
      every({{"max_bins", "12"}, {"sign_rule", "false"}, {"max_p_value", "0.1"}}),
      every({{"sign_rule", "false"}, {"strength", "10"}}),
      every({{"max_bins", "20"}, {"min_share", "0.01"}, {"sign_rule", "false"}, {"strength", "30"}, {"trend", "monotone"}}),
      every({{"max_bins", "30"}, {"min_share", "0.005"}, {"sign_rule", "false"}, {"strength", "30"}, {"divergence", "js"}}),
  };
  entry.tune_space = {{"max_bins", 3, 40, true, {}},
                      {"min_share", 0.002, 0.1, true, {}},
                      {"trend", 0, 0, false, {"auto", "monotone"}},
                      {"divergence", 0, 0, false, {"iv", "js", "hellinger"}},
                      {"max_p_value", 0.01, 1, true, {}},
                      {"min_iv", 0, 0.05, false, {}},
                      {"max_correlation", 0.5, 1, false, {}},
                      {"max_vif", 2, 1e9, true, {}},
                      {"selection", 0, 0, false, {"all", "backward", "stepwise"}},
                      {"degrees", 0, 0, false, {"bins", "one"}},
                      {"sign_rule", 0, 0, false, {}},
                      {"strength", 0.1, 300, true, {}}};
  return entry;
}

}  // namespace obligor::zoo
