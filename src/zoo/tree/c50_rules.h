// Rules from a tree, after C4.5rules (Quinlan 1993, chapter 5): each path from the root to a leaf, shortened.
//
//   Json rules = rule_set(tree, columns, 0.25, features_of(input, columns.missing));    // best lift first
//
// A condition is dropped while the pessimistic error rate of the rule does not rise by it, the one that lowers it most first. Equal rules are
// one. A rule says good or bad, as the rows that it covers are for the most part; its confidence is (right + 1) / (covered + 2), its lift that
// over the share of its class. Rules whose lift is not above 1 are left out. The model scores by the tree: the rules are for people.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "zoo/tree/columns.h"
#include "zoo/tree/rule_tree.h"

namespace obligor::tree {

[[nodiscard]] Json rule_set(const RuleTree& tree, const Columns& columns, double confidence, const FeatureTexts& features);

}  // namespace obligor::tree
