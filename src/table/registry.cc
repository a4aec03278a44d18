#include "table/registry.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "table/data_file.h"
#include "table/registry_sets.h"

namespace obligor {

namespace fs = std::filesystem;

std::span<const DataSet> data_sets() {
  static const std::vector<DataSet> sets = [] {
    std::vector<DataSet> all = panel_sets();
    for (DataSet& set : further_sets()) all.push_back(std::move(set));
    for (DataSet& set : all) set.task.from_registry = true;
    return all;
  }();
  return sets;
}

bool is_data_set(std::string_view name) {
  return std::any_of(data_sets().begin(), data_sets().end(), [&](const DataSet& set) { return set.name == name; });
}

const DataSet& find_data_set(std::string_view name) {
  std::vector<std::string> names;
  for (const DataSet& set : data_sets()) {
    if (set.name == name) return set;
    names.push_back(set.name);
  }
  throw unknown_name("data set", name, names);
}

std::optional<fs::path> find_local(const DataSet& set, const fs::path& mirror) {
  for (const fs::path& folder : data_folders(mirror)) {
    if (auto file = find_in_folder(set, folder)) return file;
  }
  return std::nullopt;
}

fs::path locate(const DataSet& set, const fs::path& mirror) {
  if (auto file = find_local(set, mirror)) return *file;
  std::vector<std::string> looked;
  for (const fs::path& folder : data_folders(mirror)) looked.push_back(folder.string());
  const std::string how = set.urls.empty() ? fmt::format("it has no public address: put {} into a mirror", set.file)
                                           : fmt::format("fetch it with 'obligor data get {}'", set.name);
  throw Error(ErrorCode::kNotFound, fmt::format("data set '{}' is not on this machine (looked in {}); {}, or name a mirror with --mirror DIR or "
                                                "OBLIGOR_DATA_DIR",
                                                set.name, fmt::join(looked, ", "), how));
}

Table read_data_set(const DataSet& set, const fs::path& mirror, std::vector<ReadNote>* notes) {
  const fs::path file = locate(set, mirror);
  check_digest(set, file);
  const Table read = read_table(file.string(), set.read, notes);
  if (read.rows() != set.rows) {
    throw Error(ErrorCode::kInternal, fmt::format("data set '{}': {} rows were read where {} are known", set.name, read.rows(), set.rows));
  }
  TableBuilder builder;
  builder.source(set.name);
  for (const Column& column : read.columns()) builder.add(column);
  std::vector<uint64_t> rows(read.rows());
  for (size_t row = 0; row < rows.size(); ++row) rows[row] = read.source_row(row);
  builder.source_rows(std::move(rows));
  return builder.build();
}

}  // namespace obligor
