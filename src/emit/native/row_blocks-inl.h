// Layer normalisation and attention of one row; once for each instruction set (included by row_kernels.cc, after activations-inl.h). Each sum runs in the order and
// precision of the tile's kernel, so that a row yields the same bits alone and in a batch.
#if defined(OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#undef OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#endif

#include <cmath>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "emit/native/program.h"
#include "emit/native/row.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

HWY_INLINE void normalise_row(const NormaliseData& data, const float* x, float* y, size_t width) {
  const size_t group = data.gain.size();
  const auto count = static_cast<double>(group);
  for (size_t begin = 0; begin < width; begin += group) {
    double mean = 0;
    for (size_t c = 0; c < group; ++c) mean += static_cast<double>(x[begin + c]);
    mean /= count;
    double deviation = 0;
    for (size_t c = 0; c < group; ++c) {
      const double distance = static_cast<double>(x[begin + c]) - mean;
      deviation += distance * distance;
    }
    deviation = std::sqrt(deviation / count + data.epsilon);
    for (size_t c = 0; c < group; ++c) {
      const double distance = static_cast<double>(x[begin + c]) - mean;
      y[begin + c] = static_cast<float>(distance / deviation * static_cast<double>(data.gain[c]) + static_cast<double>(data.shift[c]));
    }
  }
}

// The scores of a query with all keys stand in a line, where their exponentials are taken a vector at a time. The multiply-adds are those of a
// vector of one, which the compiler's own would not be where the machine has none.
HWY_INLINE void attend_row(const AttendShape& shape, const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys,
                           const float* HWY_RESTRICT values, const float* HWY_RESTRICT present, float* HWY_RESTRICT y) {
  const D d;
  const hn::CappedTag<float, 1> one;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float line[kMostRowKeys];
  // The keys that are there, side by side.
  uint16_t key[kMostRowKeys];
  size_t count = 0;
  for (size_t j = 0; j < shape.keys; ++j) {
    if (present == nullptr || present[j] > 0) key[count++] = static_cast<uint16_t>(j);
  }
  for (size_t i = 0; i < shape.queries; ++i) {
    for (size_t h = 0; h < shape.heads; ++h) {
      const float* q = queries + (i * shape.heads + h) * shape.width;
      float* out = y + (i * shape.heads + h) * shape.value_width;
      float largest = -__builtin_inff();
      for (size_t n = 0; n < count; ++n) {
        const float* k = keys + (key[n] * shape.heads + h) * shape.width;
        auto sum = hn::Zero(one);
        for (size_t c = 0; c < shape.width; ++c) sum = hn::MulAdd(hn::LoadU(one, q + c), hn::LoadU(one, k + c), sum);
        line[n] = hn::GetLane(sum);
        largest = line[n] > largest ? line[n] : largest;
      }
      for (size_t n = count; n < padded(count); ++n) line[n] = largest;
      for (size_t n = 0; n < padded(count); n += lanes) {
        const auto distance = hn::Sub(hn::LoadU(d, line + n), hn::Set(d, largest));
        hn::StoreU(keep_missing(distance, hn::Exp(d, hn::Max(distance, hn::Set(d, -104.0F)))), d, line + n);
      }
      float total = 0;
      for (size_t n = 0; n < count; ++n) total += line[n];
      for (size_t c = 0; c < shape.value_width; ++c) {
        auto sum = hn::Zero(one);
        for (size_t n = 0; n < count; ++n) {
          sum = hn::MulAdd(hn::Set(one, line[n]), hn::LoadU(one, values + (key[n] * shape.heads + h) * shape.value_width + c), sum);
        }
        out[c] = count == 0 ? 0 : hn::GetLane(sum) / total;
      }
    }
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
