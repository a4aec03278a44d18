#include "table/data_file.h"

#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/error.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

fs::path cache_folder() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "obligor" / "data";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "obligor" / "data";
  return fs::temp_directory_path() / "obligor-data";
}

std::vector<fs::path> data_folders(const fs::path& mirror) {
  std::vector<fs::path> folders;
  if (!mirror.empty()) folders.push_back(mirror);
  if (const std::string folder = environment("OBLIGOR_DATA_DIR"); !folder.empty()) folders.emplace_back(folder);
  folders.push_back(cache_folder());
  folders.push_back(fs::path("..") / "shared" / "data");
  return folders;
}

fs::path raw_name(const DataSet& set) {
  fs::path file = set.file;
  if (file.extension() == ".zst") file.replace_extension();
  return file;
}

std::optional<fs::path> find_in_folder(const DataSet& set, const fs::path& folder) {
  for (const fs::path& name : {fs::path(set.file), raw_name(set)}) {
    std::error_code status;
    if (fs::is_regular_file(folder / name, status)) return folder / name;
  }
  return std::nullopt;
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

}  // namespace obligor
