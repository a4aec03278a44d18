// The log: diagnostics on stderr, off by default above warnings. Results never go through it.
//
//   log_warn("lending.csv: column 'id' looks like a key; it is left out");
#pragma once

#include <string_view>

namespace obligor {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

void set_log_level(LogLevel level);
void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warn(std::string_view message);
void log_error(std::string_view message);

}  // namespace obligor
