// The kernels of the native scorer: one table of functions for each instruction set, chosen when the program runs.
//
//   const AffineKernels& affine = affine_kernels();          // for the best set that this machine has
//   affine.affine(packed, x, y, {rows, stride}, Function::kRelu);
//
// Contract: a tile is column-major. Column c of a value stands at base + c * stride; stride is the tile's rows rounded up to
// kLaneMultiple, and kernels may compute the padding rows too: numbers there are whatever was there, codes are codes of the node.
// No kernel allocates. What a row yields depends on that row alone, bit for bit, whatever the tile around it. Everything but affine
// maps of three and more outputs, the functions of op `activate` and the sequence kernels equals the reference interpreter exactly (docs/native.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "emit/native/packed.h"
#include "plan/plan.h"

namespace obligor::native {

struct GatherData;

struct Tile {
  size_t rows = 0;
  size_t stride = 0;
};

enum class Function : uint8_t { kIdentity, kRelu, kTanh, kSigmoid, kLogit, kSelu, kGelu, kSilu, kLog, kExp };
[[nodiscard]] Function find_native_function(std::string_view name);

// Over one column of n values; n is a multiple of kLaneMultiple.
struct ColumnKernels {
  void (*special)(const float* x, float* y, size_t n, const float* codes, size_t count);
  void (*missing_flag)(const float* x, float* y, size_t n);
  void (*impute)(const float* x, float* y, size_t n, float value);
  void (*clip)(const float* x, float* y, size_t n, float low, float high);
  void (*scale)(const float* x, float* y, size_t n, float shift, float factor);
  void (*interpolate)(const float* x, float* y, Tile tile, const Knots& knots);
  void (*piecewise_linear)(const float* x, float* y, size_t n, const float* edges, size_t pieces);
  void (*bin)(const float* x, int32_t* y, size_t n, const Bins& bins);
  void (*weighted_sum)(const float* const* x, const float* weights, size_t parts, float* y, size_t n);
  // `codes`: the workspace's, whose column c stands at codes + c * stride.
  void (*gathered_sum)(const GatherData& gathered, const int32_t* codes, size_t width, float* y, Tile tile);
  void (*multiply)(const float* x, const float* z, float* y, size_t n);
  // Column c of the group at x + c * stride.
  void (*normalise)(const float* x, float* y, size_t stride, size_t group, const float* gain, const float* shift, double epsilon);
  void (*points)(const float* x, float* y, size_t n, double factor, double offset, bool rounds);
  // Column c of step t at x + (t * channels + c) * stride, the step's presence at present + t * stride.
  void (*pool)(const float* x, const float* present, float* y, size_t stride, size_t steps, size_t channels, Pooling pooling);
};

struct AffineKernels {
  void (*affine)(const PackedAffine& map, const float* x, float* y, Tile tile, Function function);
  void (*activate)(Function function, const float* x, float* y, size_t n);
};

struct SequenceKernels {
  // `scratch`: scratch_columns(cell) columns.
  void (*recur)(const PackedRecur& cell, const float* x, const float* present, float* y, float* scratch, size_t stride);
  void (*convolve)(const PackedConvolve& filters, const float* x, float* y, size_t stride);
  // `present` may be null: every key is.
  void (*attend)(const AttendShape& shape, const float* queries, const float* keys, const float* values, const float* present, float* y,
                 size_t stride);
};

struct TreeKernels {
  void (*trees)(const PackedTrees& trees, const float* x, float* y, Tile tile);
};

[[nodiscard]] const ColumnKernels& column_kernels();
[[nodiscard]] const AffineKernels& affine_kernels();
[[nodiscard]] const SequenceKernels& sequence_kernels();
[[nodiscard]] const TreeKernels& tree_kernels();

}  // namespace obligor::native
