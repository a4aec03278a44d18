#include "table/source.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "table/column_reader.h"
#include "table/duckdb_library.h"
#include "table/source_query.h"

namespace obligor {
namespace {

constexpr std::string_view kSourceRow = "source_row";
constexpr size_t kChunksATable = 32;  // of 2,048 rows each

enum class Wanted { kInferred, kNumber, kCategory, kDate, kText };

using WantedKinds = std::unordered_map<std::string, Wanted>;

WantedKinds wanted_kinds(const ReadOptions& options) {
  WantedKinds wanted;
  const auto put = [&](const std::vector<std::string>& names, Wanted kind) {
    for (const std::string& name : names) {
      const auto [found, fresh] = wanted.emplace(name, kind);
      if (!fresh && found->second != kind) {
        throw Error(ErrorCode::kInvalid, fmt::format("column '{}' is declared to be of two kinds; declare one", name));
      }
    }
  };
  put(options.categories, Wanted::kCategory);
  put(options.numbers, Wanted::kNumber);
  put(options.dates, Wanted::kDate);
  put(options.texts, Wanted::kText);
  return wanted;
}

Wanted wanted_kind(const WantedKinds& wanted, const std::string& name) {
  const auto found = wanted.find(name);
  return found == wanted.end() ? Wanted::kInferred : found->second;
}

bool is_date(duckdb_type type) {
  return type == DUCKDB_TYPE_DATE || type == DUCKDB_TYPE_TIMESTAMP || type == DUCKDB_TYPE_TIMESTAMP_TZ || type == DUCKDB_TYPE_TIMESTAMP_S ||
         type == DUCKDB_TYPE_TIMESTAMP_MS || type == DUCKDB_TYPE_TIMESTAMP_NS;
}

// The SQL type that a column must be cast to, "" when it can be read as it is.
std::string needed_cast(const SourceQuery& query, const DuckColumn& column, Wanted wanted) {
  const bool readable = ColumnReader::readable(column.type);
  const bool string = column.type == DUCKDB_TYPE_VARCHAR;
  switch (wanted) {
    case Wanted::kNumber: return readable && !string && !is_date(column.type) ? "" : "DOUBLE";
    case Wanted::kCategory:
    case Wanted::kText: return string ? "" : "VARCHAR";
    case Wanted::kDate: return is_date(column.type) ? "" : "TIMESTAMP";
    case Wanted::kInferred: break;
  }
  if (readable) return "";
  switch (column.type) {
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL: return "DOUBLE";
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_BIT:
      throw Error(ErrorCode::kUnsupported, fmt::format("{}: column '{}' holds bytes; leave it out with a select", query.label, column.name));
    default: return "VARCHAR";
  }
}

// A running query whose columns are all of types that ColumnReader reads.
struct OpenSource {
  std::unique_ptr<DuckSession> session;
  std::unique_ptr<DuckResult> result;
  std::vector<DuckColumn> columns;  // with their true names
  std::vector<Wanted> wanted;
  std::optional<size_t> source_row;  // the position of the column of that name
};

void check_columns(const SourceQuery& query, const std::vector<DuckColumn>& columns, const WantedKinds& wanted) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  for (const DuckColumn& column : columns) {
    names.push_back(column.name);
    if (!seen.insert(column.name).second) {
      throw Error(ErrorCode::kData, fmt::format("{}: column name '{}' stands twice; rename one of them", query.label, column.name));
    }
  }
  for (const auto& [name, kind] : wanted) {
    if (seen.contains(name)) continue;
    throw Error(ErrorCode::kNotFound, fmt::format("{}: {}", query.label, unknown_name("column", name, names).what()));
  }
}

// `only`: the columns to read, in this order; empty = all.
OpenSource open_source(const SourceQuery& query, const ReadOptions& options, const WantedKinds& wanted, const std::vector<std::string>& only) {
  OpenSource source;
  source.session = std::make_unique<DuckSession>(DuckSettings{options.threads, options.memory_limit});
  for (const std::string& statement : query.setup) source.session->execute(statement);
  source.result = std::make_unique<DuckResult>(source.session->stream(query.sql));
  const std::vector<DuckColumn> found = source.result->columns();
  std::vector<DuckColumn> columns = found;
  if (!query.names.empty()) {
    if (columns.size() != query.names.size()) throw DuckFailure("the rows do not have the columns of the header");
    for (size_t i = 0; i < columns.size(); ++i) columns[i].name = query.names[i];
  }
  check_columns(query, columns, wanted);

  std::vector<size_t> chosen;
  if (only.empty()) {
    for (size_t i = 0; i < columns.size(); ++i) chosen.push_back(i);
  } else {
    std::unordered_map<std::string, size_t> position;
    for (size_t i = 0; i < columns.size(); ++i) position.emplace(columns[i].name, i);
    for (const std::string& name : only) chosen.push_back(position.at(name));
    const auto row = position.find(std::string(kSourceRow));
    if (row != position.end() && std::find(only.begin(), only.end(), kSourceRow) == only.end()) chosen.push_back(row->second);
  }
  bool as_it_is = chosen.size() == columns.size();
  std::string list;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const DuckColumn& column = columns[chosen[i]];
    const Wanted kind = wanted_kind(wanted, column.name);
    const bool is_row = column.name == kSourceRow && kind == Wanted::kInferred;
    const std::string cast = is_row ? (column.type == DUCKDB_TYPE_BIGINT ? "" : "BIGINT") : needed_cast(query, column, kind);
    if (is_row) source.source_row = i;
    const std::string name = sql_name(found[chosen[i]].name);
    list += fmt::format("{}{}", i == 0 ? "" : ", ", cast.empty() ? name : fmt::format("CAST({} AS {}) AS {}", name, cast, name));
    as_it_is = as_it_is && chosen[i] == i && cast.empty();
    source.columns.push_back(column);
    source.wanted.push_back(kind);
  }
  if (!as_it_is) {
    source.result.reset();
    source.result = std::make_unique<DuckResult>(source.session->stream(fmt::format("SELECT {} FROM ({})", list, query.sql)));
    const auto cast = source.result->columns();
    for (size_t i = 0; i < cast.size(); ++i) source.columns[i].type = cast[i].type;
  }
  return source;
}

