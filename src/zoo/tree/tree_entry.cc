// The registry rows of the rule trees.
#include "zoo/tree/tree.h"

namespace obligor::zoo {
namespace {

// Numbers as they are, missing values missing; small categories as codes, large ones as ordered target statistics.
PrepSpec tree_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = NumberCoding::kRaw;
  spec.impute = false;
  spec.missing_flag = false;
  spec.special_codes = false;
  spec.ordinal = true;
  spec.ordinal_missing = true;
  spec.ordinal_max_levels = static_cast<int>(params.integer("max_levels"));
  spec.target_statistics_min_levels = spec.ordinal_max_levels + 1;
  spec.prior_weight = 10;
  return spec;
}

ParamSpec levels_param() { return integer_param("max_levels", 50, 1, 10'000, "a category with more levels enters as an ordered target statistic"); }

ParamSpec parent_param() {
  return real_param("parent_prior", 0, 0, 1e6,
                    "weight of the probability of the node above in a node's own, in rows, all the way down from the root");
}

}  // namespace

ModelEntry cart_entry() {
  ModelEntry entry;
  entry.name = "cart";
  entry.title = "Classification tree (CART)";
  entry.family = "tree";
  entry.paper = "Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, Wadsworth 1984";
  entry.summary = "binary splits by Gini or entropy, surrogate splits for missing values, pruned by cost and complexity over folds";
  entry.params = {
      choice_param("criterion", "gini", {"gini", "entropy"}, "impurity that a split lowers"),
      real_param("min_split", 20, 2, 1e9, "rows (by weight) of a node that may be split"),
      real_param("min_leaf", 10, 1, 1e9, "rows (by weight) of a leaf at least"),
      integer_param("max_depth", 30, 0, 60, "splits from the root to a leaf at most"),
      choice_param("prune", "cv", {"cv", "fixed", "none"}, "cv: at the alpha that folds choose; fixed: at the given alpha"),
      choice_param("prune_risk", "gini", {"gini", "misclassification"}, "cost of a leaf: squared error of its probability, or its wrong class"),
      real_param("alpha", 0, 0, 1, "cost of a leaf when prune = fixed", false),
      real_param("se", 1, 0, 10, "standard errors above the least cost that a smaller tree may have (1: the one-SE rule, 0: the least)"),
      integer_param("folds", 10, 2, 100, "folds of the pruning"),
      choice_param("missing", "surrogates", {"surrogates", "branch"},
                   "a row that does not know the split's column: follows the columns that imitate it; or belongs to the branch that it fits best"),
      integer_param("surrogates", 5, 0, 100, "surrogate splits kept a node, for missing values"),
      real_param("prior_bad", 0, 0, 0.9999, "prior share of bads; 0: that of the training rows"),
      real_param("cost_bad_accepted", 1, 1e-6, 1e6, "cost of calling a bad good", true),
      real_param("cost_good_refused", 1, 1e-6, 1e6, "cost of calling a good bad", true),
      real_param("leaf_prior", 1, 0, 1e6, "weight of the overall bad share in a leaf's probability, in rows"),
      parent_param(),
      levels_param(),
  };
  entry.traits.trees = true;
  entry.prep = tree_prep;
  // The pruned tree of the book, and trees that are left whole but whose leaves draw on what is above them, which rank better.
  entry.candidates = {{{"se", "0"}},
                      {{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "100"}},
                      {{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "100"}, {"min_leaf", "3"}, {"min_split", "10"}},
                      {{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "30"}, {"min_leaf", "3"}, {"min_split", "10"}},
                      {{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "30"}, {"max_depth", "6"}},
                      {{"prune", "none"}, {"missing", "branch"}, {"parent_prior", "100"}, {"min_leaf", "100"}, {"min_split", "200"}}};
  entry.tune_space = {{"criterion", 0, 0, false, {"gini", "entropy"}},
                      {"min_leaf", 2, 200, true, {}},
                      {"max_depth", 2, 30, true, {}},
                      {"min_split", 4, 400, true, {}},
                      {"prune", 0, 0, false, {"cv", "none"}},
                      {"missing", 0, 0, false, {"surrogates", "branch"}},
                      {"se", 0, 1.5, false, {}},
                      {"parent_prior", 0, 300, false, {}}};
  return entry;
}

ModelEntry chaid_entry() {
  ModelEntry entry;
  entry.name = "chaid";
  entry.title = "CHAID tree";
  entry.family = "tree";
  entry.paper = "Kass: An exploratory technique for investigating large quantities of categorical data, Applied Statistics 29(2), 1980";
  entry.summary = "branches where a chi-square test finds them, as many a node as differ; categories merged, p-values adjusted by Bonferroni";
  entry.params = {
      real_param("alpha_split", 0.05, 1e-12, 1, "a column parts a node when its adjusted p-value is at most this", true),
      real_param("alpha_merge", 0.05, 1e-6, 1, "two groups of categories are merged while their p-value is above this"),
      real_param("alpha_split_merged", 0.049, 0, 1, "a merged group is parted again at this p-value (below alpha_merge); 0: never"),
      flag_param("exhaustive", false, "Biggs, de Ville and Suen (1991): merge down to two groups and take the best grouping on the way"),
      choice_param("statistic", "pearson", {"pearson", "likelihood_ratio"}, "the chi-square statistic"),
      flag_param("bonferroni", true, "multiply a p-value by the number of groupings that were possible"),
      integer_param("bins", 10, 2, 1000, "a number enters as so many ordered categories of about equal weight"),
      integer_param("max_depth", 5, 0, 30, "splits from the root to a leaf at most"),
      real_param("min_split", 50, 2, 1e9, "rows (by weight) of a node that may be split"),
      real_param("min_leaf", 20, 1, 1e9, "rows (by weight) of a branch at least"),
      real_param("leaf_prior", 1, 0, 1e6, "weight of the overall bad share in a leaf's probability, in rows"),
      parent_param(),
      levels_param(),
  };
  entry.traits.trees = true;
  entry.traits.deterministic_convex = true;
  entry.prep = tree_prep;
  // A node whose value draws on the one above it may be small, so looser tests pay.
  entry.candidates = {{},
                      {{"alpha_split", "0.3"}, {"max_depth", "8"}, {"min_split", "20"}, {"min_leaf", "5"}, {"parent_prior", "30"}},
                      {{"alpha_split", "0.3"}, {"alpha_merge", "0.2"}, {"alpha_split_merged", "0.19"}, {"max_depth", "8"}, {"parent_prior", "30"}},
                      {{"alpha_split", "1"},
                       {"alpha_merge", "0.2"},
                       {"alpha_split_merged", "0.19"},
                       {"max_depth", "8"},
                       {"min_split", "20"},
                       {"min_leaf", "5"},
                       {"parent_prior", "100"}}};
  entry.tune_space = {{"alpha_split", 1e-4, 1, true, {}},
                      {"alpha_merge", 0.01, 0.5, true, {}},
                      {"alpha_split_merged", 0, 0.4, false, {}},
                      {"exhaustive", 0, 0, false, {}},
                      {"bins", 4, 40, true, {}},
                      {"max_depth", 2, 10, false, {}},
                      {"min_split", 20, 500, true, {}},
                      {"min_leaf", 5, 200, true, {}},
                      {"parent_prior", 0, 300, false, {}}};
  return entry;
}

ModelEntry c50_entry() {
  ModelEntry entry;
  entry.name = "c50";
  entry.title = "C5.0 tree";
  entry.family = "tree";
  entry.paper = "Quinlan: C4.5: Programs for Machine Learning, Morgan Kaufmann 1993; Improved use of continuous attributes in C4.5, JAIR 4, 1996";
  entry.summary = "splits by gain ratio, missing values shared out, pessimistic and global pruning, winnowing, boosting, rules with their lift";
  entry.params = {
      integer_param("trials", 1, 1, 100, "boosting trials: trees whose scores are averaged"),
      real_param("min_cases", 2, 1, 1e9, "rows (by weight) that at least two branches of a split must have"),
      real_param("confidence", 0.25, 1e-6, 0.5, "of the pessimistic error rate: smaller prunes more", true),
      flag_param("prune", true, "prune by pessimistic errors"),
      flag_param("global_pruning", true, "then prune while the errors stay within one standard error"),
      flag_param("winnow", false, "leave out columns that a trial tree does not need"),
      flag_param("subset", false, "branches for groups of levels instead of one a level"),
      integer_param("max_depth", 40, 0, 60, "splits from the root to a leaf at most"),
      real_param("cost_bad_accepted", 1, 1e-6, 1e6, "cost of calling a bad good, that of calling a good bad being 1", true),
      real_param("leaf_prior", 1, 0, 1e6, "weight of the overall bad share in a leaf's probability, in rows"),
      parent_param(),
      levels_param(),
  };
  entry.traits.trees = true;
  entry.prep = tree_prep;
  // A tree that errs little may rank badly: boosting keeps more leaves, and so does a tree that is left whole, each leaf drawing on what is above it.
  entry.candidates = {{}, {{"trials", "10"}, {"min_cases", "10"}}, {{"prune", "false"}, {"min_cases", "5"}, {"parent_prior", "30"}}};
  entry.tune_space = {{"trials", 1, 30, true, {}}, {"min_cases", 2, 100, true, {}},        {"confidence", 0.01, 0.5, true, {}},
                      {"prune", 0, 0, false, {}},  {"global_pruning", 0, 0, false, {}},    {"winnow", 0, 0, false, {}},
                      {"subset", 0, 0, false, {}}, {"cost_bad_accepted", 1, 10, true, {}}, {"parent_prior", 0, 100, false, {}}};
  return entry;
}

ModelEntry tree_vote_entry() {
  ModelEntry entry;
  entry.name = "tree_vote";
  entry.title = "Weighted vote of CART, CHAID and C5.0";
  entry.family = "tree";
  entry.paper = "Pang et al. (2021), combined early-warning model (WT) of C5.0, CART and CHAID";
  entry.parents = {"cart", "chaid", "c50"};
  entry.summary = "mean of the three trees' probabilities, weighted by how well each does on rows held back";
  entry.params = {
      choice_param("weights", "gini", {"gini", "accuracy", "equal"},
                   "a tree's weight: its Gini (2 AUC - 1) or its accuracy on rows held back, or equal"),
      integer_param("folds", 5, 2, 50, "folds that measure the weights"),
      choice_param("cart_prune", "cv", {"cv", "none"}, "cart: prune"),
      choice_param("cart_missing", "surrogates", {"surrogates", "branch"}, "cart: missing"),
      real_param("cart_se", 0, 0, 10, "cart: se"),
      real_param("cart_min_leaf", 10, 1, 1e9, "cart: min_leaf; min_split is twice as much"),
      real_param("chaid_alpha_split", 0.05, 1e-12, 1, "chaid: alpha_split", true),
      integer_param("chaid_max_depth", 5, 0, 30, "chaid: max_depth"),
      integer_param("c50_trials", 10, 1, 100, "c50: trials"),
      real_param("c50_min_cases", 10, 1, 1e9, "c50: min_cases"),
      real_param("parent_prior", 0, 0, 1e6, "cart, chaid: parent_prior"),
      levels_param(),
  };
  entry.traits.trees = true;
  entry.prep = tree_prep;
  // The members as each is alone by default; and larger trees whose leaves draw on the node above.
  entry.candidates = {{},
                      {{"cart_prune", "none"},
                       {"cart_missing", "branch"},
                       {"cart_min_leaf", "30"},
                       {"chaid_alpha_split", "0.3"},
                       {"chaid_max_depth", "8"},
                       {"parent_prior", "100"}}};
  entry.tune_space = {{"weights", 0, 0, false, {"gini", "accuracy", "equal"}},
                      {"cart_prune", 0, 0, false, {"cv", "none"}},
                      {"cart_missing", 0, 0, false, {"surrogates", "branch"}},
                      {"cart_min_leaf", 3, 200, true, {}},
                      {"chaid_alpha_split", 1e-4, 1, true, {}},
                      {"parent_prior", 0, 300, false, {}},
                      {"cart_se", 0, 1.5, false, {}},
                      {"chaid_max_depth", 2, 10, false, {}},
                      {"c50_trials", 1, 30, true, {}},
                      {"c50_min_cases", 2, 100, true, {}}};
  return entry;
}

}  // namespace obligor::zoo
