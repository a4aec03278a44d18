# DuckDB's C API: the header only. The library is opened on demand (opening it costs 16 ms), so nothing links it;
# DUCKDB_LIBRARY is the path that is tried first at run time.
find_path(DUCKDB_INCLUDE_DIR duckdb.h HINTS ${OBLIGOR_DEPS}/duckdb/include)
find_file(DUCKDB_LIBRARY libduckdb.so HINTS ${OBLIGOR_DEPS}/duckdb/lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DUCKDB_INCLUDE_DIR DUCKDB_LIBRARY REASON_FAILURE_MESSAGE "run 'make setup' first")
if(DuckDB_FOUND AND NOT TARGET DuckDB::headers)
  add_library(DuckDB::headers INTERFACE IMPORTED)
  set_target_properties(DuckDB::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE_DIR}
    INTERFACE_COMPILE_DEFINITIONS "OBLIGOR_DUCKDB_LIBRARY=\"${DUCKDB_LIBRARY}\"" INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
endif()
