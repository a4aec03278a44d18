// What a map reads: columns that stand in one run or in several; once for each instruction set.
#if defined(OBLIGOR_EMIT_NATIVE_RUNS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_RUNS_INL_H
#undef OBLIGOR_EMIT_NATIVE_RUNS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_RUNS_INL_H
#endif

#include <hwy/highway.h>

#include "emit/native/packed.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// Columns that a map reads next, `stride` apart (a tile's own, 1 in one row); null: all zero.
struct Run {
  const float* x = nullptr;
  size_t columns = 0;
  size_t stride = 1;
};

// All inputs side by side.
struct OneRun {
  Run run;
  [[nodiscard]] static constexpr size_t count() { return 1; }
  [[nodiscard]] HWY_INLINE Run at(size_t /*s*/) const { return run; }
};

// A step's channels, then the state before it.
struct StepRuns {
  Run runs[2];
  [[nodiscard]] static constexpr size_t count() { return 2; }
  [[nodiscard]] HWY_INLINE Run at(size_t s) const { return runs[s]; }
};

// The steps under a filter.
struct FilterRuns {
  const float* x;
  size_t stride;
  size_t first;  // padded step of the first tap
  const ConvolveShape* shape;
  [[nodiscard]] HWY_INLINE size_t count() const { return shape->taps; }
  [[nodiscard]] HWY_INLINE Run at(size_t k) const {
    const size_t place = first + k * shape->dilation;
    const bool inside = place >= shape->left && place - shape->left < shape->steps;
    return {inside ? x + (place - shape->left) * shape->channels * stride : nullptr, shape->channels, stride};
  }
};

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_RUNS_INL_H
