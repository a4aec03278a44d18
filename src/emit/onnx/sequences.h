// The operations over tokens and steps: `attend`, `recur` (its steps written out one after another), `convolve` and `pool`.
#pragma once

#include <string>
#include <vector>

#include "emit/onnx/graph.h"
#include "plan/plan.h"

namespace obligor::onnx {

// The name of [rows, width] float. in: the names of the node's inputs; types: of the plan's nodes.
[[nodiscard]] std::string add_sequence(OnnxGraph& graph, const ScorePlan& plan, const std::vector<ValueType>& types, const Node& node,
                                       const std::vector<std::string>& in);

}  // namespace obligor::onnx
