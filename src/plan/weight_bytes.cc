#include "plan/weight_bytes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr double kMostSteps = 127;

}  // namespace

std::optional<std::string> as_bf16(const std::vector<float>& values) {
  std::string bytes;
  bytes.reserve(2 * values.size());
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0xFFFFU) != 0) return std::nullopt;
    bytes.push_back(static_cast<char>((bits >> 16U) & 0xFFU));
    bytes.push_back(static_cast<char>(bits >> 24U));
  }
  return bytes;
}

std::vector<float> from_bf16(std::string_view bytes) {
  std::vector<float> values;
  values.reserve(bytes.size() / 2);
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const uint32_t bits =
        static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << 16U | static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 24U;
    values.push_back(std::bit_cast<float>(bits));
  }
  return values;
}

float int8_scale(std::span<const float> row) {
  float largest = 0;
  for (const float value : row) {
    if (!std::isfinite(value)) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, std::fabs(value));
  }
  // Up to 16 significant bits: with the 7 of q they fit into the 24 of a float32.
  int exponent = 0;
  const double part = std::frexp(static_cast<double>(largest) / kMostSteps, &exponent);
  return static_cast<float>(std::ldexp(std::ceil(std::ldexp(part, 16)), exponent - 16));
}

std::optional<Int8Rows> as_int8(const std::vector<float>& values, size_t rows) {
  if (rows == 0 || values.empty() || values.size() % rows != 0) return std::nullopt;
  const size_t length = values.size() / rows;
  Int8Rows made;
  made.bytes.reserve(values.size());
  made.scales.reserve(rows);
  for (size_t r = 0; r < rows; ++r) {
    const std::span<const float> row(values.data() + r * length, length);
    const float scale = int8_scale(row);
    if (!std::isfinite(scale)) return std::nullopt;
    made.scales.push_back(scale);
    for (const float value : row) {
      const double steps = scale > 0 ? std::nearbyint(static_cast<double>(value) / static_cast<double>(scale)) : 0;
      if (std::fabs(steps) > kMostSteps) return std::nullopt;
      const auto step = static_cast<int8_t>(steps);  // has no minus zero
      const auto again = static_cast<float>(static_cast<double>(step) * static_cast<double>(scale));
      if (std::bit_cast<uint32_t>(again) != std::bit_cast<uint32_t>(value)) return std::nullopt;
      made.bytes.push_back(static_cast<char>(step));
    }
  }
  return made;
}

std::vector<float> from_int8(std::string_view bytes, const std::vector<float>& scales, std::string_view source) {
  for (const float scale : scales) {
    if (!(std::isfinite(scale) && scale >= 0)) throw Error(ErrorCode::kData, fmt::format("{}: has a scale that is negative or not finite", source));
  }
  const size_t length = bytes.size() / scales.size();
  std::vector<float> values;
  values.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto steps = static_cast<int8_t>(bytes[i]);
    if (steps == std::numeric_limits<int8_t>::min()) throw Error(ErrorCode::kData, fmt::format("{}: holds -128; -127 to 127 are allowed", source));
    values.push_back(static_cast<float>(static_cast<double>(scales[i / length]) * static_cast<double>(steps)));
  }
  return values;
}

}  // namespace obligor
