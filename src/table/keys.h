// Columns that say who and when, whatever their kind.
//
//   const KeyCodes customers = key_codes(table.column("client"));     // customers.codes[row], customers.names[code]
//   const std::vector<double> when = time_values(table.column("month"));
//
// Errors: kInvalid for a sequence as a key, or a time that is neither a date nor a number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "table/table.h"

namespace obligor {

// Numbers and dates by their text.
struct KeyCodes {
  std::vector<int32_t> codes;  // a value a row; -1: missing
  std::vector<std::string> names;
};
[[nodiscard]] KeyCodes key_codes(const Column& column);

// Microseconds of a date, or the number as it is: only the order means anything. NaN: missing.
[[nodiscard]] std::vector<double> time_values(const Column& column);

}  // namespace obligor
