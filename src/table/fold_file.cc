#include "table/fold_file.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const size_t comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    while (!cell.empty() && (cell.front() == ' ' || cell.front() == '"')) cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '"' || cell.back() == '\r')) cell.remove_suffix(1);
    cells.push_back(cell);
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

template <typename T>
T whole_number(std::string_view cell, const std::filesystem::path& path, uint64_t line, const char* column) {
  T value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) {
    throw Error(ErrorCode::kData, fmt::format("{}:{}: column '{}': '{}' is not a whole number from 0 on", path.string(), line, column, cell));
  }
  return value;
}

}  // namespace

std::vector<FoldRow> read_fold_file(const std::filesystem::path& path) {
  const std::string content = read_raw_file(path);
  std::string_view rest = content;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::vector<FoldRow> rows;
  size_t row_at = 0;
  size_t fold_at = 0;
  size_t width = 0;
  for (uint64_t line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.empty() || text == "\r") continue;
    const auto cells = cells_of(text);
    if (width == 0) {
      width = cells.size();
      row_at = static_cast<size_t>(std::find(cells.begin(), cells.end(), "row") - cells.begin());
      fold_at = static_cast<size_t>(std::find(cells.begin(), cells.end(), "fold") - cells.begin());
      if (row_at == width || fold_at == width) {
        throw Error(ErrorCode::kData, fmt::format("{}:{}: the header is '{}'; a fold file has the columns row,fold", path.string(), line, text));
      }
      continue;
    }
    if (cells.size() != width) {
      throw Error(ErrorCode::kData, fmt::format("{}:{}: {} cells where the header has {}", path.string(), line, cells.size(), width));
    }
    rows.push_back({whole_number<uint64_t>(cells[row_at], path, line, "row"), whole_number<uint32_t>(cells[fold_at], path, line, "fold"), line});
  }
  if (rows.empty()) throw Error(ErrorCode::kData, fmt::format("{}: the fold file lists no rows", path.string()));
  return rows;
}

}  // namespace obligor
