#include "table/source_query.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "table/arff.h"
#include "table/duckdb_library.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::array<unsigned char, 4> first_bytes(const std::string& path) {
  std::array<unsigned char, 4> bytes{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  return bytes;
}

// The file's bytes say how it is packed, not its name.
std::string compression_of(const std::string& path) {
  const auto bytes = first_bytes(path);
  if (bytes[0] == 0x1F && bytes[1] == 0x8B) return "gzip";
  if (bytes[0] == 0x28 && bytes[1] == 0xB5 && bytes[2] == 0x2F && bytes[3] == 0xFD) return "zstd";
  return "none";
}

std::string format_of(const std::string& path, const ReadOptions& options) {
  std::string format = lower(options.format);
  std::filesystem::path bare = path;
  if (const std::string packed = lower(bare.extension().string()); packed == ".gz" || packed == ".zst") bare = bare.stem();
  const std::string extension = lower(bare.extension().string());
  if (format.empty()) {
    static const std::unordered_map<std::string, std::string> formats{
        {".csv", "csv"},    {".tsv", "csv"},     {".tab", "csv"},      {".txt", "text"},  {".dat", "text"},
        {".data", "text"},  {".test", "text"},   {".asc", "text"},     {".arff", "arff"}, {".parquet", "parquet"},
        {".pq", "parquet"}, {".jsonl", "jsonl"}, {".ndjson", "jsonl"}, {".json", "jsonl"}};
    const auto found = formats.find(extension);
    if (found == formats.end()) {
      throw Error(ErrorCode::kUnsupported, fmt::format("{}: unknown extension '{}'; known are .csv .tsv .txt .data .asc .dat .arff .parquet "
                                                       ".jsonl .ndjson .json, each also with .gz or .zst; or name the format",
                                                       path, extension));
    }
    return found->second;
  }
  if (!contains({"csv", "space", "arff", "parquet", "jsonl"}, format)) {
    throw Error(ErrorCode::kUnsupported, fmt::format("{}: unknown format '{}'; known are csv, space, arff, parquet, jsonl", path, options.format));
  }
  return format;
}

// Names that DuckDB, for which Age and age are one name, takes as they are; the table gets the true ones.
std::vector<std::string> sql_names(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  std::unordered_map<std::string, int> seen;
  for (const std::string& name : names) {
    std::string free = name;
    while (!seen.emplace(lower(free), 0).second) free += "_";
    result.push_back(free);
  }
  return result;
}

std::string text_list(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  quoted.reserve(values.size());
  for (const std::string& value : values) quoted.push_back(sql_text(value));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

// The call of read_csv for a text file whose dialect is known. `types` are per column, "" = inferred.
std::string read_csv_call(const SourceQuery& query, const ReadOptions& options, const std::vector<std::string>& types, std::vector<std::string> nulls,
                          int sample) {
  const CsvDialect& dialect = *query.dialect;
  const auto names = sql_names(dialect.names);
  nulls.insert(nulls.begin(), "");
  nulls.insert(nulls.end(), options.null_strings.begin(), options.null_strings.end());
  std::vector<std::string> typed;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string type = types[i];
    if (contains(options.categories, dialect.names[i]) || contains(options.texts, dialect.names[i])) type = "VARCHAR";
    // Under a select the rows that are no numbers may be those that it leaves out; its result is cast instead.
    if (contains(options.numbers, dialect.names[i]) && options.select.empty()) type = "DOUBLE";
    if (contains(options.dates, dialect.names[i])) type = "";
    if (!type.empty()) typed.push_back(fmt::format("{}: '{}'", sql_text(names[i]), type));
  }
  std::string call = fmt::format(
      "read_csv({}, auto_detect=true, delim={}, quote={}, escape={}, header={}, skip={}, comment='', "
      "names={}, nullstr={}, sample_size={}, strict_mode=true, null_padding=false, ignore_errors=false, "
      "compression='{}'",
      sql_text(query.text_file.string()), sql_text(std::string(1, dialect.delimiter)), sql_text(std::string(1, dialect.quote)),
      sql_text(std::string(1, dialect.quote)), dialect.header, dialect.skip_lines, text_list(names), text_list(nulls), sample,
      compression_of(query.text_file.string()));
  if (!typed.empty()) call += fmt::format(", types={{{}}}", fmt::join(typed, ", "));
  return call + ")";
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Runs of blanks become one; those at the ends of a line go. Cells may be quoted.
std::string single_spaced(const std::string& text) {
  std::string result;
  result.reserve(text.size());
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (!quoted && is_blank(c)) {
      const bool at_start = result.empty() || result.back() == '\n';
      if (!at_start && result.back() != ' ') result += ' ';
      continue;
    }
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n' && !quoted && !result.empty() && result.back() == ' ') result.pop_back();
    result += c;
  }
  return result;
}

