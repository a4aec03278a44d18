// The operations over steps and words of one row; once for each instruction set (after row_maps-inl.h). Each sum and function is that of the tile's
// kernel, so that a row yields the same bits alone and in a batch; a step that is absent is not computed.
#if defined(OBLIGOR_EMIT_NATIVE_ROW_STEPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_ROW_STEPS_INL_H
#undef OBLIGOR_EMIT_NATIVE_ROW_STEPS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_ROW_STEPS_INL_H
#endif

#include <cstring>

#include <hwy/highway.h>

#include "emit/native/program.h"
#include "emit/native/row_maps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// y[i] = f(a[i], b[i], c[i]) in vectors: a fused multiply-add here is one there.
template <typename F>
HWY_INLINE void combine(const float* a, const float* b, const float* c, float* y, size_t n, const F& f) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, y + i);
  if (i == n) return;
  HWY_ALIGN float line[4][kLaneMultiple] = {};
  const size_t bytes = (n - i) * sizeof(float);
  std::memcpy(line[0], a + i, bytes);
  std::memcpy(line[1], b + i, bytes);
  std::memcpy(line[2], c + i, bytes);
  hn::Store(f(hn::Load(d, line[0]), hn::Load(d, line[1]), hn::Load(d, line[2])), d, line[3]);
  std::memcpy(y + i, line[3], bytes);
}

// The state after a step that is there: `gates` are four times the state, `cell` what an LSTM carries along.
HWY_INLINE void step_row(const PackedRecur& packed, const float* x, const float* before, float* HWY_RESTRICT gates, float* HWY_RESTRICT cell,
                         float* HWY_RESTRICT y) {
  const size_t size = packed.shape.hidden;
  const Run channels{x, packed.shape.channels};
  const Run last{before, size};
  switch (packed.shape.cell) {
    case RecurShape::Cell::kTanh:
      map_row(packed.gates, StepRuns{{channels, last}}, y, Function::kIdentity);
      activate_some(Function::kTanh, y, y, size);
      return;
    case RecurShape::Cell::kLstm:
      map_row(packed.gates, StepRuns{{channels, last}}, gates, Function::kIdentity);
      activate_some(Function::kSigmoid, gates, gates, 2 * size);
      activate_some(Function::kTanh, gates + 2 * size, gates + 2 * size, size);
      activate_some(Function::kSigmoid, gates + 3 * size, gates + 3 * size, size);
      combine(gates, gates + 2 * size, gates, gates, size, [](V in, V fresh, V) { return hn::Mul(in, fresh); });
      combine(gates + size, cell, gates, cell, size, [](V keep, V old, V added) { return hn::MulAdd(keep, old, added); });
      activate_some(Function::kTanh, cell, gates, size);
      combine(gates, gates + 3 * size, gates, y, size, [](V state, V out, V) { return hn::Mul(state, out); });
      return;
    case RecurShape::Cell::kGru:
      map_row(packed.gates, StepRuns{{channels, last}}, gates, Function::kIdentity);
      activate_some(Function::kSigmoid, gates, gates, 2 * size);
      map_row(packed.fresh_input, OneRun{channels}, gates + 2 * size, Function::kIdentity);
      map_row(packed.fresh_state, OneRun{last}, gates + 3 * size, Function::kIdentity);
      combine(gates, gates + 3 * size, gates + 2 * size, gates, size, [](V reset, V state, V input) { return hn::MulAdd(reset, state, input); });
      activate_some(Function::kTanh, gates, gates, size);
      if (before == nullptr) {  // zeros
        std::memset(gates + 2 * size, 0, size * sizeof(float));
        before = gates + 2 * size;
      }
      combine(gates + size, before, gates, y, size, [](V update, V old, V fresh) { return hn::MulAdd(update, hn::Sub(old, fresh), fresh); });
      return;
  }
}

HWY_INLINE void recur_row(const PackedRecur& packed, const float* x, const float* present, float* y, float* scratch) {
  const RecurShape& shape = packed.shape;
  float* cell = scratch + 4 * shape.hidden;
  std::memset(cell, 0, shape.hidden * sizeof(float));
  const float* before = nullptr;
  for (size_t t = 0; t < shape.steps; ++t) {
    float* after = y + t * shape.hidden;
    if (present[t] > 0) {
      step_row(packed, x + t * shape.channels, before, scratch, cell, after);
    } else if (before != nullptr) {
      std::memcpy(after, before, shape.hidden * sizeof(float));
    } else {
      std::memset(after, 0, shape.hidden * sizeof(float));
    }
    before = after;
  }
}

HWY_INLINE void convolve_row(const PackedConvolve& filters, const float* x, float* y) {
  const ConvolveShape& shape = filters.shape;
  for (size_t t = 0; t < shape.out_steps; ++t) {
    map_row(filters.map, FilterRuns{x, 1, t, &shape}, y + t * shape.filters, Function::kIdentity);
  }
}

HWY_INLINE void pool_row(const PoolData& pool, const float* x, const float* present, float* y, size_t channels) {
  for (size_t begin = 0; begin < channels; begin += kLaneMultiple) {
    const size_t some = HWY_MIN(kLaneMultiple, channels - begin);
    double total[kLaneMultiple] = {};
    float chosen[kLaneMultiple] = {};
    double count = 0;
    for (size_t t = 0; t < pool.steps; ++t) {
      if (!(present[t] > 0)) continue;
      const float* value = x + t * channels + begin;
      for (size_t i = 0; i < some; ++i) {
        const bool takes = pool.pooling == Pooling::kLast || count == 0 || value[i] > chosen[i] || value[i] != value[i];
        total[i] += static_cast<double>(value[i]);
        chosen[i] = takes ? value[i] : chosen[i];
      }
      count += 1;
    }
    for (size_t i = 0; i < some; ++i) {
      if (pool.pooling == Pooling::kMean) y[begin + i] = static_cast<float>(count > 0 ? total[i] / count : 0.0);
      else if (pool.pooling == Pooling::kSum) y[begin + i] = static_cast<float>(total[i]);
      else y[begin + i] = chosen[i];
    }
  }
}

HWY_INLINE void embed_row(const EmbedData& data, const float* ids, size_t count, float* y) {
  const size_t rows = data.table.size() / data.width;
  const auto known = static_cast<float>(rows);
  for (size_t t = 0; t < count; ++t, y += data.width) {
    if (ids[t] >= 0 && ids[t] < known) std::memcpy(y, data.table.data() + static_cast<size_t>(ids[t]) * data.width, data.width * sizeof(float));
    else std::memset(y, 0, data.width * sizeof(float));
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_ROW_STEPS_INL_H
