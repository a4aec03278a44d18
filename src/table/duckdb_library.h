// DuckDB's C API, opened on first use: opening the library takes 16 ms, and most commands read no table. Private to the room.
//
//   DuckSession session({.threads = 2, .memory_limit = "2GB"});
//   session.execute("create temp view source as ...");
//   DuckResult result = session.stream("select * from source");
//   while (auto chunk = result.next()) read(chunk.vector(0), chunk.size());
//
// Errors: Error{kUnsupported} when no library is found (it lists where was looked); DuckFailure carries DuckDB's own words, which
// only the callers in this room see and turn into an Error that names the file.
#pragma once

#include <duckdb.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace obligor {

// The functions that we call, under their own names less the prefix.
struct DuckDbApi {
  decltype(&duckdb_create_config) create_config;
  decltype(&duckdb_set_config) set_config;
  decltype(&duckdb_destroy_config) destroy_config;
  decltype(&duckdb_open_ext) open_ext;
  decltype(&duckdb_close) close;
  decltype(&duckdb_connect) connect;
  decltype(&duckdb_disconnect) disconnect;
  decltype(&duckdb_free) free;
  decltype(&duckdb_query) query;
  decltype(&duckdb_destroy_result) destroy_result;
  decltype(&duckdb_result_error) result_error;
  decltype(&duckdb_column_name) column_name;
  decltype(&duckdb_column_type) column_type;
  decltype(&duckdb_column_count) column_count;
  decltype(&duckdb_prepare) prepare;
  decltype(&duckdb_prepare_error) prepare_error;
  decltype(&duckdb_destroy_prepare) destroy_prepare;
  decltype(&duckdb_pending_prepared_streaming) pending_prepared_streaming;
  decltype(&duckdb_pending_error) pending_error;
  decltype(&duckdb_execute_pending) execute_pending;
  decltype(&duckdb_destroy_pending) destroy_pending;
  decltype(&duckdb_fetch_chunk) fetch_chunk;
  decltype(&duckdb_destroy_data_chunk) destroy_data_chunk;
  decltype(&duckdb_data_chunk_get_size) data_chunk_get_size;
  decltype(&duckdb_data_chunk_get_vector) data_chunk_get_vector;
  decltype(&duckdb_vector_get_data) vector_get_data;
  decltype(&duckdb_vector_get_validity) vector_get_validity;
  decltype(&duckdb_create_table_function) create_table_function;
  decltype(&duckdb_destroy_table_function) destroy_table_function;
  decltype(&duckdb_table_function_set_name) table_function_set_name;
  decltype(&duckdb_table_function_set_bind) table_function_set_bind;
  decltype(&duckdb_table_function_set_init) table_function_set_init;
  decltype(&duckdb_table_function_set_function) table_function_set_function;
  decltype(&duckdb_table_function_set_extra_info) table_function_set_extra_info;
  decltype(&duckdb_register_table_function) register_table_function;
  decltype(&duckdb_bind_get_extra_info) bind_get_extra_info;
  decltype(&duckdb_bind_add_result_column) bind_add_result_column;
  decltype(&duckdb_create_logical_type) create_logical_type;
  decltype(&duckdb_destroy_logical_type) destroy_logical_type;
  decltype(&duckdb_init_set_max_threads) init_set_max_threads;
  decltype(&duckdb_function_get_extra_info) function_get_extra_info;
  decltype(&duckdb_function_set_error) function_set_error;
  decltype(&duckdb_data_chunk_set_size) data_chunk_set_size;
  decltype(&duckdb_vector_assign_string_element_len) vector_assign_string_element_len;
  decltype(&duckdb_vector_ensure_validity_writable) vector_ensure_validity_writable;
  decltype(&duckdb_vector_size) vector_size;
};

[[nodiscard]] const DuckDbApi& duckdb_api();

class DuckFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct DuckSettings {
  int threads = 0;           // 0 = one a core
  std::string memory_limit;  // empty = half of the machine's
};

struct DuckColumn {
  std::string name;
  duckdb_type type = DUCKDB_TYPE_INVALID;
};

class DuckChunk {
 public:
  explicit DuckChunk(duckdb_data_chunk chunk) : chunk_(chunk) {}
  ~DuckChunk();
  DuckChunk(DuckChunk&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  DuckChunk(const DuckChunk&) = delete;
  DuckChunk& operator=(const DuckChunk&) = delete;
  DuckChunk& operator=(DuckChunk&&) = delete;
  explicit operator bool() const { return chunk_ != nullptr; }
  [[nodiscard]] size_t size() const;
  [[nodiscard]] duckdb_vector vector(size_t column) const;

 private:
  duckdb_data_chunk chunk_;
};

// A streaming result: chunks in order, the next one made when it is asked for.
class DuckResult {
 public:
  explicit DuckResult(duckdb_result result) : result_(std::make_unique<duckdb_result>(result)) {}
  ~DuckResult();
  DuckResult(DuckResult&&) noexcept = default;
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  DuckResult& operator=(DuckResult&&) = delete;
  [[nodiscard]] std::vector<DuckColumn> columns() const;
  // An empty chunk at the end; throws DuckFailure.
  [[nodiscard]] DuckChunk next();

 private:
  std::unique_ptr<duckdb_result> result_;
};

// A database in memory with one connection. It never installs or loads extensions by itself.
class DuckSession {
 public:
  explicit DuckSession(const DuckSettings& settings);
  ~DuckSession();
  DuckSession(const DuckSession&) = delete;
  DuckSession& operator=(const DuckSession&) = delete;
  void execute(const std::string& sql);
  [[nodiscard]] DuckResult stream(const std::string& sql);
  [[nodiscard]] duckdb_connection connection() const { return connection_; }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// 'it''s' and "a ""b"""
[[nodiscard]] std::string sql_text(const std::string& value);
[[nodiscard]] std::string sql_name(const std::string& name);

}  // namespace obligor
