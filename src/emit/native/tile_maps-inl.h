// Affine maps of a tile; once for each instruction set (after activations-inl.h).
//
// Rows lie along the vectors and outputs along the registers: for a block of outputs and a strip of rows, the sums of all inputs stay in registers.
// Each output is one chain of fused multiply-adds that starts at the bias and takes the inputs in order; one row alone (row_maps-inl.h) takes the
// same chain, so that the cut of the batch changes no bit.
#if defined(OBLIGOR_EMIT_NATIVE_TILE_MAPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_TILE_MAPS_INL_H
#undef OBLIGOR_EMIT_NATIVE_TILE_MAPS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_TILE_MAPS_INL_H
#endif

#include <hwy/highway.h>

#include "emit/native/activations-inl.h"
#include "emit/native/packed.h"
#include "emit/native/runs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// 32 vector registers, or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr size_t kBlockOutputs = 8;
#else
inline constexpr size_t kBlockOutputs = 4;
#endif
inline constexpr size_t kStrip = 2;

// Where a block's sums come from and its rows stand: the columns of its inputs as the runs say, those of y `stride` apart.
template <typename Runs>
struct Block {
  const float* weights;
  const float* bias;  // null: the sums go on from what y holds
  Runs runs;
  size_t row;  // added to where the runs begin
  float* y;
  size_t stride;
  bool is_relu = false;  // of the finished sums
};

template <size_t kOutputs, size_t kVectors, typename Runs>
HWY_INLINE void block(const Block<Runs>& at) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const float* HWY_RESTRICT weights = at.weights;
  hn::Vec<D> sums[kOutputs][kVectors];
#pragma GCC unroll 8
  for (size_t o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) sums[o][v] = at.bias != nullptr ? hn::Set(d, at.bias[o]) : hn::LoadU(d, at.y + o * at.stride + v * lanes);
  }
  for (size_t s = 0; s < at.runs.count(); ++s) {
    const Run run = at.runs.at(s);
    if (run.x != nullptr) {
      const float* HWY_RESTRICT x = run.x + at.row;
#pragma GCC unroll 4
      for (size_t k = 0; k < run.columns; ++k) {
        hn::Vec<D> row[kVectors];
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, x + k * run.stride + v * lanes);
#pragma GCC unroll 8
        for (size_t o = 0; o < kOutputs; ++o) {
          const auto weight = hn::Set(d, weights[k * kLaneMultiple + o]);
#pragma GCC unroll 4
          for (size_t v = 0; v < kVectors; ++v) sums[o][v] = hn::MulAdd(weight, row[v], sums[o][v]);
        }
      }
    }
    weights += run.columns * kLaneMultiple;
  }
  if (at.is_relu) {
#pragma GCC unroll 8
    for (size_t o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) sums[o][v] = relu(d, sums[o][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[o][v], d, at.y + o * at.stride + v * lanes);
  }
}

template <size_t kOutputs, typename Runs>
HWY_INLINE void strips(const float* weights, const float* bias, const Runs& runs, float* y, size_t stride) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t r = 0;
  for (; r + kStrip * lanes <= stride; r += kStrip * lanes) block<kOutputs, kStrip>(Block<Runs>{weights, bias, runs, r, y + r, stride});
  for (; r < stride; r += lanes) block<kOutputs, 1>(Block<Runs>{weights, bias, runs, r, y + r, stride});
}

template <typename Runs>
void map_tile(const PackedAffine& map, const Runs& runs, float* y, size_t stride, Function function) {
  for (size_t o = 0; o < map.out;) {
    const float* weights = map.panels.data() + o / kLaneMultiple * kLaneMultiple * map.in + o % kLaneMultiple;
    const float* bias = map.bias.data() + o;
    float* out = y + o * stride;
    const size_t left = map.out - o;
    size_t done = kBlockOutputs;
    if (left >= kBlockOutputs) {
      strips<kBlockOutputs>(weights, bias, runs, out, stride);
    } else if (left >= 4) {
      strips<4>(weights, bias, runs, out, stride);
      done = 4;
    } else if (left >= 2) {
      strips<2>(weights, bias, runs, out, stride);
      done = 2;
    } else {
      strips<1>(weights, bias, runs, out, stride);
      done = 1;
    }
    if (function != Function::kIdentity) activate(function, out, out, done * stride);
    o += done;
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_TILE_MAPS_INL_H
