// The sum of a row's vectors out of their tables; once for each instruction set (included by column_kernels.cc and row_kernels.cc).
#if defined(OBLIGOR_EMIT_NATIVE_GATHER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_GATHER_INL_H
#undef OBLIGOR_EMIT_NATIVE_GATHER_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_GATHER_INL_H
#endif

#include <hwy/highway.h>

#include "emit/native/program.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// Code of part p at codes[p.codes * code_stride], number c of the result to y[c * y_stride]. A product of two float32 is exact in double, and the
// parts are added in their order, as the reference interpreter does.
HWY_INLINE void gathered_row(const GatherData& gathered, const int32_t* HWY_RESTRICT codes, size_t code_stride, size_t width, float* HWY_RESTRICT y,
                             size_t y_stride) {
  constexpr size_t kChunk = 64;
  HWY_ALIGN double total[kChunk];
  for (size_t begin = 0; begin < width; begin += kChunk) {
    const size_t count = HWY_MIN(kChunk, width - begin);
    for (size_t c = 0; c < count; ++c) total[c] = 0;
    for (const GatherData::Part& part : gathered.parts) {
      const double weight = part.weight;
      const float* HWY_RESTRICT row = gathered.tables.data() + part.table + static_cast<size_t>(codes[part.codes * code_stride]) * width + begin;
      for (size_t c = 0; c < count; ++c) total[c] += weight * static_cast<double>(row[c]);
    }
    for (size_t c = 0; c < count; ++c) y[(begin + c) * y_stride] = static_cast<float>(total[c]);
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_GATHER_INL_H
