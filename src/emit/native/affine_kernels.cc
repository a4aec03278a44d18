// Affine maps and activations of a tile.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/affine_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/activations-inl.h"
#include "emit/native/kernels.h"
#include "emit/native/row_maps-inl.h"
#include "emit/native/tile_maps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// A wide map, a strip of rows at a time: so many inputs of the strip are copied side by side, where they stay in the nearest cache through all blocks
// of outputs. Left in the tile, their lines would fall on half of its places only. The sums of the inputs before go on from y.
constexpr size_t kPackedInputs = 128;
constexpr size_t kLeastPackedOutputs = 48;

void affine_packed(const PackedAffine& map, const float* x, float* y, size_t stride, bool is_relu) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const size_t rows = kStrip * lanes;
  HWY_ALIGN float packed[kPackedInputs * kStrip * kLaneMultiple];
  for (size_t r = 0; r < stride; r += rows) {
    for (size_t begin = 0; begin < map.in; begin += kPackedInputs) {
      const size_t count = HWY_MIN(kPackedInputs, map.in - begin);
      for (size_t k = 0; k < count; ++k) {
        const float* from = x + (begin + k) * stride + r;
#pragma GCC unroll 4
        for (size_t v = 0; v < kStrip; ++v) hn::Store(hn::LoadU(d, from + v * lanes), d, packed + k * rows + v * lanes);
      }
      for (size_t o = 0; o < map.out;) {
        const Block<OneRun> at{map.panels.data() + (o / kLaneMultiple * map.in + begin) * kLaneMultiple + o % kLaneMultiple,
                               begin == 0 ? map.bias.data() + o : nullptr,
                               {{packed, count, rows}},
                               0,
                               y + o * stride + r,
                               stride,
                               is_relu && begin + count == map.in};
        const size_t left = map.out - o;
        if (left >= kBlockOutputs) {
          block<kBlockOutputs, kStrip>(at);
          o += kBlockOutputs;
        } else if (left >= 2) {
          block<2, kStrip>(at);
          o += 2;
        } else {
          block<1, kStrip>(at);
          o += 1;
        }
      }
    }
  }
}

void affine_tile(const PackedAffine& map, const float* x, float* y, size_t stride, Function function) {
  if (map.out >= kLeastPackedOutputs && stride % (kStrip * hn::Lanes(D())) == 0) {
    affine_packed(map, x, y, stride, function == Function::kRelu);
    if (function != Function::kIdentity && function != Function::kRelu) activate(function, y, y, map.out * stride);
    return;
  }
  map_tile(map, OneRun{{x, map.in, stride}}, y, stride, function);
}

// A few rows of a tile, one by one: each output goes to its column.
struct ColumnPlace {
  float* y;
  size_t stride;
  [[nodiscard]] static float* where(size_t /*begin*/, size_t /*size*/, float* line) { return line; }
  void put(size_t begin, size_t count, const float* from) const {
    for (size_t o = 0; o < count; ++o) y[(begin + o) * stride] = from[o];
  }
};

void affine_rows(const PackedAffine& map, const float* x, float* y, Tile tile, Function function) {
  for (size_t r = 0; r < tile.rows; ++r) map_panels(map, OneRun{{x + r, map.in, tile.stride}}, function, ColumnPlace{y + r, tile.stride});
}

// One or two outputs: products of floats are exact in double, and the sum is the reference interpreter's.
void affine_narrow(const PackedAffine& map, const float* x, float* y, size_t stride, Function function) {
  double sums[kTileRows];
  for (size_t o = 0; o < map.out; ++o) {
    for (size_t i = 0; i < stride; ++i) sums[i] = 0;
    for (size_t k = 0; k < map.in; ++k) {
      const auto weight = static_cast<double>(map.narrow[o * map.in + k]);
      const float* HWY_RESTRICT column = x + k * stride;
      for (size_t i = 0; i < stride; ++i) sums[i] += weight * static_cast<double>(column[i]);
    }
    const auto bias = static_cast<double>(map.bias[o]);
    for (size_t i = 0; i < stride; ++i) y[o * stride + i] = static_cast<float>(sums[i] + bias);
  }
  if (function != Function::kIdentity) activate(function, y, y, map.out * stride);
}

void affine(const PackedAffine& map, const float* x, float* y, Tile tile, Function function) {
  const D d;
  if (!map.narrow.empty()) {
    affine_narrow(map, x, y, tile.stride, function);
  } else if (tile.rows * 2 <= hn::Lanes(d)) {
    affine_rows(map, x, y, tile, function);
  } else {
    affine_tile(map, x, y, tile.stride, function);
  }
}

const AffineKernels* get_affine_kernels() {
  static constexpr AffineKernels kernels{affine, activate};
  return &kernels;
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
const AffineKernels& affine_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_affine_kernels); }
}  // namespace obligor::native
#endif
