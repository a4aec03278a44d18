// The operations over tokens and steps, a vector of rows at a time.
//
// The maps inside a cell and a filter are affine maps (tile_maps-inl.h) whose inputs stand in several runs: a step's channels and the state before
// it, or the steps under a filter.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/sequence_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/activations-inl.h"
#include "emit/native/kernels.h"
#include "emit/native/tile_maps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

void convolve(const PackedConvolve& filters, const float* x, float* y, size_t stride) {
  const ConvolveShape& shape = filters.shape;
  for (size_t t = 0; t < shape.out_steps; ++t) {
    map_tile(filters.map, FilterRuns{x, stride, t, &shape}, y + t * shape.filters * stride, stride, Function::kIdentity);
  }
}

// after = the new state where the step is present, else the one before it, which is 0 and not read at the first step.
HWY_INLINE void carry(const float* HWY_RESTRICT present, bool is_first, const float* before, const float* fresh, float* after, size_t columns,
                      size_t stride) {
  const D d;
  for (size_t r = 0; r < stride; r += hn::Lanes(d)) {
    const auto is_there = hn::Gt(hn::LoadU(d, present + r), hn::Zero(d));
    for (size_t c = 0; c < columns; ++c) {
      const size_t at = c * stride + r;
      const auto old = is_first ? hn::Zero(d) : hn::LoadU(d, before + at);
      hn::StoreU(hn::IfThenElse(is_there, hn::LoadU(d, fresh + at), old), d, after + at);
    }
  }
}

void recur(const PackedRecur& cell, const float* x, const float* present, float* y, float* scratch, size_t stride) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const RecurShape& shape = cell.shape;
  const size_t size = shape.hidden * stride;
  float* state = scratch + 4 * size;  // of an LSTM, carried over as the state is
  if (shape.cell == RecurShape::Cell::kLstm) {
    for (size_t i = 0; i < size; i += lanes) hn::StoreU(hn::Zero(d), d, state + i);
  }
  for (size_t t = 0; t < shape.steps; ++t) {
    const float* before = t == 0 ? nullptr : y + (t - 1) * size;
    const float* seen = present + t * stride;
    const Run channels{x + t * shape.channels * stride, shape.channels, stride};
    const Run last{before, shape.hidden, stride};
    map_tile(cell.gates, StepRuns{{channels, last}}, scratch, stride, Function::kIdentity);
    float* fresh = scratch;
    switch (shape.cell) {
      case RecurShape::Cell::kTanh: activate(Function::kTanh, scratch, scratch, size); break;
      case RecurShape::Cell::kLstm: {
        activate(Function::kSigmoid, scratch, scratch, 2 * size);
        activate(Function::kTanh, scratch + 2 * size, scratch + 2 * size, size);
        activate(Function::kSigmoid, scratch + 3 * size, scratch + 3 * size, size);
        // The new cell state takes the place of the input gate.
        for (size_t i = 0; i < size; i += lanes) {
          const auto added = hn::Mul(hn::LoadU(d, scratch + i), hn::LoadU(d, scratch + 2 * size + i));
          hn::StoreU(hn::MulAdd(hn::LoadU(d, scratch + size + i), hn::LoadU(d, state + i), added), d, scratch + i);
        }
        carry(seen, false, state, scratch, state, shape.hidden, stride);
        activate(Function::kTanh, scratch, scratch, size);
        for (size_t i = 0; i < size; i += lanes) {
          hn::StoreU(hn::Mul(hn::LoadU(d, scratch + i), hn::LoadU(d, scratch + 3 * size + i)), d, scratch + i);
        }
        break;
      }
      case RecurShape::Cell::kGru: {
        activate(Function::kSigmoid, scratch, scratch, 2 * size);
        map_tile(cell.fresh_input, OneRun{channels}, scratch + 2 * size, stride, Function::kIdentity);
        map_tile(cell.fresh_state, OneRun{last}, scratch + 3 * size, stride, Function::kIdentity);
        for (size_t i = 0; i < size; i += lanes) {
          const auto sum = hn::MulAdd(hn::LoadU(d, scratch + i), hn::LoadU(d, scratch + 3 * size + i), hn::LoadU(d, scratch + 2 * size + i));
          hn::StoreU(sum, d, scratch + i);
        }
        activate(Function::kTanh, scratch, scratch, size);
        for (size_t i = 0; i < size; i += lanes) {
          const auto n = hn::LoadU(d, scratch + i);
          const auto old = before == nullptr ? hn::Zero(d) : hn::LoadU(d, before + i);
          hn::StoreU(hn::MulAdd(hn::LoadU(d, scratch + size + i), hn::Sub(old, n), n), d, scratch + i);
        }
        break;
      }
    }
    carry(seen, t == 0, before, fresh, y + t * size, shape.hidden, stride);
  }
}

