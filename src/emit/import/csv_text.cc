#include "emit/import/csv_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

[[noreturn]] void fail(std::string_view source, size_t line, std::string_view what) {
  throw Error(ErrorCode::kData, fmt::format("{}:{}: {}", source, line, what));
}

char separator_of(std::string_view text) {
  const std::string_view head = text.substr(0, text.find('\n'));
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (std::count(head.begin(), head.end(), c) > std::count(head.begin(), head.end(), best)) best = c;
  }
  return best;
}

// Cuts the cells of one record off the front of `text`.
std::vector<std::string> take_record(std::string_view& text, char separator, size_t& line, std::string_view source) {
  std::vector<std::string> cells(1);
  const size_t begin = line;
  size_t at = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += c;
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      cells.emplace_back();
    } else if (c == '\n') {
      break;
    } else {
      cells.back() += c;
    }
  }
  if (quoted) fail(source, begin, "a quoted cell does not end");
  if (at == text.size()) ++line;
  text.remove_prefix(std::min(at + 1, text.size()));
  if (!cells.back().empty() && cells.back().back() == '\r') cells.back().pop_back();
  return cells;
}

}  // namespace

CsvText read_csv_text(std::string_view text, std::string_view source) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const char separator = separator_of(text);
  size_t line = 1;
  CsvText made;
  made.names = take_record(text, separator, line, source);
  if (made.names.size() < 2) fail(source, 1, "the first line does not name at least two columns");
  while (!text.empty()) {
    const size_t begin = line;
    auto cells = take_record(text, separator, line, source);
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() != made.names.size())
      fail(source, begin, fmt::format("{} cells where the first line names {} columns", cells.size(), made.names.size()));
    made.rows.push_back(std::move(cells));
    made.lines.push_back(begin);
  }
  if (made.rows.empty()) fail(source, 1, "the table has no rows");
  return made;
}

}  // namespace obligor
