#include "zoo/boost/boost.h"

namespace obligor::zoo {
namespace {

// Numbers as they are (trees need no scaling and find special codes by themselves), categories as the parameter says.
PrepSpec lightgbm_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = NumberCoding::kRaw;
  spec.impute = false;
  spec.missing_flag = false;
  spec.special_codes = false;
  const std::string& categories = params.text("categories");
  const bool by_size = categories == "by_size";
  const bool statistics = categories == "target_statistics" || categories == "both" || by_size;
  const bool native = categories == "native" || categories == "both" || by_size;
  spec.ordinal = native;
  if (by_size) spec.ordinal_max_levels = static_cast<int>(params.integer("native_max_levels"));
  if (statistics) {
    // A category of two levels is one 0/1 column: a statistic would say the same with noise.
    spec.one_hot_max_levels = native ? 0 : static_cast<int>(params.integer("one_hot_max_levels"));
    spec.target_statistics_min_levels = by_size ? spec.ordinal_max_levels + 1 : 3;
    spec.permutations = static_cast<int>(params.integer("permutations"));
    spec.prior_weight = params.real("prior_weight");
    spec.frequency = params.flag("frequency");
    spec.pair_statistics = static_cast<int>(params.integer("pair_statistics"));
  }
  return spec;
}

std::vector<ParamSpec> lightgbm_params() {
  return {
      real_param("learning_rate", 0.04, 1e-4, 1, "shrinkage of each tree; smaller wants more iterations", true),
      integer_param("max_iterations", 3000, 1, 100'000, "trees at most"),
      integer_param("early_stopping", 50, 1, 10'000, "stop after so many iterations without a better value on the held-back part"),
      choice_param("stop_metric", "auc", {"auc", "logloss"}, "what the held-back part is judged by"),
      integer_param("num_leaves", 15, 2, 4096, "leaves of a tree"),
      integer_param("max_depth", 0, 0, 64, "depth of a tree; 0: as deep as num_leaves lets it"),
      integer_param("min_child_samples", 5, 1, 1'000'000, "rows in a leaf at least"),
      real_param("lambda_l1", 0, 0, 1e4, "L1 penalty on leaf values"),
      real_param("lambda_l2", 1, 0, 1e4, "L2 penalty on leaf values"),
      real_param("min_split_gain", 0, 0, 1e4, "gain of a split at least"),
      real_param("path_smooth", 0, 0, 1e6, "pull a leaf towards its parent, as much as so many rows"),
      real_param("feature_fraction", 0.5, 0.01, 1, "share of the columns that a tree may use"),
      real_param("feature_fraction_bynode", 1, 0.01, 1, "share of a tree's columns that each split may use"),
      real_param("bagging_fraction", 0.8, 0.05, 1, "share of the rows that a tree is grown on"),
      flag_param("extra_trees", false, "one random threshold a column and node instead of the best one"),
      integer_param("max_bin", 255, 2, 65'535, "bins of a number"),
      text_param("monotone", "", "columns whose effect may only rise or only fall with bad, e.g. age:-,utilisation:+"),
      choice_param("categories", "by_size", {"by_size", "target_statistics", "native", "both", "none"},
                   "categories as LightGBM's own sets of levels (native), as ordered target statistics, as the one or the other by their "
                   "number of levels (by_size), as both, or left out"),
      integer_param("native_max_levels", 25, 1, 1000, "with by_size: a category with more levels becomes a target statistic"),
      integer_param("one_hot_max_levels", 2, 0, 100, "one 0/1 column a level for a category with at most so many levels (with target_statistics)"),
      real_param("prior_weight", 1, 0, 1e4, "of the overall bad rate in a target statistic, as so many rows"),
      integer_param("permutations", 1, 1, 16, "random orders of the target statistics: as many columns a category"),
      flag_param("frequency", false, "the share of a category's level as a column too"),
      integer_param("pair_statistics", 0, 0, 100, "target statistics of so many pairs of categories"),
      real_param("cat_smooth", 20, 0, 1e4, "native categories: smoothing of a level's rate"),
      integer_param("cat_min_rows", 20, 1, 1'000'000, "native categories: rows of a level at least for it to be sorted into a set"),
      real_param("cat_l2", 10, 0, 1e4, "native categories: L2 penalty"),
  };
}

}  // namespace

ModelEntry lightgbm_entry() {
  ModelEntry entry;
  entry.name = "lightgbm";
  entry.title = "Gradient boosting (LightGBM)";
  entry.family = "boost";
  entry.paper = "Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 2017";
  entry.summary = "leaf-wise boosted trees; small categories as sets, large ones by ordered target statistics";
  entry.params = lightgbm_params();
  entry.traits.early_stopping = true;
  entry.traits.trees = true;
  entry.prep = lightgbm_prep;
  // What differed most between the sets of the panel on their inner folds: pairs of categories, the size of the trees, and, where
  // bad loans are few, whether each tree sees all rows.
  entry.candidates = {{},
                      {{"pair_statistics", "5"}, {"prior_weight", "5"}},
                      {{"num_leaves", "31"}, {"bagging_fraction", "1"}, {"lambda_l2", "0.01"}},
                      {{"bagging_fraction", "1"}, {"learning_rate", "0.02"}, {"early_stopping", "100"}, {"lambda_l2", "0.01"}}};
  entry.tune_space = {{"learning_rate", 0.01, 0.2, true, {}},  {"early_stopping", 25, 150, true, {}}, {"num_leaves", 4, 64, true, {}},
                      {"min_child_samples", 2, 200, true, {}}, {"lambda_l2", 0.01, 100, true, {}},    {"feature_fraction", 0.2, 1, false, {}},
                      {"bagging_fraction", 0.4, 1, false, {}}, {"extra_trees", 0, 0, false, {}},      {"pair_statistics", 0, 8, false, {}},
                      {"prior_weight", 0.5, 50, true, {}}};
  return entry;
}

ModelEntry bo_lightgbm_entry() {
  ModelEntry entry = lightgbm_entry();
  entry.name = "bo_lightgbm";
  entry.title = "Gradient boosting, tuned by Bayesian optimisation";
  entry.paper = "Snoek, Larochelle & Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012";
  entry.parents = {"lightgbm"};
  entry.summary = "lightgbm with its parameters chosen on inner folds by a Gaussian process and expected improvement";
  entry.tune_trials = 40;
  entry.on_request = true;
  return entry;
}

}  // namespace obligor::zoo
