// What a map over steps reads: columns that stand in several runs; once for each instruction set. For a tile `stride` is its own, for one row 1.
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

// Columns that a map reads next; null: all zero.
struct Run {
  const float* x = nullptr;
  size_t columns = 0;
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
  size_t step;   // floats between two steps
  size_t first;  // padded step of the first tap
  const ConvolveShape* shape;
  [[nodiscard]] HWY_INLINE size_t count() const { return shape->taps; }
  [[nodiscard]] HWY_INLINE Run at(size_t k) const {
    const size_t place = first + k * shape->dilation;
    const bool inside = place >= shape->left && place - shape->left < shape->steps;
    return {inside ? x + (place - shape->left) * step : nullptr, shape->channels};
  }
};

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_RUNS_INL_H
