#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "prep/embedding/step_kernel.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/simd_dispatch.h"
#include "prep/embedding/step_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::embedding::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Every set has its sums in kLanes lanes: some registers of what it has, up to 16 lanes each.
using D = hn::CappedTag<float, kLanes>;
constexpr size_t kStep = hn::MaxLanes(D());
constexpr size_t kSums = kLanes / kStep;

HWY_INLINE float total(const hn::Vec<D>* sums) {
  HWY_ALIGN float sum[kLanes];
  for (size_t s = 0; s < kSums; ++s) hn::Store(sums[s], D(), sum + s * kStep);
  for (size_t i = 0; i < 8; ++i) sum[i] += sum[i + 8];
  for (size_t i = 0; i < 4; ++i) sum[i] += sum[i + 4];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

// kOutputs chains of sums side by side.
template <size_t kOutputs>
HWY_INLINE void dots(const float* HWY_RESTRICT input, float* const* outputs, size_t padded, float* result) {
  const D d;
  hn::Vec<D> sums[kOutputs][kSums];
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t s = 0; s < kSums; ++s) sums[o][s] = hn::Zero(d);
  }
  for (size_t v = 0; v < padded; v += kLanes) {
    for (size_t s = 0; s < kSums; ++s) {
      const auto x = hn::Load(d, input + v + s * kStep);
      for (size_t o = 0; o < kOutputs; ++o) sums[o][s] = hn::Add(sums[o][s], hn::Mul(x, hn::Load(d, outputs[o] + v + s * kStep)));
    }
  }
  for (size_t o = 0; o < kOutputs; ++o) result[o] = total(sums[o]);
}

void products(const float* input, float* const* outputs, size_t count, size_t padded, float* result) {
  constexpr size_t kBlock = kSums == 1 ? 6 : 2;  // as many chains as there are registers for
  size_t o = 0;
  for (; o + kBlock <= count; o += kBlock) dots<kBlock>(input, outputs + o, padded, result + o);
  for (; o < count; ++o) dots<1>(input, outputs + o, padded, result + o);
}

void steps(const float* HWY_RESTRICT input, float* const* outputs, const float* rates, size_t count, size_t padded, float* HWY_RESTRICT error) {
  const D d;
  for (size_t v = 0; v < padded; v += kStep) {
    const auto x = hn::Load(d, input + v);
    auto sum = hn::Load(d, error + v);
    for (size_t o = 0; o < count; ++o) {
      const auto g = hn::Set(d, rates[o]);
      const auto old = hn::Load(d, outputs[o] + v);
      sum = hn::Add(sum, hn::Mul(g, old));
      hn::Store(hn::Add(old, hn::Mul(g, x)), d, outputs[o] + v);
    }
    hn::Store(sum, d, error + v);
  }
}

void add_rows(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, size_t padded) {
  const D d;
  for (size_t v = 0; v < padded; v += kStep) hn::Store(hn::Add(hn::Load(d, to + v), hn::Load(d, from + v)), d, to + v);
}

}  // namespace

const Kernels* get_kernels() {
  static constexpr Kernels kKernels{products, steps, add_rows};
  return &kKernels;
}

}  // namespace obligor::embedding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::embedding {
namespace {

// The sigmoid between these bounds; beyond them a pair is taken for learned (or hopeless) and its gradient for 0 (or the rate).
constexpr float kBound = 8.0F;
constexpr size_t kTableSize = 4096;

std::array<float, kTableSize + 1> sigmoid_table() {
  std::array<float, kTableSize + 1> value{};
  for (size_t i = 0; i <= kTableSize; ++i) {
    const double x = (static_cast<double>(i) / kTableSize * 2 - 1) * static_cast<double>(kBound);
    value[i] = static_cast<float>(1 / (1 + std::exp(-x)));
  }
  return value;
}

float sigmoid(float x) {
  static const std::array<float, kTableSize + 1> table = sigmoid_table();
  if (!(x > -kBound)) return 0;
  if (x >= kBound) return 1;
  const float place = (x + kBound) * (static_cast<float>(kTableSize) / (2 * kBound));
  const auto at = static_cast<size_t>(place);
  return table[at] + (place - static_cast<float>(at)) * (table[at + 1] - table[at]);
}

}  // namespace

const Kernels& kernels() { return *OBLIGOR_SIMD_CHOOSE(get_kernels); }

void logistic_step(const Kernels& kernels, const float* input, float* const* outputs, const float* labels, size_t count, size_t padded, float rate,
                   float* products, float* error) {
  kernels.products(input, outputs, count, padded, products);
  for (size_t o = 0; o < count; ++o) products[o] = rate * (labels[o] - sigmoid(products[o]));
  kernels.steps(input, outputs, products, count, padded, error);
}

Rows::Rows(size_t rows, size_t width) : padded_(filled_up(width, kLanes)), data_(rows * padded_) {}

}  // namespace obligor::embedding
#endif
