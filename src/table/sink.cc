#include "table/sink.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "table/duckdb_library.h"

namespace obligor {
namespace {

constexpr int64_t kMicrosecondsADay = 86'400'000'000;

duckdb_type duck_type(SinkType type) {
  switch (type) {
    case SinkType::kReal: return DUCKDB_TYPE_FLOAT;
    case SinkType::kInteger: return DUCKDB_TYPE_INTEGER;
    case SinkType::kDate: return DUCKDB_TYPE_DATE;
    case SinkType::kString: return DUCKDB_TYPE_VARCHAR;
    case SinkType::kRow: return DUCKDB_TYPE_BIGINT;
  }
  return DUCKDB_TYPE_INVALID;
}

// Hands the blocks to DuckDB as the rows of a table function. Nothing may be thrown through DuckDB: errors wait here.
class Feed {
 public:
  Feed(std::span<const SinkColumn> columns, const std::function<std::optional<Table>()>& next) : columns_(columns), next_(next) {
    for (const SinkColumn& column : columns) block_columns_ += column.type == SinkType::kRow ? 0U : 1U;
  }

  void register_as(const DuckSession& session, const char* name) {
    const DuckDbApi& api = duckdb_api();
    duckdb_table_function function = api.create_table_function();
    api.table_function_set_name(function, name);
    api.table_function_set_extra_info(function, this, nullptr);
    api.table_function_set_bind(function, &Feed::bind);
    // One thread pulls, so that rows keep their order.
    api.table_function_set_init(function, [](duckdb_init_info info) { duckdb_api().init_set_max_threads(info, 1); });
    api.table_function_set_function(function, &Feed::fill);
    const auto state = api.register_table_function(session.connection(), function);
    api.destroy_table_function(&function);
    if (state != DuckDBSuccess) throw Error(ErrorCode::kInternal, "DuckDB refuses the table function that writes");
  }

  [[nodiscard]] uint64_t rows() const { return rows_; }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static void bind(duckdb_bind_info info) {
    const DuckDbApi& api = duckdb_api();
    const auto& self = *static_cast<const Feed*>(api.bind_get_extra_info(info));
    for (const SinkColumn& column : self.columns_) {
      duckdb_logical_type type = api.create_logical_type(duck_type(column.type));
      api.bind_add_result_column(info, column.name.c_str(), type);
      api.destroy_logical_type(&type);
    }
  }

  static void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
    const DuckDbApi& api = duckdb_api();
    auto& self = *static_cast<Feed*>(api.function_get_extra_info(info));
    try {
      self.fill_chunk(chunk);
    } catch (...) {
      self.error_ = std::current_exception();
      api.data_chunk_set_size(chunk, 0);
      api.function_set_error(info, "the rows could not be made");
    }
  }

  void fill_chunk(duckdb_data_chunk chunk) {
    const DuckDbApi& api = duckdb_api();
    while (!block_ || done_ == block_->rows()) {
      block_ = next_();
      done_ = 0;
      if (!block_) {
        api.data_chunk_set_size(chunk, 0);
        return;
      }
      if (block_->columns().size() != block_columns_) throw Error(ErrorCode::kInternal, "a block to be written has other columns");
    }
    const size_t count = std::min<size_t>(api.vector_size(), block_->rows() - done_);
    auto column = block_->columns().begin();
    for (size_t c = 0; c < columns_.size(); ++c) {
      duckdb_vector vector = api.data_chunk_get_vector(chunk, c);
      if (columns_[c].type == SinkType::kRow) fill_rows(vector, count);
      else fill_vector(vector, *column++, columns_[c].type, count);
    }
    api.data_chunk_set_size(chunk, count);
    done_ += count;
    rows_ += count;
  }

  void fill_rows(duckdb_vector vector, size_t count) const {
    auto* rows = static_cast<int64_t*>(duckdb_api().vector_get_data(vector));
    for (size_t i = 0; i < count; ++i) rows[i] = static_cast<int64_t>(block_->source_row(done_ + i));
  }

  void fill_vector(duckdb_vector vector, const Column& column, SinkType type, size_t count) const {
    const DuckDbApi& api = duckdb_api();
    void* data = api.vector_get_data(vector);
    uint64_t* validity = nullptr;
    for (size_t i = 0; i < count; ++i) {
      const size_t row = done_ + i;
      if (column.is_missing(row)) {
        if (validity == nullptr) {
          api.vector_ensure_validity_writable(vector);
          validity = api.vector_get_validity(vector);
        }
        validity[i / 64] &= ~(uint64_t{1} << (i % 64));
        continue;
      }
      switch (type) {
        case SinkType::kReal: static_cast<float*>(data)[i] = column.numbers()[row]; break;
        case SinkType::kInteger: static_cast<int32_t*>(data)[i] = static_cast<int32_t>(std::lround(column.numbers()[row])); break;
        case SinkType::kDate: static_cast<int32_t*>(data)[i] = static_cast<int32_t>(column.dates()[row] / kMicrosecondsADay); break;
        case SinkType::kString: {
          const std::string_view text =
              column.kind() == ColumnKind::kText ? column.text().at(row) : column.dictionary()[static_cast<size_t>(column.codes()[row])];
          api.vector_assign_string_element_len(vector, i, text.data(), text.size());
          break;
        }
        case SinkType::kRow: break;
      }
    }
  }

  std::span<const SinkColumn> columns_;
  const std::function<std::optional<Table>()>& next_;
  size_t block_columns_ = 0;
  std::optional<Table> block_;
  size_t done_ = 0;
  uint64_t rows_ = 0;
  std::exception_ptr error_;
};

}  // namespace

uint64_t write_table_file(const std::filesystem::path& path, SinkFormat format, std::span<const SinkColumn> columns,
                          const std::function<std::optional<Table>()>& next) {
  AtomicFile file(path);
  Feed feed(columns, next);
  // Declared after the feed that it calls, so closed before it.
  DuckSession session(DuckSettings{2, "1GB"});
  feed.register_as(session, "obligor_rows");
  const char* options = format == SinkFormat::kCsv ? "FORMAT csv, HEADER true" : "FORMAT parquet, COMPRESSION zstd";
  try {
    session.execute(
        fmt::format("COPY (SELECT * FROM obligor_rows()) TO {} ({}, USE_TMP_FILE false)", sql_text(file.temporary_path().string()), options));
  } catch (const DuckFailure& failure) {
    feed.rethrow();
    throw Error(ErrorCode::kIo, fmt::format("{}: could not be written: {}; nothing was left half-written", path.string(), failure.what()));
  }
  file.commit();
  return feed.rows();
}

}  // namespace obligor
