// The registry of public credit data sets, and the ways to have them on this machine.
//
//   const DataSet& set = find_data_set("taiwan");               // Error{kNotFound} with near candidates
//   std::filesystem::path file = locate(set, mirror);            // a local mirror, OBLIGOR_DATA_DIR, or the cache of `data get`
//   Table table = read_data_set(set, mirror);                    // with the columns and kinds of the registry entry
//
// Contract: an entry is inert data: where, how many rows, which licence, the digest of the raw (decompressed) file, how to read it
// (a DuckDB SELECT over the file as `source`), what leaks. A file whose digest differs is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "table/source.h"
#include "table/task.h"

namespace obligor {

struct DataSet {
  std::string name;  // german, taiwan, hmeq, ...
  std::string title;
  uint64_t rows = 0;
  std::string licence;
  std::string citation;
  std::vector<std::string> urls;  // where the raw file is published, tried in order; none = only from a mirror
  std::string file;               // path in a mirror, e.g. hmeq/hmeq.csv.zst
  std::string sha256;             // of the raw file
  std::string leaks;              // which columns must not be features, and why
  ReadOptions read;
  TaskSpec task;
};

[[nodiscard]] std::span<const DataSet> data_sets();
[[nodiscard]] const DataSet& find_data_set(std::string_view name);
[[nodiscard]] bool is_data_set(std::string_view name);
// Mirror order: the argument, OBLIGOR_DATA_DIR, the download cache, ../shared/data beside the working directory.
[[nodiscard]] std::filesystem::path locate(const DataSet& set, const std::filesystem::path& mirror);
// The same; empty where locate() would throw.
[[nodiscard]] std::optional<std::filesystem::path> find_local(const DataSet& set, const std::filesystem::path& mirror);
[[nodiscard]] Table read_data_set(const DataSet& set, const std::filesystem::path& mirror, std::vector<ReadNote>* notes = nullptr);

}  // namespace obligor
