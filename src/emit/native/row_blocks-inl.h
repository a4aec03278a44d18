// Layer normalisation and attention of one row; once for each instruction set (included by row_kernels.cc, after activations-inl.h). Each sum runs in
// the order and precision of the tile's kernel, so that a row yields the same bits alone and in a batch.
#if defined(OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#undef OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
#endif

#include <cmath>
#include <cstring>

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

// Keys lie along the vectors for the scores and the numbers of a value for the result, so that each sum is the chain of the tile's kernel.
HWY_INLINE void attend_row(const AttendShape& shape, const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys,
                           const float* HWY_RESTRICT values, const float* HWY_RESTRICT present, float* HWY_RESTRICT y) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float key_columns[kMostRowKeyCells];  // column c of all keys that are there, side by side
  HWY_ALIGN float line[kMostRowKeys];
  HWY_ALIGN float result[kLaneMultiple];
  uint16_t key[kMostRowKeys];
  size_t count = 0;
  for (size_t j = 0; j < shape.keys; ++j) {
    if (present == nullptr || present[j] > 0) key[count++] = static_cast<uint16_t>(j);
  }
  if (count == 0) {
    std::memset(y, 0, shape.queries * shape.heads * shape.value_width * sizeof(float));
    return;
  }
  const size_t side = padded(count);
  for (size_t h = 0; h < shape.heads; ++h) {
    for (size_t c = 0; c < shape.width; ++c) {
      float* column = key_columns + c * side;
      for (size_t n = 0; n < count; ++n) column[n] = keys[(key[n] * shape.heads + h) * shape.width + c];
      for (size_t n = count; n < side; ++n) column[n] = 0;
    }
    for (size_t i = 0; i < shape.queries; ++i) {
      const float* q = queries + (i * shape.heads + h) * shape.width;
      float* out = y + (i * shape.heads + h) * shape.value_width;
      for (size_t n = 0; n < side; n += lanes) {
        auto sum = hn::Zero(d);
        for (size_t c = 0; c < shape.width; ++c) sum = hn::MulAdd(hn::Set(d, q[c]), hn::LoadU(d, key_columns + c * side + n), sum);
        hn::Store(sum, d, line + n);
      }
      float largest = -__builtin_inff();
      for (size_t n = 0; n < count; ++n) largest = line[n] > largest ? line[n] : largest;
      for (size_t n = count; n < side; ++n) line[n] = largest;
      for (size_t n = 0; n < side; n += lanes) {
        const auto distance = hn::Sub(hn::Load(d, line + n), hn::Set(d, largest));
        hn::Store(keep_missing(distance, hn::Exp(d, hn::Max(distance, hn::Set(d, -104.0F)))), d, line + n);
      }
      float total = 0;
      for (size_t n = 0; n < count; ++n) total += line[n];
      for (size_t c = 0; c < shape.value_width; c += lanes) {
        // The last vector may reach beyond the value, into numbers of the workspace that are not looked at.
        auto sum = hn::Zero(d);
        for (size_t n = 0; n < count; ++n) {
          sum = hn::MulAdd(hn::Set(d, line[n]), hn::LoadU(d, values + (key[n] * shape.heads + h) * shape.value_width + c), sum);
        }
        hn::Store(hn::Div(sum, hn::Set(d, total)), d, result);
        const size_t some = HWY_MIN(lanes, shape.value_width - c);
        for (size_t k = 0; k < some; ++k) out[c + k] = result[k];
      }
    }
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_ROW_BLOCKS_INL_H
