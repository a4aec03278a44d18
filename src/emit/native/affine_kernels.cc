// Affine maps and activations.
//
// Rows lie along the vectors and outputs along the registers: for a block of outputs and a strip of rows, the sums of all inputs
// stay in registers. Each output is one chain of fused multiply-adds that starts at the bias and takes the inputs in order; a few
// rows (outputs along the vectors) take the same chain, so that the cut of the batch changes no bit.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/affine_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/activations-inl.h"
#include "emit/native/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// 32 vector registers, or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t kBlockOutputs = 8;
#else
constexpr size_t kBlockOutputs = 4;
#endif
constexpr size_t kStrip = 2;

// Where a block's sums come from and its rows stand: the columns of x are `x_stride` apart, those of y `stride`.
struct Block {
  const float* weights;
  const float* bias;  // null: the sums go on from what y holds
  size_t in;
  const float* x;
  size_t x_stride;
  float* y;
  size_t stride;
  bool is_relu = false;  // of the finished sums
};

template <size_t kOutputs, size_t kVectors>
HWY_INLINE void block(const Block& at) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const float* HWY_RESTRICT weights = at.weights;
  const float* HWY_RESTRICT x = at.x;
  hn::Vec<D> sums[kOutputs][kVectors];
#pragma GCC unroll 8
  for (size_t o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) sums[o][v] = at.bias != nullptr ? hn::Set(d, at.bias[o]) : hn::LoadU(d, at.y + o * at.stride + v * lanes);
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < at.in; ++k) {
    hn::Vec<D> row[kVectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, x + k * at.x_stride + v * lanes);
#pragma GCC unroll 8
    for (size_t o = 0; o < kOutputs; ++o) {
      const auto weight = hn::Set(d, weights[k * kLaneMultiple + o]);
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) sums[o][v] = hn::MulAdd(weight, row[v], sums[o][v]);
    }
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

template <size_t kOutputs>
HWY_INLINE void strips(const float* weights, const float* bias, size_t in, const float* x, float* y, size_t stride) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t r = 0;
  for (; r + kStrip * lanes <= stride; r += kStrip * lanes) block<kOutputs, kStrip>({weights, bias, in, x + r, stride, y + r, stride});
  for (; r < stride; r += lanes) block<kOutputs, 1>({weights, bias, in, x + r, stride, y + r, stride});
}

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
        Block at{map.panels.data() + (o / kLaneMultiple * map.in + begin) * kLaneMultiple + o % kLaneMultiple,
                 begin == 0 ? map.bias.data() + o : nullptr,
                 count,
                 packed,
                 rows,
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
  for (size_t o = 0; o < map.out;) {
    const float* weights = map.panels.data() + o / kLaneMultiple * kLaneMultiple * map.in + o % kLaneMultiple;
    const float* bias = map.bias.data() + o;
    float* out = y + o * stride;
    const size_t left = map.out - o;
    size_t done = kBlockOutputs;
    if (left >= kBlockOutputs) {
      strips<kBlockOutputs>(weights, bias, map.in, x, out, stride);
    } else if (left >= 4) {
      strips<4>(weights, bias, map.in, x, out, stride);
      done = 4;
    } else if (left >= 2) {
      strips<2>(weights, bias, map.in, x, out, stride);
      done = 2;
    } else {
      strips<1>(weights, bias, map.in, x, out, stride);
      done = 1;
    }
    if (function != Function::kIdentity) activate(function, out, out, done * stride);
    o += done;
  }
}

// One row: kPanels panels of outputs at once, so that their chains overlap.
template <size_t kPanels>
HWY_INLINE void row_panels(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT bias, size_t in, const float* HWY_RESTRICT x, size_t stride,
                           float* HWY_RESTRICT out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  for (size_t part = 0; part < kLaneMultiple; part += lanes) {
    hn::Vec<D> sums[kPanels];
#pragma GCC unroll 8
    for (size_t p = 0; p < kPanels; ++p) sums[p] = hn::LoadU(d, bias + p * kLaneMultiple + part);
    for (size_t k = 0; k < in; ++k) {
      const auto value = hn::Set(d, x[k * stride]);
#pragma GCC unroll 8
      for (size_t p = 0; p < kPanels; ++p) {
        sums[p] = hn::MulAdd(hn::LoadU(d, weights + (p * in + k) * kLaneMultiple + part), value, sums[p]);
      }
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < kPanels; ++p) hn::StoreU(sums[p], d, out + p * kLaneMultiple + part);
  }
}

constexpr size_t kRowPanels = 8;

void affine_rows(const PackedAffine& map, const float* x, float* y, Tile tile, Function function) {
  HWY_ALIGN float out[kRowPanels * kLaneMultiple];
  const size_t panels = map.bias.size() / kLaneMultiple;
  for (size_t r = 0; r < tile.rows; ++r) {
    for (size_t p = 0; p < panels;) {
      const float* weights = map.panels.data() + p * kLaneMultiple * map.in;
      const float* bias = map.bias.data() + p * kLaneMultiple;
      const size_t left = panels - p;
      size_t done = 1;
      if (left >= kRowPanels) {
        row_panels<kRowPanels>(weights, bias, map.in, x + r, tile.stride, out);
        done = kRowPanels;
      } else if (left >= 4) {
        row_panels<4>(weights, bias, map.in, x + r, tile.stride, out);
        done = 4;
      } else if (left >= 2) {
        row_panels<2>(weights, bias, map.in, x + r, tile.stride, out);
        done = 2;
      } else {
        row_panels<1>(weights, bias, map.in, x + r, tile.stride, out);
      }
      if (function != Function::kIdentity) activate(function, out, out, done * kLaneMultiple);
      const size_t begin = p * kLaneMultiple;
      const size_t end = HWY_MIN(map.out, begin + done * kLaneMultiple);
      for (size_t o = begin; o < end; ++o) y[o * tile.stride + r] = out[o - begin];
      p += done;
    }
  }
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
