// The loops of ft_transformer's step, compiled for each instruction set of core/instruction_set.h.
//
//   attention_kernels().attend(shape, query, key, value, drop, first, scratch, logs, out);     // one row
//
// All arrays are row-major float32. Where a function has `adds`, the result is added to what is there, else it replaces it.
#pragma once

#include <cstddef>

#include "zoo/net/step_kernels.h"

namespace obligor::field {

// One row: `asked` tokens ask all `tokens`; each is `width` numbers, which the heads share out in order.
struct AttendShape {
  size_t asked = 0;
  size_t tokens = 0;
  size_t width = 0;
  size_t heads = 0;
  [[nodiscard]] size_t head_width() const { return width / heads; }
  // Of a head's keys with the tokens along them, in whole vectors of any instruction set.
  [[nodiscard]] size_t stride() const { return (tokens + 15) / 16 * 16; }
  [[nodiscard]] size_t scratch() const { return (4 * head_width() + 2) * stride() + 16; }
};

struct AttentionKernels {
  // Vaswani et al., NeurIPS 2017, equation 1: out (asked x width) = drop(softmax(Q K' / sqrt(head width))) V, head by head. logs (heads x asked) is
  // left for the way back: the logarithm of each softmax's sum. `first` numbers the shares of this row for the mask.
  void (*attend)(const AttendShape& shape, const float* query, const float* key, const float* value, const net::Drop& drop, size_t first,
                 float* scratch, float* logs, float* out);
  // Gradients of the three from that of `out`, each of which `adds` may say to add.
  void (*attend_back)(const AttendShape& shape, const float* query, const float* key, const float* value, const net::Drop& drop, size_t first,
                      float* scratch, const float* logs, const float* d_out, float* d_query, float* d_key, float* d_value, const bool adds[3]);
  // Ba, Kiros & Hinton, Layer normalization, 2016: y = gain (x - mean) / deviation + shift over each row of `width`. `mean` and `inverse` (one a
  // row) are left for the way back.
  void (*layer_norm)(size_t rows, size_t width, const float* x, const float* gain, const float* shift, float epsilon, float* mean, float* inverse,
                     float* y);
  void (*layer_norm_back)(size_t rows, size_t width, const float* x, const float* gain, const float* mean, const float* inverse, const float* d_y,
                          float* d_gain, float* d_shift, float* d_x, bool adds);
};

[[nodiscard]] const AttentionKernels& attention_kernels();

}  // namespace obligor::field
