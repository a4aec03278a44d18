// Arrays of a kernel's work in one piece of memory.
//
//   float* a = nullptr;  float* b = nullptr;
//   const std::vector<float> memory = lay_out({{&a, 20}, {&b, 3}});     // zeros; a and b begin at multiples of 64 bytes
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace obligor::field {

inline constexpr size_t kWorkPad = 16;  // float32 in 64 bytes

[[nodiscard]] constexpr size_t filled_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

// The arrays and how many numbers each has; they live as long as what is returned.
[[nodiscard]] std::vector<float> lay_out(const std::vector<std::pair<float**, size_t>>& arrays);

}  // namespace obligor::field
