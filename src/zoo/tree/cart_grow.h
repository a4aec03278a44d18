// Grows a classification tree by the rules of Breiman, Friedman, Olshen and Stone (1984), chapters 2, 4 and 5.
//
//   CartOptions options;  options.min_leaf = 20;
//   RuleTree tree = grow_cart(columns, rows, options, context);       // columns with their ranks
//   add_surrogates(tree, columns, rows, options, context);            // once it is pruned
//
// A split is the one that lowers the impurity (Gini: 2 p(1-p), or entropy in nats) of the rows that know the column most, weighted by their
// share. A number is cut between two neighbouring values; a category's levels are ordered by their bad rate and cut once, which
// finds the best of all subsets for two classes (theorem 4.5). Surrogates (section 5.3) are the best splits of the other columns at
// imitating the primary one; one is kept when it agrees with it more often than sending all rows to the heavier child does. Growing looks
// for them only where a row of the node does not know the split's column; the other nodes get theirs when the tree has its size.
// Priors and costs enter as a factor on the weight of each class (section 4.4, exact for two classes).
// Contract: rows are those to grow on; counts (min_split, min_leaf) are sums of row weights, so weight 2 is the row twice. Ties
// go to the earlier column and the lower threshold. A node's value is made by `smoothing`.
#pragma once

#include <cstdint>
#include <span>

#include "core/context.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/rule_tree.h"

namespace obligor::tree {

enum class Impurity : uint8_t { kGini, kEntropy };

struct CartOptions {
  Impurity impurity = Impurity::kGini;
  double growth[2] = {1, 1};  // factor on the weight of goods and bads: priors and costs
  Smoothing smoothing;        // its factors: the priors alone
  int max_depth = 30;
  double min_split = 20;
  double min_leaf = 7;
  size_t surrogates = 5;
  // Rows that do not know the column belong to the split: they go to the side that lowers the impurity most, or stand alone against all that
  // know it. No surrogates then. What training had no missing value of goes to the heavier child.
  bool missing_branch = false;
};

[[nodiscard]] RuleTree grow_cart(const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context);
// The surrogates of the nodes that have none, from the rows that the tree was grown on.
void add_surrogates(RuleTree& tree, const Columns& columns, std::span<const uint32_t> rows, const CartOptions& options, const Context& context);

}  // namespace obligor::tree
