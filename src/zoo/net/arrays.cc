#include "zoo/net/arrays.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::net {

const std::vector<float>* Lookup::find(std::string_view name) const {
  const auto found = std::find_if(arrays_.begin(), arrays_.end(), [&](const NamedArray& a) { return a.name == name; });
  return found == arrays_.end() ? nullptr : &found->values;
}

const std::vector<float>& Lookup::get(std::string_view name) const {
  if (const auto* values = find(name)) return *values;
  throw Error(ErrorCode::kInternal, fmt::format("network: no parameter '{}' to lower", name));
}

}  // namespace obligor::net