// Collects chunks into a table.
class TableReader {
 public:
  TableReader(const OpenSource& source, bool infer) : source_row_(source.source_row) {
    for (size_t i = 0; i < source.columns.size(); ++i) {
      readers_.emplace_back(source.columns[i].name, source.columns[i].type, source.wanted[i] == Wanted::kText);
      inferred_.push_back(source.wanted[i] == Wanted::kInferred);
      if (infer && inferred_.back()) readers_.back().judge_text_early();
    }
  }

  void append(const DuckChunk& chunk) {
    const size_t count = chunk.size();
    for (size_t i = 0; i < readers_.size(); ++i) {
      if (source_row_ == i) {
        append_source_rows(chunk.vector(i), count);
      } else {
        readers_[i].append(chunk.vector(i), count);
      }
    }
    rows_ += count;
  }

  [[nodiscard]] size_t rows() const { return rows_; }

  // `untyped`: strings that are all numbers are numbers. Without `infer`, kinds stay as they were asked for.
  Table finish(const std::string& label, bool untyped, bool infer, std::vector<ReadNote>* notes) {
    TableBuilder builder;
    builder.source(label);
    for (size_t i = 0; i < readers_.size(); ++i) {
      if (source_row_ == i) continue;
      ColumnReader& reader = readers_[i];
      if (infer && inferred_[i]) {
        if (untyped) reader.numbers_if_all_levels_are();
        reader.text_if_long_and_distinct();
      }
      if (notes != nullptr && reader.clamped() > 0) {
        notes->push_back({reader.name(), fmt::format("{} value{} beyond float32 {} clamped to 3.4e38", reader.clamped(),
                                                     reader.clamped() == 1 ? "" : "s", reader.clamped() == 1 ? "was" : "were")});
      }
      builder.add(reader.finish());
    }
    if (source_row_) builder.source_rows(std::move(source_rows_));
    return builder.build();
  }

 private:
  void append_source_rows(duckdb_vector vector, size_t count) {
    const auto* values = static_cast<const int64_t*>(duckdb_api().vector_get_data(vector));
    for (size_t i = 0; i < count; ++i) source_rows_.push_back(static_cast<uint64_t>(values[i]));
  }

  std::vector<ColumnReader> readers_;
  std::vector<bool> inferred_;
  std::vector<uint64_t> source_rows_;
  std::optional<size_t> source_row_;
  size_t rows_ = 0;
};

Table read_all(const SourceQuery& query, const ReadOptions& options, std::vector<ReadNote>* notes) {
  const OpenSource source = open_source(query, options, wanted_kinds(options), {});
  TableReader reader(source, true);
  while (const DuckChunk chunk = source.result->next()) reader.append(chunk);
  if (reader.rows() == 0) throw Error(ErrorCode::kData, fmt::format("{}: there are no rows", query.label));
  return reader.finish(query.label, query.untyped, true, notes);
}

