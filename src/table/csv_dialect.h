// What a CSV file looks like, found by reading its first record ourselves, and why a broken one is broken: DuckDB guesses both,
// and would rather read a ragged file as one column than say which line is wrong. Private to the room.
//
//   CsvDialect dialect = detect_csv(path, options);           // delimiter and column names
//   if (auto fault = find_csv_fault(path, dialect)) ...        // "17: 3 cells where the header has 4"
//
// Errors: Error{kData} for an empty file, a header without rows, a duplicate column name, a file that is not text in UTF-8.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "table/source.h"

namespace obligor {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
  bool header = true;
  int skip_lines = 0;
  std::vector<std::string> names;
};

[[nodiscard]] CsvDialect detect_csv(const std::filesystem::path& path, const ReadOptions& options);

// The cells of the first record of `text`; `end` is set to where the next one starts. Quoted cells may hold line ends.
[[nodiscard]] std::vector<std::string> first_record(std::string_view text, char delimiter, size_t* end);

// The first fault of the whole file as "LINE: what", or nothing.
[[nodiscard]] std::optional<std::string> find_csv_fault(const std::filesystem::path& path, const CsvDialect& dialect);

// The names that a file gets: `given` where there are any, else those of the header (trimmed; an empty one is column<i>), else
// column0 .. Throws for duplicates and for a wrong count of given names.
[[nodiscard]] std::vector<std::string> checked_names(const std::filesystem::path& path, std::vector<std::string> cells, bool header,
                                                     const std::vector<std::string>& given);

}  // namespace obligor
