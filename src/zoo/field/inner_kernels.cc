#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/field/inner_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "zoo/field/inner_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::field::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLineFloats>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
// Vectors of units beside each other: as many sums as there are registers for.
constexpr size_t kBeside = kLanes == kLineFloats ? 4 : 2;

// sums[c][v] = sum over fields of weight times number c of the field.
template <size_t numbers, size_t beside>
HWY_INLINE void weigh(const InnerWork& w, const float* HWY_RESTRICT row, size_t unit, V (&sums)[numbers][beside]) {
  const D d;
  for (size_t c = 0; c < numbers; ++c) {
    for (size_t v = 0; v < beside; ++v) sums[c][v] = hn::Zero(d);
  }
  const float* HWY_RESTRICT weights = w.turned + unit;
  for (size_t f = 0; f < w.fields; ++f, row += w.k, weights += w.width) {
    V weight[beside];
    for (size_t v = 0; v < beside; ++v) weight[v] = hn::Load(d, weights + v * kLanes);
    for (size_t c = 0; c < numbers; ++c) {
      const V x = hn::Set(d, row[c]);
      for (size_t v = 0; v < beside; ++v) sums[c][v] = hn::MulAdd(x, weight[v], sums[c][v]);
    }
  }
}

template <size_t numbers, size_t beside>
HWY_INLINE void add_squares(const InnerWork& w, const float* HWY_RESTRICT row, size_t unit, V (&total)[beside]) {
  V sums[numbers][beside];
  weigh(w, row, unit, sums);
  for (size_t c = 0; c < numbers; ++c) {
    for (size_t v = 0; v < beside; ++v) total[v] = hn::MulAdd(sums[c][v], sums[c][v], total[v]);
  }
}

template <size_t beside>
HWY_INLINE void forward_units(const InnerWork& w, const float* HWY_RESTRICT row, size_t unit) {
  const D d;
  V total[beside];
  for (size_t v = 0; v < beside; ++v) total[v] = hn::Zero(d);
  size_t c = 0;
  for (; c + 4 <= w.k; c += 4) add_squares<4>(w, row + c, unit, total);
  for (; c + 2 <= w.k; c += 2) add_squares<2>(w, row + c, unit, total);
  if (c < w.k) add_squares<1>(w, row + c, unit, total);
  for (size_t v = 0; v < beside; ++v) hn::Store(total[v], d, w.sums + unit + v * kLanes);
}

void forward(const InnerWork& w, const float* row) {
  size_t unit = 0;
  for (; unit + kBeside * kLanes <= w.width; unit += kBeside * kLanes) forward_units<kBeside>(w, row, unit);
  for (; unit < w.width; unit += kLanes) forward_units<1>(w, row, unit);
}

// The slopes of the sums of numbers c, c + 1, ..., and what they say of the weights.
template <size_t numbers, size_t beside>
HWY_INLINE void back_through(const InnerWork& w, const float* HWY_RESTRICT row, size_t unit, size_t c) {
  const D d;
  V slopes[numbers][beside];
  weigh(w, row + c, unit, slopes);
  for (size_t v = 0; v < beside; ++v) {
    const V d_sum = hn::Load(d, w.d_sums + unit + v * kLanes);
    const V twice = hn::Add(d_sum, d_sum);
    for (size_t i = 0; i < numbers; ++i) {
      slopes[i][v] = hn::Mul(twice, slopes[i][v]);
      hn::Store(slopes[i][v], d, w.slopes + (c + i) * w.width + unit + v * kLanes);
    }
  }
  float* HWY_RESTRICT to = w.d_turned + unit;
  const float* HWY_RESTRICT from = row + c;
  for (size_t f = 0; f < w.fields; ++f, from += w.k, to += w.width) {
    V sums[beside];
    for (size_t v = 0; v < beside; ++v) sums[v] = hn::Load(d, to + v * kLanes);
    for (size_t i = 0; i < numbers; ++i) {
      const V x = hn::Set(d, from[i]);
      for (size_t v = 0; v < beside; ++v) sums[v] = hn::MulAdd(x, slopes[i][v], sums[v]);
    }
    for (size_t v = 0; v < beside; ++v) hn::Store(sums[v], d, to + v * kLanes);
  }
}

template <size_t beside>
HWY_INLINE void backward_units(const InnerWork& w, const float* HWY_RESTRICT row, size_t unit) {
  size_t c = 0;
  for (; c + 4 <= w.k; c += 4) back_through<4, beside>(w, row, unit, c);
  for (; c + 2 <= w.k; c += 2) back_through<2, beside>(w, row, unit, c);
  if (c < w.k) back_through<1, beside>(w, row, unit, c);
}

// Numbers c, c + 1, ... of the gradients of some of the fields: sum over units of weight times slope.
template <size_t numbers, size_t beside>
HWY_INLINE void to_vectors(const InnerWork& w, size_t field, size_t c) {
  const D d;
  V sums[numbers][beside];
  for (size_t i = 0; i < numbers; ++i) {
    for (size_t v = 0; v < beside; ++v) sums[i][v] = hn::Zero(d);
  }
  const float* HWY_RESTRICT weights = w.weights + field;
  const float* HWY_RESTRICT slopes = w.slopes + c * w.width;
  for (size_t u = 0; u < w.units; ++u, weights += w.line, ++slopes) {
    V weight[beside];
    for (size_t v = 0; v < beside; ++v) weight[v] = hn::Load(d, weights + v * kLanes);
    for (size_t i = 0; i < numbers; ++i) {
      const V slope = hn::Set(d, slopes[i * w.width]);
      for (size_t v = 0; v < beside; ++v) sums[i][v] = hn::MulAdd(slope, weight[v], sums[i][v]);
    }
  }
  for (size_t i = 0; i < numbers; ++i) {
    for (size_t v = 0; v < beside; ++v) hn::Store(sums[i][v], d, w.d_vectors + (c + i) * w.line + field + v * kLanes);
  }
}

template <size_t numbers>
HWY_INLINE void to_all_vectors(const InnerWork& w, size_t c) {
  size_t field = 0;
  for (; field + 2 * kLanes <= w.line; field += 2 * kLanes) to_vectors<numbers, 2>(w, field, c);
  for (; field < w.line; field += kLanes) to_vectors<numbers, 1>(w, field, c);
}

void backward(const InnerWork& w, const float* HWY_RESTRICT row, float* HWY_RESTRICT d_row) {
  size_t unit = 0;
  for (; unit + kBeside * kLanes <= w.width; unit += kBeside * kLanes) backward_units<kBeside>(w, row, unit);
  for (; unit < w.width; unit += kLanes) backward_units<1>(w, row, unit);
  size_t c = 0;
  if (kLanes == kLineFloats) {
    for (; c + 8 <= w.k; c += 8) to_all_vectors<8>(w, c);
  }
  for (; c + 4 <= w.k; c += 4) to_all_vectors<4>(w, c);
  for (; c + 2 <= w.k; c += 2) to_all_vectors<2>(w, c);
  if (c < w.k) to_all_vectors<1>(w, c);
  for (size_t f = 0; f < w.fields; ++f, d_row += w.k) {
    for (c = 0; c < w.k; ++c) d_row[c] += w.d_vectors[c * w.line + f];
  }
}

}  // namespace

const InnerKernels* get_inner_kernels() {
  static constexpr InnerKernels kKernels{forward, backward};
  return &kKernels;
}

}  // namespace obligor::field::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::field {

const InnerKernels& inner_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_inner_kernels); }

}  // namespace obligor::field
#endif
