// The model that every rule tree leaves: one or several trees, their probabilities averaged with weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/model.h"
#include "zoo/tree/rule_tree.h"

namespace obligor::tree {

struct WeightedTree {
  RuleTree tree;
  double weight = 1;
};

// The weights sum to 1.
[[nodiscard]] std::unique_ptr<Model> make_tree_model(std::vector<WeightedTree> trees, size_t width, std::string owner);

}  // namespace obligor::tree
