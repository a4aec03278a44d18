#include "cli/score_output.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "table/sink.h"

namespace obligor::cli {
namespace {

std::string ending(const std::string& path) {
  std::string text = std::filesystem::path(path).extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void append_quoted(std::string_view cell, fmt::memory_buffer& text) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    text.append(cell);
    return;
  }
  text.push_back('"');
  for (const char c : cell) {
    if (c == '"') text.push_back('"');
    text.push_back(c);
  }
  text.push_back('"');
}

void append_cell(const Column& column, size_t row, fmt::memory_buffer& text) {
  if (column.is_missing(row)) return;
  switch (column.kind()) {
    case ColumnKind::kNumber: fmt::format_to(std::back_inserter(text), "{:.9g}", column.numbers()[row]); return;
    case ColumnKind::kCategory: append_quoted(column.dictionary()[static_cast<size_t>(column.codes()[row])], text); return;
    default: append_quoted(column.cell_text(row), text);
  }
}

// The rows of a table as lines of CSV.
std::string csv_lines(const Table& table) {
  fmt::memory_buffer text;
  for (size_t r = 0; r < table.rows(); ++r) {
    fmt::format_to(std::back_inserter(text), "{}", table.source_row(r));
    for (const Column& column : table.columns()) {
      text.push_back(',');
      append_cell(column, r, text);
    }
    text.push_back('\n');
  }
  return fmt::to_string(text);
}

void write_csv(const std::string& path, const std::vector<StreamColumn>& columns, const std::function<std::optional<Table>()>& next) {
  std::unique_ptr<AtomicFile> file;
  if (!path.empty()) file = std::make_unique<AtomicFile>(path);
  const auto put = [&](const std::string& text) {
    if (file) {
      file->write(text);
    } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      throw Error(ErrorCode::kIo, "standard output: could not be written; is the disk full?");
    }
  };
  fmt::memory_buffer header;
  header.append(std::string_view("row"));
  for (const StreamColumn& column : columns) {
    header.push_back(',');
    append_quoted(column.name, header);
  }
  header.push_back('\n');
  put(fmt::to_string(header));
  while (const auto table = next()) put(csv_lines(*table));
  if (file) file->commit();
}

SinkType sink_type(ColumnKind kind) {
  if (kind == ColumnKind::kNumber) return SinkType::kReal;
  return kind == ColumnKind::kDate ? SinkType::kDate : SinkType::kString;
}

}  // namespace

void check_score_path(const std::string& path) {
  if (path.empty() || ending(path) == ".csv" || ending(path) == ".parquet") return;
  throw Error(ErrorCode::kInvalid, fmt::format("--out {}: scores are written as .csv or .parquet; name the file so", path));
}

void write_scores(const std::string& path, const std::vector<StreamColumn>& columns, const std::function<std::optional<Table>()>& next) {
  if (ending(path) != ".parquet") return write_csv(path, columns, next);
  std::vector<SinkColumn> sink{{"row", SinkType::kRow}};
  for (const StreamColumn& column : columns) sink.push_back({column.name, sink_type(column.kind)});
  write_table_file(path, SinkFormat::kParquet, sink, next);
}

}  // namespace obligor::cli
