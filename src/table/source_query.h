// From a file and its options to the SQL that reads it. Private to the room.
//
//   SourceQuery query = query_of_file("loans.csv.zst", options, kFirstSample);
//   for (sql : query.setup) session.execute(sql);
//   session.stream(query.sql);
//
// Paths and names are always quoted. What DuckDB cannot read as it is (ARFF, blanks in runs) goes through a temporary file that
// lives as long as the query.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "table/csv_dialect.h"
#include "table/source.h"

namespace obligor {

// Types of CSV columns are first guessed on so many rows; when a later cell does not fit, all rows are looked at.
inline constexpr int kFirstSample = 40960;
inline constexpr int kAllRows = -1;

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct SourceQuery {
  std::string label;               // for messages: the path, or "SQL"
  std::vector<std::string> setup;  // statements that come first
  std::string sql;
  std::vector<std::string> names;     // the columns' true names by position; empty = as the result says
  std::optional<CsvDialect> dialect;  // set for text formats
  std::filesystem::path text_file;    // what DuckDB reads: the file, or the temporary one
  size_t line_offset = 0;             // lines of the file before the first line of text_file
  bool untyped = false;               // columns come straight from text, without a select
  std::shared_ptr<TemporaryFile> temporary;
};

[[nodiscard]] SourceQuery query_of_file(const std::string& path, const ReadOptions& options, int sample);
[[nodiscard]] SourceQuery query_of_sql(const std::string& sql, const ReadOptions& options);

// DuckDB's message about this query as an error of ours: one line, with the file and the line where there is one.
[[nodiscard]] Error explain_failure(const SourceQuery& query, const std::string& message);
// The fault that makes a text file unreadable under any types (ragged, not UTF-8, an open quote).
[[nodiscard]] std::optional<Error> text_fault(const SourceQuery& query);

}  // namespace obligor
