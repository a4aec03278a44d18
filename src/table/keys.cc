#include "table/keys.h"

#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {

KeyCodes key_codes(const Column& column) {
  KeyCodes ids;
  if (column.kind() == ColumnKind::kCategory) {
    ids.codes.assign(column.codes().begin(), column.codes().end());
    ids.names = column.dictionary();
    return ids;
  }
  if (column.kind() == ColumnKind::kSequence) {
    throw Error(ErrorCode::kInvalid, fmt::format("column '{}' holds sequences; an id is a number or a text", column.name()));
  }
  std::unordered_map<std::string, int32_t> known;
  ids.codes.reserve(column.size());
  for (size_t r = 0; r < column.size(); ++r) {
    if (column.is_missing(r)) {
      ids.codes.push_back(kMissingCode);
      continue;
    }
    const auto [place, added] = known.try_emplace(column.cell_text(r), static_cast<int32_t>(ids.names.size()));
    if (added) ids.names.push_back(place->first);
    ids.codes.push_back(place->second);
  }
  return ids;
}

std::vector<double> time_values(const Column& column) {
  std::vector<double> times(column.size(), NAN);
  for (size_t r = 0; r < column.size(); ++r) {
    if (column.is_missing(r)) continue;
    if (column.kind() == ColumnKind::kNumber) {
      times[r] = static_cast<double>(column.numbers()[r]);
    } else if (column.kind() == ColumnKind::kDate) {
      times[r] = static_cast<double>(column.dates()[r]);
    } else {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("--time {}: a date or a number is wanted, and the column is a {}", column.name(), kind_name(column.kind())));
    }
  }
  return times;
}

}  // namespace obligor
