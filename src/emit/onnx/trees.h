// Op `trees` as ai.onnx.ml.TreeEnsembleRegressor, in double: its sum is then the reference interpreter's.
#pragma once

#include <string>

#include "emit/onnx/graph.h"
#include "plan/plan.h"

namespace obligor::onnx {

// The name of [rows, 1] float. x: the name of the node's input.
[[nodiscard]] std::string add_trees(OnnxGraph& graph, const ScorePlan& plan, const Node& node, const std::string& x);

}  // namespace obligor::onnx
