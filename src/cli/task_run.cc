#include "cli/task_run.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/log.h"

namespace obligor::cli {

Table read_task_table(const DataOptions& data, const std::vector<std::string>& categories, const Context& context) {
  if (data.data.empty() == data.sql.empty()) throw Error(ErrorCode::kInvalid, "compare: one of DATA and --sql is wanted");
  ReadOptions read = data.read;
  read.threads = context.threads();
  read.categories.insert(read.categories.end(), categories.begin(), categories.end());
  std::vector<ReadNote> notes;
  Table table = data.sql.empty() ? read_table(data.data, read, &notes) : read_sql(data.sql, read, &notes);
  for (const auto& note : notes) log_warn(note.column.empty() ? note.message : fmt::format("column '{}': {}", note.column, note.message));
  return table;
}

}  // namespace obligor::cli
