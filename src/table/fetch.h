// Gets a set of the registry onto this machine: from mirrors and from where it is published, whichever gives the right bytes first.
//
//   FetchPlan plan;  plan.mirrors = {"/data/credit", "https://mirror.bank/credit"};  plan.to = "data";
//   Fetched got = fetch_data_set(find_data_set("taiwan"), plan, context);     // got.path, got.from
//
// Contract: sources are tried in this order: each mirror given (a folder, or an address with the same layout), OBLIGOR_DATA_DIR and
// the folders of locate(), then the entry's own addresses. The raw file lies under plan.to, or in the cache when plan.to is
// empty, by its path in a mirror; without plan.to a file found in a folder is verified and left where it is. Nothing appears under the
// final name before its sha256 is right, and nothing else is left behind.
// Errors: Error{kNotFound} when nothing has the set, Error{kData} when what came last has another digest, Error{kIo} for the network and the
// disk. The message names each source with its reason.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/context.h"
#include "table/registry.h"

namespace obligor {

struct FetchPlan {
  std::vector<std::string> mirrors;  // folders, http://, https:// or file:// addresses
  std::filesystem::path to;          // empty = the cache
};

struct Fetched {
  std::filesystem::path path;
  std::string from;      // the folder or address that gave it
  bool already = false;  // it was there before, and is right
};

[[nodiscard]] Fetched fetch_data_set(const DataSet& set, const FetchPlan& plan, const Context& context);

}  // namespace obligor