// ARFF rows as CSV: no comments, no blanks beside commas. Each line stays a line, so that line numbers hold.
std::string arff_rows(std::string_view data, const std::string& path, size_t line) {
  std::string rows;
  rows.reserve(data.size());
  while (!data.empty()) {
    ++line;
    const size_t end = data.find('\n');
    std::string_view text = data.substr(0, end);
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    if (text.starts_with('{')) {
      throw Error(ErrorCode::kUnsupported, fmt::format("{}:{}: sparse ARFF rows cannot be read; write the file with all values", path, line));
    }
    if (!text.starts_with('%')) {
      char quote = 0;
      for (const char c : text) {
        if (quote != 0) {
          if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
          quote = c;
        } else if (is_blank(c) && (rows.empty() || rows.back() == ',' || rows.back() == '\n')) {
          continue;
        } else if (c == ',') {
          while (!rows.empty() && is_blank(rows.back())) rows.pop_back();
        }
        rows += c;
      }
    }
    rows += '\n';
  }
  return rows;
}

std::vector<std::string> plan_arff(SourceQuery& query, const std::string& path, const ReadOptions& options) {
  const std::string text = read_raw_file(path);
  if (text.empty()) throw Error(ErrorCode::kData, fmt::format("{}: the file is empty; an ARFF head and rows are wanted", path));
  const ArffHead head = parse_arff_head(text, path);
  const std::string rows = arff_rows(std::string_view(text).substr(head.data_offset), path, head.data_line);
  if (rows.find_first_not_of('\n') == std::string::npos) {
    throw Error(ErrorCode::kData, fmt::format("{}: the file has a head and no rows after @data", path));
  }
  CsvDialect dialect;
  dialect.header = false;
  if (rows.find('\'') != std::string::npos && rows.find('"') == std::string::npos) dialect.quote = '\'';
  std::vector<std::string> types;
  for (const ArffAttribute& attribute : head.attributes) {
    dialect.names.push_back(attribute.name);
    types.emplace_back(attribute.type == ArffType::kNumber ? "DOUBLE" : attribute.type == ArffType::kDate ? "" : "VARCHAR");
  }
  dialect.names = checked_names(path, dialect.names, true, options.column_names);
  query.dialect = dialect;
  query.line_offset = head.data_line;
  query.temporary = std::make_shared<TemporaryFile>(rows);
  query.text_file = query.temporary->path();
  return types;
}

void plan_space(SourceQuery& query, const std::string& path, const ReadOptions& options) {
  const std::string text = read_raw_file(path);
  const std::string spaced = single_spaced(text);
  query.text_file = path;
  if (spaced != text) {
    query.temporary = std::make_shared<TemporaryFile>(spaced);
    query.text_file = query.temporary->path();
  }
  ReadOptions by_space = options;
  by_space.delimiter = " ";
  query.dialect = detect_csv(query.text_file, by_space);
}

bool looks_space_separated(const std::string& path, const ReadOptions& options) {
  if (!options.delimiter.empty()) return options.delimiter == " ";
  ReadOptions plain;
  plain.header = false;
  if (detect_csv(path, plain).names.size() > 1) return false;
  plain.delimiter = " ";
  return detect_csv(path, plain).names.size() > 1;
}

void check_file(const std::string& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status)) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: there is no such file; check the path", path));
  }
  if (std::filesystem::is_directory(path, status)) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: this is a directory; name a file, or read many files with SQL", path));
  }
  if (std::filesystem::file_size(path, status) == 0) {
    throw Error(ErrorCode::kData, fmt::format("{}: the file is empty; a header and rows are wanted", path));
  }
}

std::string first_line(const std::string& message) { return message.substr(0, message.find('\n')); }

// What stands between two marks of a message, "" when they are not there.
std::string between(const std::string& text, const std::string& left, const std::string& right) {
  const size_t begin = text.find(left);
  if (begin == std::string::npos) return "";
  const size_t end = text.find(right, begin + left.size());
  return text.substr(begin + left.size(), end == std::string::npos ? end : end - begin - left.size());
}

