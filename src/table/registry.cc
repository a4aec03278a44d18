#include "table/registry.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/digest.h"
#include "core/error.h"
#include "table/download.h"
#include "table/raw_file.h"
#include "table/registry_sets.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path cache_folder() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "obligor" / "data";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "obligor" / "data";
  return fs::temp_directory_path() / "obligor-data";
}

// As published, without the compression of a mirror.
fs::path raw_name(const DataSet& set) {
  fs::path file = set.file;
  if (file.extension() == ".zst") file.replace_extension();
  return file;
}

void check_digest(const DataSet& set, const fs::path& file) {
  Sha256 digest;
  read_raw(file, [&](std::string_view block) { digest.update(block); });
  const std::string hex = digest.hex();
  if (hex == set.sha256) return;
  throw Error(ErrorCode::kData, fmt::format("{}: sha256 {} is not that of data set '{}' ({}); the file is another or damaged: remove it and get it "
                                            "again",
                                            file.string(), hex, set.name, set.sha256));
}

}  // namespace

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

fs::path locate(const DataSet& set, const fs::path& mirror) {
  std::vector<fs::path> folders;
  if (!mirror.empty()) folders.push_back(mirror);
  if (const std::string folder = environment("OBLIGOR_DATA_DIR"); !folder.empty()) folders.emplace_back(folder);
  folders.push_back(cache_folder());
  folders.push_back(fs::path("..") / "shared" / "data");
  std::vector<std::string> looked;
  for (const fs::path& folder : folders) {
    for (const fs::path& name : {fs::path(set.file), raw_name(set)}) {
      std::error_code status;
      if (fs::is_regular_file(folder / name, status)) return folder / name;
    }
    looked.push_back(folder.string());
  }
  const std::string how = set.url.empty() ? fmt::format("it has no public address: put {} into a mirror", set.file)
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

fs::path download(const DataSet& set, const Context& context) {
  if (set.url.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("data set '{}' has no public address with these bytes; get {} from its source ({}) and put it "
                                                  "into a mirror as {}",
                                                  set.name, raw_name(set).filename().string(), set.citation, set.file));
  }
  fs::path target = cache_folder() / raw_name(set);
  std::error_code status;
  if (fs::is_regular_file(target, status)) {
    check_digest(set, target);
    return target;
  }
  fs::create_directories(target.parent_path(), status);
  if (status) throw Error(ErrorCode::kIo, fmt::format("{}: cannot be made: {}", target.parent_path().string(), status.message()));
  download_raw(set.url, target, context, [&](const fs::path& file) { check_digest(set, file); });
  return target;
}

}  // namespace obligor