// What a failure of DuckDB means for the user; a guess of types that later rows refute is no failure yet.
[[noreturn]] void rethrow(const SourceQuery& query, const DuckFailure& failure) {
  if (auto fault = text_fault(query)) throw std::move(*fault);
  throw explain_failure(query, failure.what());
}

}  // namespace

Table read_table(const std::string& path, const ReadOptions& options, std::vector<ReadNote>* notes) {
  const SourceQuery query = query_of_file(path, options, kFirstSample);
  try {
    return read_all(query, options, notes);
  } catch (const DuckFailure& failure) {
    if (!query.dialect) rethrow(query, failure);
    if (auto fault = text_fault(query)) throw std::move(*fault);
  }
  const SourceQuery again = query_of_file(path, options, kAllRows);
  try {
    return read_all(again, options, notes);
  } catch (const DuckFailure& failure) {
    rethrow(again, failure);
  }
}

Table read_sql(const std::string& sql, const ReadOptions& options, std::vector<ReadNote>* notes) {
  const SourceQuery query = query_of_sql(sql, options);
  try {
    return read_all(query, options, notes);
  } catch (const DuckFailure& failure) {
    rethrow(query, failure);
  }
}

struct RowStream::Impl {
  SourceQuery query;
  OpenSource source;
  uint64_t row = 0;
};

RowStream::RowStream(const std::string& path_or_sql, bool is_sql, const ReadOptions& options, const std::vector<StreamColumn>& columns)
    : impl_(std::make_unique<Impl>()) {
  ReadOptions typed = options;
  typed.categories.clear();
  typed.numbers.clear();
  typed.dates.clear();
  typed.texts.clear();
  std::vector<std::string> only;
  std::vector<std::string> numbers;
  for (const StreamColumn& column : columns) {
    only.push_back(column.name);
    switch (column.kind) {
      case ColumnKind::kNumber: numbers.push_back(column.name); break;
      case ColumnKind::kCategory: typed.categories.push_back(column.name); break;
      case ColumnKind::kDate: typed.dates.push_back(column.name); break;
      case ColumnKind::kText: typed.texts.push_back(column.name); break;
      case ColumnKind::kSequence:
        throw Error(ErrorCode::kUnsupported, fmt::format("column '{}': sequences cannot be read from a stream", column.name));
    }
  }
  const auto plan = [&] { return is_sql ? query_of_sql(path_or_sql, typed) : query_of_file(path_or_sql, typed, kFirstSample); };
  try {
    impl_->query = plan();
    if (impl_->query.dialect) {
      // Numbers are read as DOUBLE whatever a sample suggests, except where the file spells them true and false.
      const OpenSource sniffed = open_source(impl_->query, typed, {}, {});
      for (const DuckColumn& column : sniffed.columns) {
        const bool wanted = std::find(numbers.begin(), numbers.end(), column.name) != numbers.end();
        if (wanted && column.type != DUCKDB_TYPE_BOOLEAN) typed.numbers.push_back(column.name);
      }
      impl_->query = plan();
    }
    for (const std::string& name : numbers) {
      if (std::find(typed.numbers.begin(), typed.numbers.end(), name) == typed.numbers.end()) typed.numbers.push_back(name);
    }
    impl_->source = open_source(impl_->query, typed, wanted_kinds(typed), only);
  } catch (const DuckFailure& failure) {
    rethrow(impl_->query, failure);
  }
}

RowStream::~RowStream() = default;

std::optional<Table> RowStream::next() {
  TableReader reader(impl_->source, false);
  try {
    for (size_t i = 0; i < kChunksATable; ++i) {
      const DuckChunk chunk = impl_->source.result->next();
      if (!chunk) break;
      reader.append(chunk);
    }
  } catch (const DuckFailure& failure) {
    rethrow(impl_->query, failure);
  }
  if (reader.rows() == 0) return std::nullopt;
  Table table = reader.finish(impl_->query.label, false, false, nullptr);
  if (!impl_->source.source_row) {
    std::vector<uint64_t> rows(table.rows());
    for (uint64_t& row : rows) row = impl_->row++;
    TableBuilder builder;
    builder.source(table.source()).source_rows(std::move(rows));
    for (const Column& column : table.columns()) builder.add(column);
    table = builder.build();
  }
  return table;
}

}  // namespace obligor
