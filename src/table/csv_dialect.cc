#include "table/csv_dialect.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kHeadBytes = size_t{4} << 20;

// Ends the reading of a file early.
struct Enough {};

std::string head_of(const std::filesystem::path& path) {
  std::string head;
  try {
    read_raw(path, [&](std::string_view block) {
      head += block;
      if (head.size() >= kHeadBytes) throw Enough();
    });
  } catch (const Enough&) {
  }
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    throw Error(ErrorCode::kData, fmt::format("{}: the file is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)", path.string()));
  }
  if (head.starts_with(kByteOrderMark)) head.erase(0, kByteOrderMark.size());
  return head;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// The candidate that cuts the first record into most cells, and the second into as many.
char detect_delimiter(std::string_view head) {
  char best = ',';
  size_t best_cells = 1;
  bool best_agrees = false;
  for (const char candidate : {',', ';', '\t', '|'}) {
    size_t end = 0;
    const size_t cells = first_record(head, candidate, &end).size();
    const size_t second = end < head.size() ? first_record(head.substr(end), candidate, &end).size() : cells;
    const bool agrees = cells == second;
    if (cells < 2 || (best_agrees && !agrees)) continue;
    if (cells > best_cells || (agrees && !best_agrees)) {
      best = candidate;
      best_cells = cells;
      best_agrees = agrees;
    }
  }
  return best;
}

// Follows records through blocks of a file, counting lines and cells and checking UTF-8.
class Scanner {
 public:
  explicit Scanner(const CsvDialect& dialect) : dialect_(dialect), skip_(dialect.skip_lines) {}

  void scan(std::string_view block) {
    for (const char c : block) {
      step(c);
      if (fault_) throw Enough();
    }
  }
  void finish() {
    if (fault_) return;
    if (quoted_) fault_ = fmt::format("{}: the quoted cell that starts here does not end", quote_line_);
    else if (any_) end_record();
  }
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

 private:
  void step(char c) {
    check_utf8(static_cast<unsigned char>(c));
    if (skip_ > 0) {
      if (c != '\n') return;
      --skip_;
      record_line_ = ++line_;
      return;
    }
    if (quoted_) {
      if (c == dialect_.quote) {
        quoted_ = false;
        after_quote_ = true;
      } else if (c == '\n') {
        ++line_;
      }
      return;
    }
    if (c == dialect_.quote && (cell_start_ || after_quote_)) {
      // The second of two quotes goes on with the cell.
      if (cell_start_) quote_line_ = line_;
      quoted_ = true;
      cell_start_ = after_quote_ = false;
      any_ = true;
      return;
    }
    after_quote_ = false;
    if (c == '\n') {
      end_record();
      ++line_;
      record_line_ = line_;
    } else if (c == dialect_.delimiter) {
      ++cells_;
      cell_start_ = true;
      any_ = true;
    } else if (c != '\r') {
      cell_start_ = false;
      any_ = true;
    }
  }
  void end_record() {
    if (any_ && cells_ != dialect_.names.size()) {
      fault_ = fmt::format("{}: {} cells where the {} has {}", record_line_, cells_, dialect_.header ? "header" : "first row", dialect_.names.size());
    }
    cells_ = 1;
    any_ = false;
    cell_start_ = true;
  }
  void check_utf8(unsigned char c) {
    if (pending_ > 0) {
      if ((c & 0xC0) != 0x80) return bad_bytes();
      --pending_;
      return;
    }
    if (c < 0x80) return;
    if (c >= 0xC2 && c <= 0xDF) pending_ = 1;
    else if (c >= 0xE0 && c <= 0xEF) pending_ = 2;
    else if (c >= 0xF0 && c <= 0xF4) pending_ = 3;
    else bad_bytes();
  }
  void bad_bytes() { fault_ = fmt::format("{}: bytes that are not UTF-8; save the file as UTF-8 (for example: iconv -f latin1 -t utf-8)", line_); }

  const CsvDialect& dialect_;
  std::optional<std::string> fault_;
  size_t line_ = 1;
  size_t record_line_ = 1;
  size_t quote_line_ = 1;
  size_t cells_ = 1;
  int skip_;
  int pending_ = 0;
  bool any_ = false;
  bool cell_start_ = true;
  bool quoted_ = false;
  bool after_quote_ = false;
};

}  // namespace

std::vector<std::string> first_record(std::string_view text, char delimiter, size_t* end) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  bool cell_start = true;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cells.back() += c;
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell_start) {
      quoted = true;
      cell_start = false;
    } else if (c == delimiter) {
      cells.emplace_back();
      cell_start = true;
    } else if (c == '\n') {
      ++i;
      break;
    } else if (c != '\r') {
      cells.back() += c;
      cell_start = false;
    }
  }
  if (end != nullptr) *end = i;
  return cells;
}

std::vector<std::string> checked_names(const std::filesystem::path& path, std::vector<std::string> cells, bool header,
                                       const std::vector<std::string>& given) {
  if (!given.empty()) {
    if (given.size() != cells.size()) {
      throw Error(ErrorCode::kData,
                  fmt::format("{}: {} column names are given and the file has {} columns", path.string(), given.size(), cells.size()));
    }
    cells = given;
  }
  std::unordered_map<std::string, size_t> seen;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (given.empty()) cells[i] = header ? trimmed(cells[i]) : "";
    if (cells[i].empty()) cells[i] = fmt::format("column{}", i);
    const auto [found, fresh] = seen.emplace(cells[i], i + 1);
    if (!fresh) {
      throw Error(ErrorCode::kData, fmt::format("{}:1: column name '{}' stands twice (columns {} and {}); rename one of them", path.string(),
                                                cells[i], found->second, i + 1));
    }
  }
  return cells;
}

CsvDialect detect_csv(const std::filesystem::path& path, const ReadOptions& options) {
  std::string head = head_of(path);
  if (head.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Error(ErrorCode::kData, fmt::format("{}: the file is empty; a header and rows are wanted", path.string()));
  }
  CsvDialect dialect;
  dialect.skip_lines = options.skip_lines;
  for (int line = 0; line < options.skip_lines; ++line) head.erase(0, std::min(head.size(), head.find('\n') + 1));
  head.erase(0, head.find_first_not_of("\r\n"));
  dialect.header = options.header;
  if (options.delimiter.size() > 1 && options.delimiter != "\\t") {
    throw Error(ErrorCode::kInvalid, fmt::format("delimiter '{}' is not possible; it is one character, or \\t", options.delimiter));
  }
  if (options.delimiter.empty()) dialect.delimiter = detect_delimiter(head);
  else dialect.delimiter = options.delimiter == "\\t" ? '\t' : options.delimiter.front();
  size_t end = 0;
  dialect.names = checked_names(path, first_record(head, dialect.delimiter, &end), options.header, options.column_names);
  if (options.header && head.find_first_not_of("\r\n", end) == std::string::npos) {
    throw Error(ErrorCode::kData, fmt::format("{}: the file has a header and no rows", path.string()));
  }
  return dialect;
}

std::optional<std::string> find_csv_fault(const std::filesystem::path& path, const CsvDialect& dialect) {
  Scanner scanner(dialect);
  try {
    bool first = true;
    read_raw(path, [&](std::string_view block) {
      if (first && block.starts_with(kByteOrderMark)) block.remove_prefix(kByteOrderMark.size());
      first = false;
      scanner.scan(block);
    });
  } catch (const Enough&) {
  }
  scanner.finish();
  return scanner.fault();
}

}  // namespace obligor
