// The arithmetic of the models of pairs, compiled for several instruction sets (core/instruction_set.h). Private to the room.
//
// Widths are multiples of kPad floats and rows start on a cache line (Floats, padded()); what pads them is zero and stays so.
//
// `settle` and `adam_row` are Adam on the rows of a table of which a step touches a few, with the results of Adam on the whole table. A row is
// [values | first moments | second moments], each `width` wide. Adam as in Kingma & Ba (2015), end of section 2:
//   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  x -= rate_t m / (sqrt(v) + epsilon),  rate_t = rate sqrt(1 - b2^t) / (1 - b1^t)
// A row that steps t+1 .. t+n do not touch still moves: by the sum over k of rate_{t+k} b1^k m / (b2^{k/2} sqrt(v) + epsilon). With
// h_k = b2^{-k/2} - 1 and d = epsilon / (sqrt(v) + epsilon) the k-th term is rate_{t+k} (b1 / sqrt(b2))^k m / ((sqrt(v) + epsilon) (1 + d h_k)),
// and 1 / (1 + d h) = 1 - d h + (d h)^2 up to (d h)^3, where h is under .08 as long as (b1 / sqrt(b2))^k is above 1e-7. So
// the sum is m / (sqrt(v) + epsilon) (s0 - d s1 + d^2 s2), where s0, s1, s2 depend on t and n alone (zoo/recsys/lazy_adam.h).
#pragma once

#include <cstddef>

#include "core/floats.h"

namespace obligor::recsys {

inline constexpr size_t kPad = kLineFloats;
[[nodiscard]] constexpr size_t padded(size_t width) { return filled_up(width, kPad); }

// What rows missed since they were last touched.
struct Missed {
  float first = 1;   // b1^n
  float second = 1;  // b2^n
  float s0 = 0;
  float s1 = 0;
  float s2 = 0;
};

struct AdamRate {
  float rate = 0;  // rate_t
  float beta1 = 0;
  float beta2 = 0;
  float rest1 = 0;  // 1 - beta, of the betas before they were rounded
  float rest2 = 0;
  float epsilon = 0;
};

// The rate of step t.
[[nodiscard]] AdamRate adam_rate(double rate, double step, double beta1, double beta2, double epsilon);

// C (m x n) = A B, and then + bias where given and max(0, .) where `rectify`. A is read at a[i * a_row + k * a_column].
struct Product {
  size_t m = 0;
  size_t n = 0;  // a multiple of kPad
  size_t k = 0;
  const float* a = nullptr;
  size_t a_row = 0;
  size_t a_column = 0;
  const float* b = nullptr;  // k x n, rows b_row apart
  size_t b_row = 0;
  float* c = nullptr;
  size_t c_row = 0;
  const float* bias = nullptr;
  bool rectify = false;
};

struct Kernels {
  float (*dot)(const float* a, const float* b, size_t width);
  void (*axpy)(float factor, const float* x, float* y, size_t width);  // y += factor x
  // to = a b, elementwise
  void (*multiply)(const float* a, const float* b, float* to, size_t width);
  void (*multiply_add)(float factor, const float* a, const float* b, float* to, size_t width);  // to += factor a b
  void (*rectify_gradient)(const float* value, float* gradient, size_t width);                  // 0 where value <= 0
  void (*product)(const Product& p);
  void (*settle)(float* row, size_t width, const Missed& missed, float epsilon);
  void (*adam_row)(float* row, const float* gradient, size_t width, const AdamRate& rate);
  // The same over flat arrays, with `decay` x added to the gradient.
  void (*adam)(float* x, float* first, float* second, const float* gradient, size_t width, float decay, const AdamRate& rate);
};
[[nodiscard]] const Kernels& kernels();

}  // namespace obligor::recsys