std::string shown_type(const std::string& type) {
  if (type == "DOUBLE" || type == "BIGINT" || type == "FLOAT" || type == "INTEGER") return "number";
  if (type == "DATE" || type.starts_with("TIMESTAMP")) return "date";
  return type;
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& content) {
  std::string name = (std::filesystem::temp_directory_path() / "obligor-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) throw Error(ErrorCode::kIo, fmt::format("{}: cannot be made: {}", name, std::strerror(errno)));
  path_ = name;
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = ::write(descriptor, content.data() + written, content.size() - written);
    if (count < 0) {
      const std::string reason = std::strerror(errno);
      ::close(descriptor);
      ::unlink(name.c_str());
      throw Error(ErrorCode::kIo, fmt::format("{}: cannot be written: {}", name, reason));
    }
    written += static_cast<size_t>(count);
  }
  ::close(descriptor);
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

SourceQuery query_of_file(const std::string& path, const ReadOptions& options, int sample) {
  SourceQuery query;
  query.label = path;
  std::string format = format_of(path, options);
  check_file(path);
  if (format == "text") format = looks_space_separated(path, options) ? "space" : "csv";
  std::string call;
  if (format == "parquet") {
    call = fmt::format("read_parquet({})", sql_text(path));
  } else if (format == "jsonl") {
    call = fmt::format("read_json({}, format='auto', sample_size=-1, compression='{}')", sql_text(path),
                       compression_of(path) == "none" ? "uncompressed" : compression_of(path));
  } else {
    std::vector<std::string> types;
    std::vector<std::string> nulls;
    if (format == "arff") {
      types = plan_arff(query, path, options);
      nulls = {"?"};
    } else if (format == "space") {
      plan_space(query, path, options);
    } else {
      query.text_file = path;
      query.dialect = detect_csv(path, options);
    }
    types.resize(query.dialect->names.size());
    call = read_csv_call(query, options, types, nulls, sample);
  }
  if (options.select.empty()) {
    query.sql = "SELECT * FROM " + call;
    if (query.dialect) query.names = query.dialect->names;
    query.untyped = query.dialect && format != "arff";
  } else {
    query.setup.push_back("CREATE TEMP VIEW source AS SELECT *, row_number() OVER () - 1 AS source_row FROM " + call);
    query.sql = options.select;
  }
  return query;
}

SourceQuery query_of_sql(const std::string& sql, const ReadOptions& options) {
  SourceQuery query;
  query.label = "SQL";
  query.sql = sql;
  while (!query.sql.empty() && (std::isspace(static_cast<unsigned char>(query.sql.back())) != 0 || query.sql.back() == ';')) query.sql.pop_back();
  if (query.sql.empty()) throw Error(ErrorCode::kInvalid, "the SQL is empty; write a SELECT");
  if (!options.select.empty()) {
    query.setup.push_back("CREATE TEMP VIEW source AS SELECT *, row_number() OVER () - 1 AS source_row FROM (" + query.sql + ")");
    query.sql = options.select;
  }
  return query;
}

std::optional<Error> text_fault(const SourceQuery& query) {
  if (!query.dialect) return std::nullopt;
  const auto fault = find_csv_fault(query.text_file, *query.dialect);
  if (!fault) return std::nullopt;
  const size_t colon = fault->find(':');
  const size_t line = std::stoul(fault->substr(0, colon)) + query.line_offset;
  return Error(ErrorCode::kData, fmt::format("{}:{}{}", query.label, line, fault->substr(colon)));
}

Error explain_failure(const SourceQuery& query, const std::string& message) {
  if (message.find("Out of Memory") != std::string::npos) {
    return {ErrorCode::kIo, fmt::format("{}: {}; allow more with memory_limit", query.label, first_line(message))};
  }
  const std::string line = between(message, "CSV Error on Line: ", "\n");
  if (query.dialect && !line.empty()) {
    const std::string where = fmt::format("{}:{}", query.label, std::stoul(line) + query.line_offset);
    const std::string column = between(message, "Error when converting column \"", "\"");
    if (!column.empty()) {
      return {ErrorCode::kData,
              fmt::format("{}: column '{}': '{}' is not a {}; fix the cell, name it as a null string, or declare the "
                          "column a category",
                          where, column, between(message, "Could not convert string \"", "\" to"), shown_type(between(message, "\" to '", "'")))};
    }
    const std::string original = between(message, "Original Line: ", "\n");
    const size_t reason = message.find('\n', message.find("Original Line: "));
    return {ErrorCode::kData,
            fmt::format("{}: {} (in '{}')", where, reason == std::string::npos ? "cannot be read" : first_line(message.substr(reason + 1)),
                        original.substr(0, 60))};
  }
  const bool sql = query.label == "SQL" || !query.setup.empty();
  return {sql ? ErrorCode::kInvalid : ErrorCode::kData, fmt::format("{}: {}", query.label, first_line(message))};
}

}  // namespace obligor
