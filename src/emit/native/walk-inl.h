// Walks of trees, shared by the tile and the row kernels; once for each instruction set.
#if defined(OBLIGOR_EMIT_NATIVE_WALK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_WALK_INL_H
#undef OBLIGOR_EMIT_NATIVE_WALK_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_WALK_INL_H
#endif

#include <hwy/highway.h>

#include "emit/native/packed.h"
#include "plan/builder.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// Whether the code x is in the set of a category node.
HWY_INLINE bool is_listed(const PackedTrees& trees, int32_t begin, int32_t words, float x) {
  if (words == 0 || !(x > -1.0F) || !(x < 32.0F * static_cast<float>(words))) return false;
  const auto bit = static_cast<uint32_t>(static_cast<int32_t>(x));
  return (static_cast<uint32_t>(trees.words[static_cast<size_t>(begin) + bit / 32]) >> (bit % 32U) & 1U) != 0;
}

HWY_INLINE bool category_goes_left(const PackedTrees& trees, const ForbidCategory& node, float x) {
  return x != x ? node.default_left : is_listed(trees, node.bit_begin, node.words, x);
}

HWY_INLINE bool goes_left(const PackedTrees& trees, size_t node, float x) {
  const uint8_t flags = trees.node_flags[node];
  if (x != x) return (flags & TreeArrays::kDefaultLeft) != 0;
  if ((flags & TreeArrays::kCategorical) == 0) return x <= trees.nodes[node].threshold;
  return is_listed(trees, trees.node_category[node * 2], trees.node_category[node * 2 + 1], x);
}

inline constexpr size_t kWalks = 8;

// Trees are uneven: most walks end long before the deepest leaf.
HWY_INLINE bool all_leaves(const PackedTrees& trees, const int32_t (&at)[kWalks]) {
  int32_t least = at[0];
  for (size_t w = 1; w < kWalks; ++w) least = HWY_MIN(least, at[w]);
  return least >= trees.first_leaf;
}

// Up to kWalks walks side by side: independent chains of loads hide each other's latency.
HWY_INLINE void walk(const PackedTrees& trees, int32_t (&at)[kWalks], const float* const (&x)[kWalks], size_t stride, uint32_t depth, bool plain) {
  if (plain) {
    const WalkNode* HWY_RESTRICT nodes = trees.nodes.data();
    for (uint32_t level = 0; level < depth; ++level) {
      if (level % 4 == 3 && all_leaves(trees, at)) return;
#pragma GCC unroll 8
      for (size_t w = 0; w < kWalks; ++w) {
        // Arithmetic, not branches: which way a row goes cannot be foretold.
        const WalkNode& node = nodes[static_cast<size_t>(at[w])];
        const float value = x[w][(node.feature & ~kMissingLeft) * stride];
        const auto beyond = static_cast<uint32_t>(!(value <= node.threshold));
        const auto missing = static_cast<uint32_t>(value != value);
        at[w] = node.child[beyond & ~(missing & (node.feature / kMissingLeft))];
      }
    }
    return;
  }
  for (uint32_t level = 0; level < depth; ++level) {
    if (level % 4 == 3 && all_leaves(trees, at)) return;
    for (size_t w = 0; w < kWalks; ++w) {
      const auto node = static_cast<size_t>(at[w]);
      at[w] = trees.nodes[node].child[goes_left(trees, node, x[w][(trees.nodes[node].feature & ~kMissingLeft) * stride]) ? 0 : 1];
    }
  }
}

// One row: kWalks trees side by side.
HWY_INLINE float walk_row(const PackedTrees& trees, const float* x, size_t stride) {
  double total = 0;
  const size_t count = trees.trees.size();
  for (size_t begin = 0; begin < count; begin += kWalks) {
    int32_t at[kWalks];
    const float* rows[kWalks];
    uint32_t depth = 0;
    bool plain = true;
    for (size_t w = 0; w < kWalks; ++w) {
      const PackedTree& tree = trees.trees[HWY_MIN(begin + w, count - 1)];
      at[w] = tree.root;
      rows[w] = x;
      depth = HWY_MAX(depth, tree.depth);
      plain = plain && tree.plain;
    }
    walk(trees, at, rows, stride, depth, plain);
    for (size_t w = 0; w < kWalks && begin + w < count; ++w) total += static_cast<double>(trees.node_value[static_cast<size_t>(at[w])]);
  }
  return static_cast<float>(total);
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
