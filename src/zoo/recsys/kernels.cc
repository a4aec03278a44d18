#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/recsys/kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "core/simd_dispatch.h"
#include "zoo/recsys/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::recsys::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kPad>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());

float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t width) {
  const D d;
  auto even = hn::Zero(d);
  auto odd = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * kLanes <= width; i += 2 * kLanes) {
    even = hn::MulAdd(hn::Load(d, a + i), hn::Load(d, b + i), even);
    odd = hn::MulAdd(hn::Load(d, a + i + kLanes), hn::Load(d, b + i + kLanes), odd);
  }
  for (; i < width; i += kLanes) even = hn::MulAdd(hn::Load(d, a + i), hn::Load(d, b + i), even);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

void axpy(float factor, const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t width) {
  const D d;
  const auto f = hn::Set(d, factor);
  for (size_t i = 0; i < width; i += kLanes) hn::Store(hn::MulAdd(f, hn::Load(d, x + i), hn::Load(d, y + i)), d, y + i);
}

void multiply(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float* HWY_RESTRICT to, size_t width) {
  const D d;
  for (size_t i = 0; i < width; i += kLanes) hn::Store(hn::Mul(hn::Load(d, a + i), hn::Load(d, b + i)), d, to + i);
}

void multiply_add(float factor, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float* HWY_RESTRICT to, size_t width) {
  const D d;
  const auto f = hn::Set(d, factor);
  for (size_t i = 0; i < width; i += kLanes) {
    hn::Store(hn::MulAdd(hn::Mul(f, hn::Load(d, a + i)), hn::Load(d, b + i), hn::Load(d, to + i)), d, to + i);
  }
}

void rectify_gradient(const float* HWY_RESTRICT value, float* HWY_RESTRICT gradient, size_t width) {
  const D d;
  const auto zero = hn::Zero(d);
  for (size_t i = 0; i < width; i += kLanes) {
    hn::Store(hn::IfThenElseZero(hn::Gt(hn::Load(d, value + i), zero), hn::Load(d, gradient + i)), d, gradient + i);
  }
}

// kRows x kVectors sums in registers.
template <size_t kRows, size_t kVectors>
HWY_INLINE void block(const Product& p, size_t row, size_t column) {
  const D d;
  V sums[kRows][kVectors];
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  const float* HWY_RESTRICT a = p.a + row * p.a_row;
  const float* HWY_RESTRICT b = p.b + column;
  for (size_t k = 0; k < p.k; ++k) {
    V right[kVectors];
    for (size_t v = 0; v < kVectors; ++v) right[v] = hn::Load(d, b + v * kLanes);
    for (size_t r = 0; r < kRows; ++r) {
      const auto left = hn::Set(d, a[r * p.a_row]);
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(left, right[v], sums[r][v]);
    }
    a += p.a_column;
    b += p.b_row;
  }
  for (size_t r = 0; r < kRows; ++r) {
    float* c = p.c + (row + r) * p.c_row + column;
    for (size_t v = 0; v < kVectors; ++v) {
      auto value = sums[r][v];
      if (p.bias != nullptr) value = hn::Add(value, hn::Load(d, p.bias + column + v * kLanes));
      if (p.rectify) value = hn::Max(value, hn::Zero(d));
      hn::Store(value, d, c + v * kLanes);
    }
  }
}

template <size_t kRows, size_t kVectors>
HWY_INLINE void rows(const Product& p, size_t column) {
  size_t row = 0;
  for (; row + kRows <= p.m; row += kRows) block<kRows, kVectors>(p, row, column);
  for (; row < p.m; ++row) block<1, kVectors>(p, row, column);
}

void product(const Product& p) {
  size_t column = 0;
  // 4 x 4 sums, or 4 x 2 where there are but 16 registers.
  if constexpr (kLanes == kPad) {
    for (; column + 4 * kLanes <= p.n; column += 4 * kLanes) rows<4, 4>(p, column);
  }
  for (; column + 2 * kLanes <= p.n; column += 2 * kLanes) rows<(kLanes == kPad ? 8 : 4), 2>(p, column);
  for (; column < p.n; column += kLanes) rows<8, 1>(p, column);
}

void settle(float* HWY_RESTRICT row, size_t width, const Missed& missed, float epsilon) {
  const D d;
  float* first = row + width;
  float* second = first + width;
  const auto e = hn::Set(d, epsilon);
  for (size_t i = 0; i < width; i += kLanes) {
    const auto m = hn::Load(d, first + i);
    const auto v = hn::Load(d, second + i);
    const auto inverse = hn::Div(hn::Set(d, 1), hn::Add(hn::Sqrt(v), e));
    const auto share = hn::Mul(e, inverse);
    const auto sum = hn::MulAdd(share, hn::MulSub(share, hn::Set(d, missed.s2), hn::Set(d, missed.s1)), hn::Set(d, missed.s0));
    hn::Store(hn::NegMulAdd(hn::Mul(m, inverse), sum, hn::Load(d, row + i)), d, row + i);
    hn::Store(hn::Mul(m, hn::Set(d, missed.first)), d, first + i);
    hn::Store(hn::Mul(v, hn::Set(d, missed.second)), d, second + i);
  }
}

HWY_INLINE void adam_at(const D d, float* x, float* first, float* second, V g, const AdamRate& rate) {
  const auto m = hn::MulAdd(hn::Set(d, rate.rest1), g, hn::Mul(hn::Set(d, rate.beta1), hn::Load(d, first)));
  const auto v = hn::MulAdd(hn::Mul(hn::Set(d, rate.rest2), g), g, hn::Mul(hn::Set(d, rate.beta2), hn::Load(d, second)));
  hn::Store(m, d, first);
  hn::Store(v, d, second);
  const auto step = hn::Div(hn::Mul(hn::Set(d, rate.rate), m), hn::Add(hn::Sqrt(v), hn::Set(d, rate.epsilon)));
  hn::Store(hn::Sub(hn::Load(d, x), step), d, x);
}

void adam_row(float* HWY_RESTRICT row, const float* HWY_RESTRICT gradient, size_t width, const AdamRate& rate) {
  const D d;
  for (size_t i = 0; i < width; i += kLanes) adam_at(d, row + i, row + width + i, row + 2 * width + i, hn::Load(d, gradient + i), rate);
}

void adam(float* HWY_RESTRICT x, float* HWY_RESTRICT first, float* HWY_RESTRICT second, const float* HWY_RESTRICT gradient, size_t width, float decay,
          const AdamRate& rate) {
  const D d;
  for (size_t i = 0; i < width; i += kLanes) {
    const auto g = hn::MulAdd(hn::Set(d, decay), hn::Load(d, x + i), hn::Load(d, gradient + i));
    adam_at(d, x + i, first + i, second + i, g, rate);
  }
}

}  // namespace

const Kernels* get_kernels() {
  static constexpr Kernels kKernels{dot, axpy, multiply, multiply_add, rectify_gradient, product, settle, adam_row, adam};
  return &kKernels;
}

}  // namespace obligor::recsys::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::recsys {

const Kernels& kernels() { return *OBLIGOR_SIMD_CHOOSE(get_kernels); }

AdamRate adam_rate(double rate, double step, double beta1, double beta2, double epsilon) {
  AdamRate result;
  result.rate = static_cast<float>(rate * std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step)));
  result.beta1 = static_cast<float>(beta1);
  result.beta2 = static_cast<float>(beta2);
  result.rest1 = static_cast<float>(1 - beta1);
  result.rest2 = static_cast<float>(1 - beta2);
  result.epsilon = static_cast<float>(epsilon);
  return result;
}

}  // namespace obligor::recsys
#endif
