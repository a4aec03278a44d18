// One gradient step of a logistic pair, the whole arithmetic of skip-gram. Private to the room.
//
// Vectors are padded to kLanes floats and aligned to 64 bytes. The kernel is compiled for several instruction sets (core/instruction_set.h); sums are
// made in kLanes lanes and then pairwise on all of them, so that every set gives the same bits.
#pragma once

#include <cstddef>

#include "core/floats.h"

namespace obligor::embedding {

inline constexpr size_t kLanes = kLineFloats;

struct Kernels {
  // result[o] = input . outputs[o]
  void (*products)(const float* input, float* const* outputs, size_t count, size_t padded, float* result);
  // error += rates[o] outputs[o]; outputs[o] += rates[o] input; one output after the other.
  void (*steps)(const float* input, float* const* outputs, const float* rates, size_t count, size_t padded, float* error);
  // to += from
  void (*add)(const float* from, float* to, size_t padded);
};
[[nodiscard]] const Kernels& kernels();

// For each of `outputs`: g = rate (label - s(input . output)); error += g output; output += g input. All products are taken before the
// first change. `products` holds `count` floats of the caller.
void logistic_step(const Kernels& kernels, const float* input, float* const* outputs, const float* labels, size_t count, size_t padded, float rate,
                   float* products, float* error);

// Rows of padded floats, zero at first, each row on a cache line.
class Rows {
 public:
  Rows(size_t rows, size_t width);
  [[nodiscard]] float* operator[](size_t row) { return data_.data() + row * padded_; }
  [[nodiscard]] const float* operator[](size_t row) const { return data_.data() + row * padded_; }
  [[nodiscard]] size_t padded() const { return padded_; }

 private:
  size_t padded_;
  Floats data_;
};

}  // namespace obligor::embedding
