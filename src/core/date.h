// Dates as text.
//
//   parse_date("2014-02-01");            // microseconds since 1970-01-01 UTC
//   parse_date("2014-02-01 12:30:05");   // or with T; nothing when the text is no such date
//   day_text(16102);                     // "2014-02-01": days since 1970-01-01, as a plan reads a date column
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obligor {

[[nodiscard]] std::optional<int64_t> parse_date(std::string_view text);
// ISO 8601: the date, and the time of day when it is not midnight.
[[nodiscard]] std::string date_text(int64_t microseconds);
// The same of days, to the second; a number that is no date of the years 1 to 9999 stays a number.
[[nodiscard]] std::string day_text(double days);

}  // namespace obligor
