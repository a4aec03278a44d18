// The columns that a plan reads, as a streaming reader must deliver them.
#pragma once

#include <vector>

#include "plan/plan.h"
#include "table/source.h"

namespace obligor::cli {

[[nodiscard]] inline ColumnKind kind_of(const PlanInput& input) {
  if (input.kind == InputKind::kCategory) return input.from == "text" ? ColumnKind::kText : ColumnKind::kCategory;
  return input.from == "date" ? ColumnKind::kDate : ColumnKind::kNumber;
}

[[nodiscard]] inline std::vector<StreamColumn> plan_columns(const ScorePlan& plan) {
  std::vector<StreamColumn> columns;
  for (const PlanInput& input : plan.inputs) columns.push_back({input.name, kind_of(input)});
  return columns;
}

}  // namespace obligor::cli
