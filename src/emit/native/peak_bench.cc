// The machine's float32 peak of one thread, by fused multiply-adds that wait for nothing: what the share of the dense kernels is taken of.
// Sixteen sums, each of the widest vectors, so that the units are full whatever their latency.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/peak_bench.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/peak_bench.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t kSums = 16;
#else
constexpr size_t kSums = 10;  // beside the two factors in sixteen registers
#endif

double multiply_adds(size_t times, float factor) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, factor);
  const auto b = hn::Set(d, 1e-6F);
  hn::Vec<decltype(d)> sums[kSums];
#pragma GCC unroll 16
  for (size_t s = 0; s < kSums; ++s) sums[s] = hn::Set(d, static_cast<float>(s));
  for (size_t i = 0; i < times; ++i) {
#pragma GCC unroll 16
    for (size_t s = 0; s < kSums; ++s) sums[s] = hn::MulAdd(sums[s], a, b);
  }
  auto total = sums[0];
  for (size_t s = 1; s < kSums; ++s) total = hn::Add(total, sums[s]);
  volatile float kept = hn::GetLane(total);
  (void)kept;
  return static_cast<double>(times) * 2 * static_cast<double>(kSums * hn::Lanes(d));
}

using Work = double(size_t, float);
Work* get_multiply_adds() { return multiply_adds; }

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
double run_multiply_adds(size_t times) { return OBLIGOR_SIMD_CHOOSE(get_multiply_adds)(times, 0.999F); }
}  // namespace obligor::native
#endif
