// Leak guards: what makes an estimate too good to be true, found before anything is fitted.
//
//   for (const Guard& guard : leak_guards(table, task, split)) print(guard.message);
//
// Found: an id-like column (almost all values distinct and integer-like or string), a column that predicts the target alone with
// AUC > 0.995, rows that stand in both train and test (all features equal), constant and all-missing columns, a column that
// repeats another. `drop` says whether the column is left out by default (id-like, constant, all missing).
#pragma once

#include <string>
#include <vector>

#include "table/split.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

struct Guard {
  std::string kind;    // id_like, leak, duplicates, constant, all_missing, repeated
  std::string column;  // empty for row findings
  std::string message;
  bool drop = false;
};

[[nodiscard]] std::vector<Guard> leak_guards(const Table& table, const Task& task, const Split& split);

}  // namespace obligor
