#include "table/duckdb_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace obligor {
namespace {

std::vector<std::string> library_candidates() {
  std::vector<std::string> paths;
  if (const char* given = std::getenv("OBLIGOR_DUCKDB"); given != nullptr && *given != '\0') paths.emplace_back(given);
  std::error_code status;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", status);
  if (!status) {
    paths.push_back((program.parent_path() / "libduckdb.so").string());
    paths.push_back((program.parent_path().parent_path() / "lib" / "libduckdb.so").string());
  }
  paths.emplace_back(OBLIGOR_DUCKDB_LIBRARY);
  paths.emplace_back("libduckdb.so");
  return paths;
}

void* open_library() {
  const auto paths = library_candidates();
  std::string reason;
  for (const std::string& path : paths) {
    if (path.find('/') != std::string::npos && !std::filesystem::exists(path)) continue;
    if (void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL)) return handle;
    reason = dlerror();
  }
  throw Error(ErrorCode::kUnsupported, fmt::format("DuckDB's library, which reads tables, was not found at {}{}; run 'make setup' or set "
                                                   "OBLIGOR_DUCKDB to the path of libduckdb.so",
                                                   fmt::join(paths, ", "), reason.empty() ? "" : " (" + reason + ")"));
}

template <typename Function>
void load(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) {
    throw Error(ErrorCode::kUnsupported, fmt::format("DuckDB's library has no function {}; version 1.2 or later is wanted", name));
  }
}

DuckDbApi load_api() {
  void* library = open_library();
  DuckDbApi api{};
  load(library, api.create_config, "duckdb_create_config");
  load(library, api.set_config, "duckdb_set_config");
  load(library, api.destroy_config, "duckdb_destroy_config");
  load(library, api.open_ext, "duckdb_open_ext");
  load(library, api.close, "duckdb_close");
  load(library, api.connect, "duckdb_connect");
  load(library, api.disconnect, "duckdb_disconnect");
  load(library, api.free, "duckdb_free");
  load(library, api.query, "duckdb_query");
  load(library, api.destroy_result, "duckdb_destroy_result");
  load(library, api.result_error, "duckdb_result_error");
  load(library, api.column_name, "duckdb_column_name");
  load(library, api.column_type, "duckdb_column_type");
  load(library, api.column_count, "duckdb_column_count");
  load(library, api.prepare, "duckdb_prepare");
  load(library, api.prepare_error, "duckdb_prepare_error");
  load(library, api.destroy_prepare, "duckdb_destroy_prepare");
  load(library, api.pending_prepared_streaming, "duckdb_pending_prepared_streaming");
  load(library, api.pending_error, "duckdb_pending_error");
  load(library, api.execute_pending, "duckdb_execute_pending");
  load(library, api.destroy_pending, "duckdb_destroy_pending");
  load(library, api.fetch_chunk, "duckdb_fetch_chunk");
  load(library, api.destroy_data_chunk, "duckdb_destroy_data_chunk");
  load(library, api.data_chunk_get_size, "duckdb_data_chunk_get_size");
  load(library, api.data_chunk_get_vector, "duckdb_data_chunk_get_vector");
  load(library, api.vector_get_data, "duckdb_vector_get_data");
  load(library, api.vector_get_validity, "duckdb_vector_get_validity");
  load(library, api.create_table_function, "duckdb_create_table_function");
  load(library, api.destroy_table_function, "duckdb_destroy_table_function");
  load(library, api.table_function_set_name, "duckdb_table_function_set_name");
  load(library, api.table_function_set_bind, "duckdb_table_function_set_bind");
  load(library, api.table_function_set_init, "duckdb_table_function_set_init");
  load(library, api.table_function_set_function, "duckdb_table_function_set_function");
  load(library, api.table_function_set_extra_info, "duckdb_table_function_set_extra_info");
  load(library, api.register_table_function, "duckdb_register_table_function");
  load(library, api.bind_get_extra_info, "duckdb_bind_get_extra_info");
  load(library, api.bind_add_result_column, "duckdb_bind_add_result_column");
  load(library, api.create_logical_type, "duckdb_create_logical_type");
  load(library, api.destroy_logical_type, "duckdb_destroy_logical_type");
  load(library, api.init_set_max_threads, "duckdb_init_set_max_threads");
  load(library, api.function_get_extra_info, "duckdb_function_get_extra_info");
  load(library, api.function_set_error, "duckdb_function_set_error");
  load(library, api.data_chunk_set_size, "duckdb_data_chunk_set_size");
  load(library, api.vector_assign_string_element_len, "duckdb_vector_assign_string_element_len");
  load(library, api.vector_ensure_validity_writable, "duckdb_vector_ensure_validity_writable");
  load(library, api.vector_size, "duckdb_vector_size");
  return api;
}

