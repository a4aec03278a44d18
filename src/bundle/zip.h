// A zip of a few named members, by libzip: the same bytes for the same members, and nothing taken on trust when read.
//
//   std::string bytes = write_zip({{"plan.json", text}});
//   for (const ZipMember& member : read_zip(bytes, "m.obligor", limits)) ...
//
// Contract: fixed times and attributes, members in the given order, deflate. Reading checks every stated size against the limits
// before it inflates, and stops at the stated size. Errors: Error{kData} that names the source.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obligor {

struct ZipMember {
  std::string name;
  std::string bytes;
};

struct ZipLimit {
  std::string_view name;
  uint64_t bytes;
};

[[nodiscard]] std::string write_zip(std::span<const ZipMember> members);
// Only members that `limits` names are allowed, each at most once.
[[nodiscard]] std::vector<ZipMember> read_zip(std::string_view bytes, std::string_view source, std::span<const ZipLimit> limits);

}  // namespace obligor
