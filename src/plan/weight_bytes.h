// float32 weights in two bytes or one, as weights.safetensors keeps them (docs/plan.md, "The file"). Both ways are exact: what is not exactly a
// bfloat16, or a scale times a whole number, is not written so.
//
//   if (const auto rows = as_int8(values, 64)) ...            // 64 rows of equal length, a scale each
//
// An int8 weight is scale[row] x q, q from -127 to 127. The scale of a row is its largest magnitude / 127, rounded up to 16 significant bits, so that
// its product with any q is a float32 without rounding: a plan that is saved, read and saved again gives the same bytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obligor {

// The upper half of a float32 whose lower half is 0, little-endian; nothing where a lower half is not.
[[nodiscard]] std::optional<std::string> as_bf16(const std::vector<float>& values);
[[nodiscard]] std::vector<float> from_bf16(std::string_view bytes);

struct Int8Rows {
  std::string bytes;          // a q each
  std::vector<float> scales;  // a row each
};
[[nodiscard]] float int8_scale(std::span<const float> row);  // 0 for a row of zeros, NaN where a weight is not finite
[[nodiscard]] std::optional<Int8Rows> as_int8(const std::vector<float>& values, size_t rows);
// Error{kData} naming the source: a scale that is negative or not finite, a q of -128. scales: one or more, dividing the bytes.
[[nodiscard]] std::vector<float> from_int8(std::string_view bytes, const std::vector<float>& scales, std::string_view source);

}  // namespace obligor
