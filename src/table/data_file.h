// Where the files of the registry lie on this machine, and whether they are the right ones. Private to the room.
//
//   for (const auto& folder : data_folders(mirror)) if (auto file = find_in_folder(set, folder)) check_digest(set, *file);
//
// A folder has the layout of a mirror: the entry's `file`, or the same path without its compression (raw_name).
// Errors: check_digest throws Error{kData} when the raw bytes are not those of the entry.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "table/registry.h"

namespace obligor {

// Mirror order: the argument when not empty, OBLIGOR_DATA_DIR, the download cache, ../shared/data.
[[nodiscard]] std::vector<std::filesystem::path> data_folders(const std::filesystem::path& mirror);
// XDG_CACHE_HOME/obligor/data, or the same under ~/.cache.
[[nodiscard]] std::filesystem::path cache_folder();
// The path in a mirror of the file as published, without the compression of the mirror.
[[nodiscard]] std::filesystem::path raw_name(const DataSet& set);
[[nodiscard]] std::optional<std::filesystem::path> find_in_folder(const DataSet& set, const std::filesystem::path& folder);
void check_digest(const DataSet& set, const std::filesystem::path& file);

}  // namespace obligor
