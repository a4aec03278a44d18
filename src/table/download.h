// Fetches a file by https, http or file, unpacks it, checks it, and only then lets it appear under its name. Private to the room.
//
//   download_raw("https://...csv.gz", "cache/x.csv", context, [](const auto& file) { check_digest(file); });
//
// A connection that breaks is taken up again where it broke (from the start when the server has no ranges), three times at most.
// libcurl and what it pulls in take 8 ms to load, so it is opened when first used.
// Errors: Error{kUnsupported} no libcurl; Error{kNotFound} HTTP 404 and 410; Error{kIo} with the
// reason of the network or disk; Error{kCancelled}; what `check` throws.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/context.h"

namespace obligor {

void download_raw(const std::string& url, const std::filesystem::path& target, const Context& context,
                  const std::function<void(const std::filesystem::path&)>& check);

}  // namespace obligor
