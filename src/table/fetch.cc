#include "table/fetch.h"

#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/file.h"
#include "table/data_file.h"
#include "table/download.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

bool is_address(const std::string& mirror) { return mirror.find("://") != std::string::npos; }

// A path of the registry as the tail of an address.
std::string address_of(std::string base, const fs::path& file) {
  while (base.ends_with('/')) base.pop_back();
  std::string address = base + "/";
  for (const char c : file.generic_string()) address += c == ' ' ? std::string("%20") : std::string(1, c);
  return address;
}

void make_folder(const fs::path& folder) {
  std::error_code status;
  fs::create_directories(folder, status);
  if (status) throw Error(ErrorCode::kIo, fmt::format("{}: cannot be made: {}", folder.string(), status.message()));
}

// One set on its way to one place.
class Fetcher {
 public:
  Fetcher(const DataSet& set, const FetchPlan& plan, const Context& context)
      : set_(set), in_place_(plan.to.empty()), target_((plan.to.empty() ? cache_folder() : plan.to) / raw_name(set)), context_(context) {}

  [[nodiscard]] const fs::path& target() const { return target_; }

  std::optional<Fetched> from_folder(const fs::path& folder) {
    const auto file = find_in_folder(set_, folder);
    if (!file) {
      note(folder.string(), Error(ErrorCode::kNotFound, fmt::format("has no {}", set_.file)));
      return std::nullopt;
    }
    try {
      check_digest(set_, *file);
    } catch (const Error& error) {
      note(folder.string(), error);
      return std::nullopt;
    }
    if (in_place_) return Fetched{*file, folder.string(), true};
    make_folder(target_.parent_path());
    AtomicFile copy(target_);
    read_raw(*file, [&](std::string_view block) { copy.write(block); });
    copy.commit();
    return Fetched{target_, folder.string(), false};
  }

  std::optional<Fetched> from_address(const std::string& address) {
    const fs::path folder = target_.parent_path();
    const bool was_there = fs::exists(folder);
    try {
      make_folder(folder);
      download_raw(address, target_, context_, [&](const fs::path& file) { check(address, file); });
      return Fetched{target_, address, false};
    } catch (const Error& error) {
      std::error_code ignored;
      if (!was_there) fs::remove(folder, ignored);
      if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kUnsupported) throw;
      note(address, error);
      return std::nullopt;
    }
  }

  std::optional<Fetched> from_mirror_address(const std::string& base) {
    if (auto got = from_address(address_of(base, set_.file))) return got;
    if (raw_name(set_) == fs::path(set_.file) || last_ != ErrorCode::kNotFound) return std::nullopt;
    return from_address(address_of(base, raw_name(set_)));
  }

  [[nodiscard]] Error failure() const {
    const std::string by_hand =
        set_.urls.empty() ? fmt::format("it has no public address with these bytes: get it from its source ({}) and put it into a mirror as {}",
                                        set_.citation, set_.file)
                          : fmt::format("put the file into a folder as {} and name the folder with --mirror or OBLIGOR_DATA_DIR", set_.file);
    return {last_,
            fmt::format("data set '{}' could not be had: {}; {}", set_.name,
                        reasons_.empty() ? std::string("no folder on this machine has it") : fmt::format("{}", fmt::join(reasons_, "; ")), by_hand)};
  }

 private:
  // The digest's own message speaks of a local file to remove; here there is none.
  void check(const std::string& address, const fs::path& file) const {
    try {
      check_digest(set_, file);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kData) throw;
      throw Error(ErrorCode::kData, fmt::format("{}: what came is not the data set (its sha256 differs from the registry's, or it is cut short); it "
                                                "was not kept",
                                                address));
    }
  }

  void note(const std::string& source, const Error& error) {
    last_ = error.code();
    const std::string what = error.what();
    reasons_.push_back(what.starts_with(source) ? what : fmt::format("{}: {}", source, what));
  }

  const DataSet& set_;
  bool in_place_;
  fs::path target_;
  const Context& context_;
  ErrorCode last_ = ErrorCode::kNotFound;
  std::vector<std::string> reasons_;
};

}  // namespace

Fetched fetch_data_set(const DataSet& set, const FetchPlan& plan, const Context& context) {
  Fetcher fetcher(set, plan, context);
  std::error_code status;
  if (fs::is_regular_file(fetcher.target(), status)) {
    check_digest(set, fetcher.target());
    return {fetcher.target(), fetcher.target().parent_path().string(), true};
  }
  for (const std::string& mirror : plan.mirrors) {
    if (auto got = is_address(mirror) ? fetcher.from_mirror_address(mirror) : fetcher.from_folder(mirror)) return *got;
  }
  for (const fs::path& folder : data_folders({})) {
    if (!find_in_folder(set, folder)) continue;
    if (auto got = fetcher.from_folder(folder)) return *got;
  }
  for (const std::string& address : set.urls) {
    if (auto got = fetcher.from_address(address)) return *got;
  }
  throw fetcher.failure();
}

}  // namespace obligor
