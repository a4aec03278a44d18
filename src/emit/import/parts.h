// What the importers of models share: refusals, a column an input, and the outputs that every imported plan has.
//
//   NodeId raw = builder.trees(import_parts::number_inputs(builder, names, source), trees);
//   return import_parts::finish(builder, raw, "lightgbm");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/builder.h"

namespace obligor::import_parts {

[[noreturn]] void refuse(std::string_view source, std::string_view what);   // Error{kUnsupported}: a plan cannot say it yet
[[noreturn]] void damaged(std::string_view source, std::string_view what);  // Error{kData}: the file is no whole model

// The outputs log_odds, probability and points (600 at odds 50:1, 20 double the odds), and the plan.
[[nodiscard]] ScorePlan finish(PlanBuilder& builder, NodeId log_odds, std::string_view tool);

// Error{kData} for no name, or one that comes twice.
void check_names(const std::vector<std::string>& names, std::string_view source);
// A column of numbers a name, side by side.
[[nodiscard]] NodeId number_inputs(PlanBuilder& builder, const std::vector<std::string>& names, std::string_view source);

// A tree that looks at a column that is not there would be a fault of the builder's otherwise.
void check_features(const TreeArrays& trees, size_t features, std::string_view source);

}  // namespace obligor::import_parts
