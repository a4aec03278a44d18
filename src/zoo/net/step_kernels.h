// The loops of a training step that are no matrix product, compiled for each instruction set of core/instruction_set.h.
//
//   const StepKernels& kernels = step_kernels();
//   kernels.pairwise(rows, fields, k, vectors, sums, out);
//
// All arrays are row-major float32. Where a function has `adds`, the result is added to what is there, else it replaces it.
// Same machine, same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "zoo/net/network.h"

namespace obligor::net {

// Of AdamW, as in its paper.
inline constexpr double kBeta1 = 0.9;
inline constexpr double kBeta2 = 0.999;
inline constexpr double kEpsilon = 1e-8;

// AdamW (Loshchilov & Hutter, ICLR 2019): the decay and the bias corrections of this step.
struct AdamStep {
  float rate = 0;
  float decay = 0;   // of a weight in this step: rate x weight decay
  float first = 0;   // 1 - beta1^t
  float second = 0;  // sqrt(1 - beta2^t)
  float pull = 0;    // times the weight, added to its gradient: Adam with an L2 term instead of AdamW
};

// What a row of a table missed since a step touched it (zoo/net/lazy_table.h).
struct Missed {
  float lost = 0;     // 1 - product of (1 - rate x decay)
  float first = 1;    // beta1^n
  float second = 1;   // beta2^n
  float epsilon = 0;  // epsilon times the bias correction of the step that touched it last
  float s0 = 0;
  float s1 = 0;
  float s2 = 0;
  float s3 = 0;
};

// Dropout without a mask in memory: number i of an array is kept where a hash of i and `key` lies below `limit`, and then scaled by `kept`.
// The way back finds the same numbers by the same key; vectors of any length see the same mask.
struct Drop {
  uint32_t key = 0;
  uint32_t limit = 0;  // 0: nothing is dropped
  float kept = 1;
};

struct StepKernels {
  // z[r] += bias, for each row.
  void (*add_bias)(size_t rows, size_t width, const float* bias, float* z);
  // out[c] = sum over rows of x[r][c].
  void (*column_sums)(size_t rows, size_t width, const float* x, float* out);
  void (*add)(size_t n, const float* x, float* y);                                  // y += x
  void (*copy)(size_t n, const float* x, float* y, bool adds);                      // y = x
  void (*multiply)(size_t n, const float* a, const float* b, float* y, bool adds);  // y = a b
  // y = x where it is kept, else 0.
  void (*drop)(size_t n, const Drop& drop, const float* x, float* y, bool adds);
  // A layer after its matrix product, in one pass: z += bias (where there is one), y = drop(act(z)). And d_z from d_y, with the sums of its
  // columns in d_bias. No gelu.
  void (*unit)(Activation activation, size_t rows, size_t width, const float* bias, const Drop& drop, float* z, float* y);
  void (*unit_back)(Activation activation, size_t rows, size_t width, const Drop& drop, const float* z, const float* d_y, float* d_z, float* d_bias,
                    bool adds);
  // vectors: rows x fields x k. sums = sum over fields (rows x k), out = (sums^2 - sum of squares) / 2; and the way back.
  void (*pairwise)(size_t rows, size_t fields, size_t k, const float* vectors, float* sums, float* out);
  void (*pairwise_back)(size_t rows, size_t fields, size_t k, const float* vectors, const float* sums, const float* d_out, float* d_vectors,
                        bool adds);
  // Batch norm in training: statistics of the batch, y = gain (x - mean) / deviation + shift. `mean` and `inverse` are left for the way back.
  void (*norm)(size_t rows, size_t width, const float* x, const float* gain, const float* shift, float epsilon, float* mean, float* variance,
               float* inverse, float* y);
  void (*norm_back)(size_t rows, size_t width, const float* x, const float* gain, const float* mean, const float* inverse, const float* d_y,
                    float* d_gain, float* d_shift, float* d_x, bool adds);
  // y = scale x + shift by column: batch norm with known statistics.
  void (*scale)(size_t rows, size_t width, const float* x, const float* scale, const float* shift, float* y);
  float (*dot)(size_t n, const float* a, const float* b);
  void (*add_scaled)(size_t n, float factor, const float* x, float* y);  // y += factor x
  void (*adamw)(size_t n, const AdamStep& step, const float* gradient, float* first, float* second, float* value);
  // Moves a row by what it missed; false, and nothing is changed, where the sums do not say it to one rounding.
  bool (*settle)(size_t n, const Missed& missed, float* first, float* second, float* value);
  void (*adagrad)(size_t n, float rate, float decay, const float* gradient, float* squares, float* value);
};

[[nodiscard]] const StepKernels& step_kernels();

}  // namespace obligor::net
