// The loops of inner_products.h over one row, compiled for each instruction set of core/instruction_set.h.
//
//   const InnerKernels& kernels = inner_kernels();
//   kernels.forward(work, row);                          // work.sums
//   kernels.backward(work, row, d_row);                  // from work.d_sums; adds to d_row and to work.d_turned
//
// Arrays are row-major float32 and aligned to 64 bytes. Same machine, same bits.
#pragma once

#include <cstddef>

#include "core/floats.h"

namespace obligor::field {

// Sizes, weights and the arrays in which a row is worked on; those are filled up with zeros to multiples of kLineFloats numbers.
struct InnerWork {
  size_t fields = 0;
  size_t k = 0;
  size_t units = 0;
  size_t width = 0;  // units filled up
  size_t line = 0;   // fields filled up

  float* weights = nullptr;    // units x line
  float* turned = nullptr;     // fields x width: the same, one field of all units after the other
  float* d_turned = nullptr;   // fields x width
  float* sums = nullptr;       // width
  float* d_sums = nullptr;     // width
  float* slopes = nullptr;     // k x width
  float* d_vectors = nullptr;  // k x line
};

struct InnerKernels {
  // row, d_row: fields x k.
  void (*forward)(const InnerWork& work, const float* row);
  void (*backward)(const InnerWork& work, const float* row, float* d_row);
};

[[nodiscard]] const InnerKernels& inner_kernels();

}  // namespace obligor::field
