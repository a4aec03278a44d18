#include "core/floats.h"

#include <algorithm>

namespace obligor {

namespace {

size_t with_line(size_t size) { return filled_up(size, kLineFloats) + kLineFloats; }

}  // namespace

Floats::Floats(size_t size)
    : size_(size), data_(static_cast<float*>(::operator new[](with_line(size) * sizeof(float), std::align_val_t{kLineFloats * sizeof(float)}))) {
  std::fill_n(data_.get(), with_line(size), 0.0F);
}

void Floats::clear() { std::fill_n(data_.get(), size_, 0.0F); }

Floats lay_out(const std::vector<std::pair<float**, size_t>>& arrays) {
  size_t total = 0;
  for (const auto& [array, count] : arrays) total += filled_up(count, kLineFloats);
  Floats memory(total);
  float* at = memory.data();
  for (const auto& [array, count] : arrays) {
    *array = at;
    at += filled_up(count, kLineFloats);
  }
  return memory;
}

}  // namespace obligor
