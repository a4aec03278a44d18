// Data profile: what each column holds, for the report. A description of all rows, never a result.
//
//   Json profile = data_profile(table, task, guards, context);       // "profile" in docs/compare-json.md
#pragma once

#include <vector>

#include "core/context.h"
#include "core/json.h"
#include "table/guard.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

[[nodiscard]] Json data_profile(const Table& table, const Task& task, const std::vector<Guard>& guards, const Context& context);

}  // namespace obligor
