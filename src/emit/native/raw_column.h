// A raw column as a scorer takes it: arrays of the caller, read where they stand.
//
//   RawColumn age{.numbers = ages};      RawColumn job{.strings = jobs};      // a row's cell: ages[row], jobs[row]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace obligor {

// One of three forms: numbers; codes into a dictionary (-1 = missing); or strings (null = missing), which
// end with a zero byte where no lengths are given.
struct RawColumn {
  const float* numbers = nullptr;
  const int32_t* codes = nullptr;
  const std::vector<std::string>* dictionary = nullptr;
  const char* const* strings = nullptr;
  const size_t* lengths = nullptr;

  // The cell of a category; false: it is missing.
  [[nodiscard]] bool text(size_t row, std::string_view& cell) const {
    if (strings == nullptr) {
      if (codes[row] < 0) return false;
      cell = (*dictionary)[static_cast<size_t>(codes[row])];
      return true;
    }
    if (strings[row] == nullptr) return false;
    cell = lengths == nullptr ? std::string_view(strings[row]) : std::string_view(strings[row], lengths[row]);
    return true;
  }
};

}  // namespace obligor
