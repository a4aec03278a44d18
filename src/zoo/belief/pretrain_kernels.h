// The loops of pre-training that are neither a matrix product nor one of zoo/net/step_kernels.h, compiled for each instruction set.
//
//   const PretrainKernels& kernels = pretrain_kernels();
//   kernels.draw(rows * hidden, key, p, units);
//
// All arrays are row-major float32. Same machine, same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace obligor::belief {

struct PretrainKernels {
  // z = act(z + bias), for each row; a column's activation is none where `number` is 1, the sigmoid where it is 0.
  void (*visible)(size_t rows, size_t width, const float* bias, const float* number, float* z);
  // out[i] = 1 with probability p[i], else 0: a hash of key + i says which.
  void (*draw)(size_t n, uint32_t key, const float* p, float* out);
  // step = momentum step - rate (down + decay value), value += step.
  void (*descend)(size_t n, float momentum, float rate, float decay, const float* down, float* step, float* value);
};

[[nodiscard]] const PretrainKernels& pretrain_kernels();

}  // namespace obligor::belief