// Scores are computed twice, for the largest and for the weights, so that no room for them is needed. `present`: null where every key is.
void attend(const AttendShape& shape, const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys, const float* HWY_RESTRICT values,
            const float* HWY_RESTRICT present, float* HWY_RESTRICT y, size_t stride) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  for (size_t r = 0; r < stride; r += lanes) {
    const auto is_there = [&](size_t j) { return present == nullptr ? hn::Eq(zero, zero) : hn::Gt(hn::LoadU(d, present + j * stride + r), zero); };
    for (size_t i = 0; i < shape.queries; ++i) {
      for (size_t h = 0; h < shape.heads; ++h) {
        const float* q = queries + (i * shape.heads + h) * shape.width * stride + r;
        float* out = y + (i * shape.heads + h) * shape.value_width * stride + r;
        const auto score = [&](size_t j) {
          const float* k = keys + (j * shape.heads + h) * shape.width * stride + r;
          auto sum = hn::Zero(d);
          for (size_t c = 0; c < shape.width; ++c) sum = hn::MulAdd(hn::LoadU(d, q + c * stride), hn::LoadU(d, k + c * stride), sum);
          return sum;
        };
        auto largest = hn::Set(d, -__builtin_inff());
        auto any = hn::Ne(zero, zero);
        for (size_t j = 0; j < shape.keys; ++j) {
          const auto s = score(j);
          const auto there = is_there(j);
          any = hn::Or(any, there);
          largest = hn::IfThenElse(hn::And(there, hn::Gt(s, largest)), s, largest);
        }
        for (size_t c = 0; c < shape.value_width; ++c) hn::StoreU(zero, d, out + c * stride);
        auto total = hn::Zero(d);
        for (size_t j = 0; j < shape.keys; ++j) {
          const auto there = is_there(j);
          const auto distance = hn::Sub(score(j), largest);
          const auto weight = hn::IfThenElseZero(there, keep_missing(distance, hn::Exp(d, hn::Max(distance, hn::Set(d, -104.0F)))));
          total = hn::Add(total, weight);
          const float* v = values + (j * shape.heads + h) * shape.value_width * stride + r;
          for (size_t c = 0; c < shape.value_width; ++c) {
            const auto value = hn::IfThenElseZero(there, hn::LoadU(d, v + c * stride));
            hn::StoreU(hn::MulAdd(weight, value, hn::LoadU(d, out + c * stride)), d, out + c * stride);
          }
        }
        for (size_t c = 0; c < shape.value_width; ++c) {
          hn::StoreU(hn::IfThenElseZero(any, hn::Div(hn::LoadU(d, out + c * stride), total)), d, out + c * stride);
        }
      }
    }
  }
}

const SequenceKernels* get_sequence_kernels() {
  static constexpr SequenceKernels kernels{recur, convolve, attend};
  return &kernels;
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
const SequenceKernels& sequence_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_sequence_kernels); }
}  // namespace obligor::native
#endif
