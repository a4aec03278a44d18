// Writing tables of any length through DuckDB: blocks go in, a CSV or Parquet file comes out, memory does not grow with the file.
//
//   const std::vector<SinkColumn> columns{{"loan_id", SinkType::kString}, {"amount", SinkType::kInteger}, {"true_pd", SinkType::kReal}};
//   write_table_file("loans.parquet", SinkFormat::kParquet, columns, [&]() -> std::optional<Table> { return next_block(); });
//
// Contract: each block has the columns in that order: number columns for kReal and kInteger, date columns for kDate, category or text
// columns for kString; kRow is a row's source_row (64 bits wide) and takes no column of the block; missing cells become empty (CSV) or null. Rows are
// written in order by one writer, so the same blocks give the same bytes whatever the threads. The file appears under its name only when it is whole.
// Errors: what `next` throws; Error{kIo} when the file cannot be written; Error{kInternal} for a block of other columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "table/table.h"

namespace obligor {

enum class SinkFormat { kCsv, kParquet };
enum class SinkType { kReal, kInteger, kDate, kString, kRow };

struct SinkColumn {
  std::string name;
  SinkType type = SinkType::kReal;
};

// Returns the rows written.
uint64_t write_table_file(const std::filesystem::path& path, SinkFormat format, std::span<const SinkColumn> columns,
                          const std::function<std::optional<Table>()>& next);

}  // namespace obligor
