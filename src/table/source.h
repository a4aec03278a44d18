// Reading tables through DuckDB: CSV, space-separated text, ARFF, Parquet, JSON lines, SQL.
//
//   Table table = read_table("loans.csv.zst", {});
//   ReadOptions options;  options.categories = {"zip"};  Table t = read_sql("select ...", options);
//   RowStream stream("big.parquet", options, schema);   while (auto chunk = stream.next()) score(*chunk);   // flat memory
//
// Rules: kinds are inferred (numbers, booleans and decimals -> number; DATE/TIMESTAMP -> date; strings -> category, or text when
// cells are longer than 40 bytes on average and more than half of them distinct, of the first 65,536 rows or of all) and can be overridden by name.
// Empty cells and the stated null strings are missing. A byte-order mark is skipped. File order is kept; `source_row` counts data rows from 0.
// Infinities stay infinite; doubles beyond float32's range are clamped to its largest finite value, counted in `notes`. Errors (exit 2), each naming
// the file and, where there is one, the line: missing file, empty file, header without rows, ragged rows, bytes that are not UTF-8, duplicate column
// names, an unknown extension, SQL that fails.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/context.h"
#include "table/table.h"

namespace obligor {

struct ReadOptions {
  std::string format;                     // csv, space, arff, parquet, jsonl; empty = by extension
  std::string delimiter;                  // csv: empty = detected
  bool header = true;                     // csv and space
  int skip_lines = 0;                     // csv: lines before the header or the first row
  std::vector<std::string> column_names;  // when there is no header, or to rename
  std::vector<std::string> null_strings;  // besides the empty cell, e.g. NA, ?
  std::vector<std::string> categories;    // kinds by name
  std::vector<std::string> numbers;
  std::vector<std::string> dates;
  std::vector<std::string> texts;
  std::string select;        // a SELECT over the file, which it sees as the table `source`; empty = all columns
  int threads = 0;           // 0 = one a core
  std::string memory_limit;  // DuckDB's, e.g. "2GB"; empty = half of the machine's
};

struct ReadNote {
  std::string column;
  std::string message;  // "3 values beyond float32 were clamped to 3.4e38"
};

[[nodiscard]] Table read_table(const std::string& path, const ReadOptions& options, std::vector<ReadNote>* notes = nullptr);
[[nodiscard]] Table read_sql(const std::string& query, const ReadOptions& options, std::vector<ReadNote>* notes = nullptr);

// What a streaming reader must deliver: the columns that a bundle names, of the kinds that it was fitted on.
struct StreamColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kNumber;
};

// Chunks of a file or query in file order, in memory that does not grow with the file. Categories come with a dictionary a chunk.
class RowStream {
 public:
  RowStream(const std::string& path_or_sql, bool is_sql, const ReadOptions& options, const std::vector<StreamColumn>& columns);
  ~RowStream();
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;
  [[nodiscard]] std::optional<Table> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor
