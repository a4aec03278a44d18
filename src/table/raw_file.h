// The bytes of a file as they were before compression: plain, gzip or zstd, told by the file's first bytes.
//
//   std::string csv = read_raw_file("folds.csv.zst");
//   read_raw("big.csv.gz", [&](std::string_view block) { digest.update(block); });   // in blocks, flat memory
//
// Errors: Error{kNotFound} when the file is absent, Error{kIo} when it cannot be read, Error{kData} when its compression is broken
// or cut short.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace obligor {

void read_raw(const std::filesystem::path& path, const std::function<void(std::string_view)>& block);
[[nodiscard]] std::string read_raw_file(const std::filesystem::path& path);

}  // namespace obligor