std::string half_of_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return fmt::format("{}MiB", std::max(256L, pages / 2 * (page / 1024) / 1024));
}

std::string or_unknown(const char* message) { return message == nullptr ? "an error without a message" : message; }

std::string doubled(const std::string& value, char quote) {
  std::string text(1, quote);
  for (const char c : value) {
    text += c;
    if (c == quote) text += c;
  }
  return text + quote;
}

}  // namespace

const DuckDbApi& duckdb_api() {
  static const DuckDbApi api = load_api();
  return api;
}

DuckChunk::~DuckChunk() {
  if (chunk_ != nullptr) duckdb_api().destroy_data_chunk(&chunk_);
}

size_t DuckChunk::size() const { return duckdb_api().data_chunk_get_size(chunk_); }

duckdb_vector DuckChunk::vector(size_t column) const { return duckdb_api().data_chunk_get_vector(chunk_, column); }

DuckResult::~DuckResult() {
  if (result_) duckdb_api().destroy_result(result_.get());
}

std::vector<DuckColumn> DuckResult::columns() const {
  std::vector<DuckColumn> columns;
  const idx_t count = duckdb_api().column_count(result_.get());
  for (idx_t i = 0; i < count; ++i) {
    columns.push_back({duckdb_api().column_name(result_.get(), i), duckdb_api().column_type(result_.get(), i)});
  }
  return columns;
}

DuckChunk DuckResult::next() {
  DuckChunk chunk(duckdb_api().fetch_chunk(*result_));
  if (!chunk) {
    const char* error = duckdb_api().result_error(result_.get());
    if (error != nullptr && *error != '\0') throw DuckFailure(error);
  }
  return chunk;
}

DuckSession::DuckSession(const DuckSettings& settings) {
  const DuckDbApi& api = duckdb_api();
  duckdb_config config = nullptr;
  api.create_config(&config);
  const auto set = [&](const char* name, const std::string& value) {
    if (api.set_config(config, name, value.c_str()) == DuckDBSuccess) return;
    api.destroy_config(&config);
    throw Error(ErrorCode::kInvalid, fmt::format("'{}' is no value for DuckDB's {}", value, name));
  };
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  set("threads", fmt::format("{}", settings.threads > 0 ? static_cast<unsigned>(settings.threads) : cores));
  set("memory_limit", settings.memory_limit.empty() ? half_of_memory() : settings.memory_limit);
  // A file is read once: keeping its blocks would make memory grow with it.
  set("enable_external_file_cache", "false");
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  char* reason = nullptr;
  const auto opened = api.open_ext(nullptr, &database_, config, &reason);
  api.destroy_config(&config);
  if (opened != DuckDBSuccess) {
    const std::string message = or_unknown(reason);
    api.free(reason);
    throw Error(ErrorCode::kInvalid, fmt::format("DuckDB cannot be started: {}", message));
  }
  if (api.connect(database_, &connection_) != DuckDBSuccess) {
    api.close(&database_);
    throw Error(ErrorCode::kInternal, "DuckDB gives no connection");
  }
}

DuckSession::~DuckSession() {
  duckdb_api().disconnect(&connection_);
  duckdb_api().close(&database_);
}

void DuckSession::execute(const std::string& sql) {
  duckdb_result result;
  const auto state = duckdb_api().query(connection_, sql.c_str(), &result);
  const std::string message = state == DuckDBSuccess ? "" : or_unknown(duckdb_api().result_error(&result));
  duckdb_api().destroy_result(&result);
  if (state != DuckDBSuccess) throw DuckFailure(message);
}

DuckResult DuckSession::stream(const std::string& sql) {
  const DuckDbApi& api = duckdb_api();
  duckdb_prepared_statement statement = nullptr;
  duckdb_pending_result pending = nullptr;
  duckdb_result result{};
  std::string failure;
  if (api.prepare(connection_, sql.c_str(), &statement) != DuckDBSuccess) {
    failure = or_unknown(api.prepare_error(statement));
  } else if (api.pending_prepared_streaming(statement, &pending) != DuckDBSuccess) {
    failure = or_unknown(api.pending_error(pending));
  } else if (api.execute_pending(pending, &result) != DuckDBSuccess) {
    failure = or_unknown(api.result_error(&result));
    api.destroy_result(&result);
  }
  api.destroy_pending(&pending);
  api.destroy_prepare(&statement);
  if (!failure.empty()) throw DuckFailure(failure);
  return DuckResult(result);
}

std::string sql_text(const std::string& value) { return doubled(value, '\''); }
std::string sql_name(const std::string& name) { return doubled(name, '"'); }

}  // namespace obligor
