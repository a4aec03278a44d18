// The page built from web/, as it was embedded in this library: HTML with the marker __OBLIGOR_DATA__ once.
//
//   std::string_view page = report_template();      // lives as long as the program
#pragma once

#include <string_view>

namespace obligor {

[[nodiscard]] std::string_view report_template();

}  // namespace obligor
