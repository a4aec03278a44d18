// Tree ensembles. Leaf values are added in the order of the trees, in double, as the reference interpreter does.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/tree_kernels.cc"
#include <cmath>

#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/kernels.h"
#include "emit/native/walk-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLaneMultiple>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;

constexpr size_t kChunk = 4;  // vectors of rows whose bits stay in registers
constexpr size_t kWordLeaves = 32;

// Rows for which a category node says left.
HWY_INLINE hn::Mask<DI> category_left(const ForbidCategory& node, const int32_t* words, V x) {
  const D d;
  const DI di;
  const VI code = hn::ConvertTo(di, x);  // towards zero
  const auto known = hn::And(hn::Gt(x, hn::Set(d, -1.0F)), hn::Lt(x, hn::Set(d, 32.0F * static_cast<float>(node.words))));
  const VI safe = hn::IfThenElseZero(hn::RebindMask(di, known), code);
  VI word = hn::Zero(di);
  if (node.words > 0) word = hn::GatherIndex(di, words + node.bit_begin, hn::ShiftRight<5>(safe));
  const VI bit = hn::Shl(hn::Set(di, 1), hn::And(safe, hn::Set(di, 31)));
  const auto listed = hn::And(hn::RebindMask(di, known), hn::Ne(hn::And(word, bit), hn::Zero(di)));
  if (!node.default_left) return listed;
  return hn::Or(listed, hn::RebindMask(di, hn::IsNaN(x)));
}

template <size_t kVectors>
HWY_INLINE void leaf_bits(const PackedTrees& trees, const LeafWord& word, const float* HWY_RESTRICT x, size_t stride, VI (&bits)[kVectors]) {
  const D d;
  const DI di;
  const size_t lanes = hn::Lanes(d);
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) bits[v] = hn::Set(di, -1);
  // A row that a node sends to the right loses the leaves under its left child; a missing value goes left at the first nodes, right at the others.
  const auto forbid = [&](uint32_t begin, uint32_t end, const auto& choose) {
    for (uint32_t f = begin; f < end; ++f) {
      const Forbid& node = trees.forbids[f];
      const V threshold = hn::Set(d, node.threshold);
      const VI keep = hn::Set(di, static_cast<int32_t>(node.keep));
      const float* column = x + node.feature * stride;
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) bits[v] = choose(hn::LoadU(d, column + v * lanes), threshold, bits[v], hn::And(bits[v], keep));
    }
  };
  forbid(word.left_begin, word.right_begin,
         [&](V value, V threshold, VI all, VI kept) { return hn::IfThenElse(hn::RebindMask(di, hn::Gt(value, threshold)), kept, all); });
  forbid(word.right_begin, word.right_end,
         [&](V value, V threshold, VI all, VI kept) { return hn::IfThenElse(hn::RebindMask(di, hn::Le(value, threshold)), all, kept); });
  for (uint32_t c = word.category_begin; c < word.category_end; ++c) {
    const ForbidCategory& node = trees.categories[c];
    const VI keep = hn::Set(di, static_cast<int32_t>(node.keep));
    const float* column = x + node.feature * stride;
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      const auto left = category_left(node, trees.words.data(), hn::LoadU(d, column + v * lanes));
      bits[v] = hn::IfThenElse(left, bits[v], hn::And(bits[v], keep));
    }
  }
}

// The value of the lowest leaf whose bit is set.
HWY_INLINE V first_leaf(const float* HWY_RESTRICT leaves, VI bits) {
  const D d;
  const DI di;
  // The lowest bit alone is a power of two, whose float has its number as exponent.
  const VI lowest = hn::And(bits, hn::Neg(bits));
  const VI exponent = hn::And(hn::ShiftRight<23>(hn::BitCast(di, hn::ConvertTo(d, lowest))), hn::Set(di, 255));
  const VI index = hn::Max(hn::Sub(exponent, hn::Set(di, 127)), hn::Zero(di));
#if HWY_TARGET <= HWY_AVX3
  const auto place = hn::IndicesFromVec(d, hn::And(index, hn::Set(di, 15)));
  const V low = hn::TableLookupLanes(hn::LoadU(d, leaves), place);
  const V high = hn::TableLookupLanes(hn::LoadU(d, leaves + 16), place);
  return hn::IfThenElse(hn::RebindMask(d, hn::Gt(index, hn::Set(di, 15))), high, low);
#else
  return hn::GatherIndex(d, leaves, index);
#endif
}

template <size_t kVectors>
HWY_INLINE void bit_tree(const PackedTrees& trees, const PackedTree& tree, const float* HWY_RESTRICT x, size_t stride, float* HWY_RESTRICT out) {
  const D d;
  const DI di;
  const size_t lanes = hn::Lanes(d);
  VI bits[kVectors];
  V value[kVectors];
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) value[v] = hn::Zero(d);
  // Words from the last to the first: the first that has a bit left wins.
  for (uint32_t w = tree.word_end; w-- > tree.word_begin;) {
    leaf_bits<kVectors>(trees, trees.leaf_words[w], x, stride, bits);
    const float* leaves = trees.leaves.data() + w * kWordLeaves;
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      const V here = first_leaf(leaves, bits[v]);
      value[v] = hn::IfThenElse(hn::RebindMask(d, hn::Ne(bits[v], hn::Zero(di))), here, value[v]);
    }
  }
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) hn::StoreU(value[v], d, out + v * lanes);
}

void walk_tree(const PackedTrees& trees, const PackedTree& tree, const float* x, Tile tile, float* out) {
  for (size_t begin = 0; begin < tile.stride; begin += kWalks) {
    int32_t at[kWalks];
    const float* rows[kWalks];
    for (size_t w = 0; w < kWalks; ++w) {
      at[w] = tree.root;
      rows[w] = x + begin + w;
    }
    walk(trees, at, rows, tile.stride, tree.depth, tree.plain);
    for (size_t w = 0; w < kWalks; ++w) out[begin + w] = trees.node_value[static_cast<size_t>(at[w])];
  }
}

constexpr size_t kFewRows = 2;

void run_trees(const PackedTrees& trees, const float* HWY_RESTRICT x, float* HWY_RESTRICT y, Tile tile) {
  if (tile.rows <= kFewRows) {
    for (size_t r = 0; r < tile.stride; ++r) y[r] = r < tile.rows ? walk_row(trees, x + r, tile.stride) : 0.0F;
    return;
  }
  const D d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN double total[kTileRows];
  HWY_ALIGN float leaf[kTileRows];
  for (size_t r = 0; r < tile.stride; ++r) total[r] = 0;
  for (const PackedTree& tree : trees.trees) {
    if (tree.word_begin == tree.word_end) {
      walk_tree(trees, tree, x, tile, leaf);
    } else {
      size_t r = 0;
      for (; r + kChunk * lanes <= tile.stride; r += kChunk * lanes) bit_tree<kChunk>(trees, tree, x + r, tile.stride, leaf + r);
      for (; r < tile.stride; r += lanes) bit_tree<1>(trees, tree, x + r, tile.stride, leaf + r);
    }
    for (size_t i = 0; i < tile.stride; ++i) total[i] += static_cast<double>(leaf[i]);
  }
  for (size_t i = 0; i < tile.stride; ++i) y[i] = static_cast<float>(total[i]);
}

const TreeKernels* get_tree_kernels() {
  static constexpr TreeKernels kernels{run_trees};
  return &kernels;
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
const TreeKernels& tree_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_tree_kernels); }
}  // namespace obligor::native
#endif
