// CART: grow, prune, report. See cart_grow.h and cart_prune.h for the rules.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/tree/cart_prune.h"
#include "zoo/tree/tree.h"
#include "zoo/tree/tree_model.h"

namespace obligor::zoo {
namespace {

using tree::CartOptions;
using tree::Columns;
using tree::Impurity;
using tree::PruningSequence;
using tree::Risk;
using tree::RuleTree;

CartOptions options_of(const Params& params, const Columns& columns) {
  CartOptions options;
  options.impurity = params.text("criterion") == "entropy" ? Impurity::kEntropy : Impurity::kGini;
  const double total = columns.total[0] + columns.total[1];
  if (const double prior = params.real("prior_bad"); prior > 0) {
    options.smoothing.factor[0] = (1 - prior) / (columns.total[0] / total);
    options.smoothing.factor[1] = prior / (columns.total[1] / total);
  }
  options.growth[0] = options.smoothing.factor[0] * params.real("cost_good_refused");
  options.growth[1] = options.smoothing.factor[1] * params.real("cost_bad_accepted");
  // Only the ratio matters; with a sum that stays the whole weight, costs and gains keep their size.
  const double scale = total / (columns.total[0] * options.growth[0] + columns.total[1] * options.growth[1]);
  for (double& factor : options.growth) factor *= scale;
  options.smoothing.root = params.real("leaf_prior");
  options.smoothing.parent = params.real("parent_prior");
  options.max_depth = static_cast<int>(params.integer("max_depth"));
  options.min_leaf = params.real("min_leaf");
  options.min_split = std::max(params.real("min_split"), 2 * options.min_leaf);
  options.missing_branch = params.text("missing") == "branch";
  options.surrogates = static_cast<size_t>(params.integer("surrogates"));
  return options;
}

Json sequence_json(const PruningSequence& sequence, const tree::ChosenPruning& chosen) {
  Json steps = Json::array();
  for (size_t k = 0; k < sequence.alpha.size(); ++k) {
    Json step{{"alpha", sequence.alpha[k]}, {"leaves", sequence.leaves[k]}, {"risk", sequence.risk[k]}};
    if (!chosen.cost.empty()) {
      step["cv_risk"] = chosen.cost[k];
      step["cv_error"] = chosen.error[k];
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

FitResult fit_cart(const FitInput& input, const Params& params, const Context& context) {
  Columns columns = tree::columns_of(input, "model 'cart'");
  tree::rank_columns(columns, context);
  const CartOptions options = options_of(params, columns);
  std::vector<uint32_t> rows(columns.rows);
  std::iota(rows.begin(), rows.end(), 0U);
  const RuleTree grown = tree::grow_cart(columns, rows, options, context);
  FitResult result;
  Json& details = result.report.details;
  details["grown_leaves"] = grown.leaves();
  RuleTree kept = grown;
  if (params.text("prune") != "none") {
    const Risk risk = params.text("prune_risk") == "misclassification" ? Risk::kMisclassification : Risk::kGini;
    const PruningSequence sequence = tree::prune_sequence(grown, options, risk);
    double alpha = params.real("alpha");
    tree::ChosenPruning chosen;
    if (params.text("prune") == "cv") {
      // A fold needs both classes inside and outside.
      const auto bads = static_cast<size_t>(std::count(columns.target.begin(), columns.target.end(), 1));
      const size_t folds = std::min({static_cast<size_t>(params.integer("folds")), bads, columns.rows - bads});
      if (folds >= 2) {
        chosen = tree::choose_by_folds(columns, options, risk, sequence, {folds, params.real("se")}, context);
        alpha = sequence.alpha[chosen.chosen];
      } else {
        result.report.notes.emplace_back("too few rows of a class to prune by folds: pruned at alpha instead");
      }
    }
    kept = tree::prune_at(grown, sequence, alpha);
    details["alpha"] = alpha;
    details["pruning"] = sequence_json(sequence, chosen);
  }
  tree::add_surrogates(kept, columns, rows, options, context);
  if (kept.nodes.size() == 1) result.report.notes.emplace_back("the tree has no split: the score is the same for every row");
  details["leaves"] = kept.leaves();
  details["nodes"] = tree::describe(kept, tree::features_of(input, columns.missing));
  details["rules"] = tree::rules_text(details["nodes"]);
  result.report.importance = tree::importance(kept, input.train.width);
  std::vector<tree::WeightedTree> trees;
  trees.push_back({std::move(kept), 1.0});
  result.model = tree::make_tree_model(std::move(trees), input.train.width, "model 'cart'");
  return result;
}

}  // namespace obligor::zoo
