// Cost-complexity pruning (Breiman et al. 1984, chapter 3 and section 11.5).
//
//   PruningSequence sequence = prune_sequence(tree, risk);
//   RuleTree smaller = prune_at(tree, sequence, 0.003);
//   ChosenPruning chosen = choose_by_folds(columns, options, risk, {.folds = 10, .se = 1}, context);
//
// The risk R of a leaf, as a share of the whole weight, is one of two: `kGini`, 2 p(1-p), the squared error of a probability tree
// (section 4.6; what scikit-learn prunes by), or `kMisclassification`, the cost of calling the leaf its cheaper class (with priors and costs in
// the weights). Node t collapses at alpha(t), the weakest link g(t) = (R(t) - R(T_t)) / (leaves of T_t - 1) at the step that removes it.
// By folds: a tree is grown without each fold and judged on it at the geometric means of neighbouring alphas; the tree chosen is the
// smallest one whose cost is within `se` standard errors of the least.
#pragma once

#include <vector>

#include "zoo/tree/cart_grow.h"

namespace obligor::tree {

enum class Risk : uint8_t { kGini, kMisclassification };

struct PruningSequence {
  std::vector<double> collapse;  // by node: the alpha from which it is a leaf; minus infinity for a leaf
  std::vector<double> alpha;     // ascending, the first is 0
  std::vector<size_t> leaves;    // of the tree at each alpha
  std::vector<double> risk;      // of the tree at each alpha, on the rows it was grown on
};

[[nodiscard]] PruningSequence prune_sequence(const RuleTree& tree, const CartOptions& options, Risk risk);
[[nodiscard]] RuleTree prune_at(const RuleTree& tree, const PruningSequence& sequence, double alpha);

struct FoldOptions {
  size_t folds = 10;
  double se = 1;
};

struct ChosenPruning {
  std::vector<double> cost;   // by step of the sequence: on the rows left out
  std::vector<double> error;  // its standard error
  size_t chosen = 0;
};

// `sequence` is that of the tree grown on all rows.
[[nodiscard]] ChosenPruning choose_by_folds(const Columns& columns, const CartOptions& options, Risk risk, const PruningSequence& sequence,
                                            const FoldOptions& folds, const Context& context);

}  // namespace obligor::tree
