// A fold file: CSV (plain, .gz or .zst) with a header that holds `row` and `fold`; row = 0-based data row of the source file.
//
//   std::vector<FoldRow> rows = read_fold_file("taiwan.csv");
//
// Errors: Error{kNotFound} no such file; Error{kData} with the line: no such columns, a cell that is not a whole number, no rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace obligor {

struct FoldRow {
  uint64_t row = 0;
  uint32_t fold = 0;
  uint64_t line = 0;  // 1-based line of the fold file, for messages
};

[[nodiscard]] std::vector<FoldRow> read_fold_file(const std::filesystem::path& path);

}  // namespace obligor
