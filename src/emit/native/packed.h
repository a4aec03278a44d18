// Constants of a plan in the layout that the kernels read.
//
//   PackedAffine map = pack_affine(weights, bias, inputs);     // weights: out x in, row-major
//
// Built once at load; read-only afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace obligor::native {

// Rows of a tile are padded to this, the lanes of the widest vectors; the constants of an affine map come in panels of so many outputs.
inline constexpr size_t kLaneMultiple = 16;
inline constexpr size_t kTileRows = 64;

// Vectors are loaded whole, so arrays that they are loaded from begin on a cache line.
template <typename T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};
  LineAllocator() = default;
  template <typename U>
  explicit LineAllocator(const LineAllocator<U>& /*other*/) {}
  [[nodiscard]] T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kLine)); }
  void deallocate(T* at, size_t /*n*/) { ::operator delete(at, kLine); }
  bool operator==(const LineAllocator& /*other*/) const { return true; }
};
template <typename T>
using LineVector = std::vector<T, LineAllocator<T>>;

[[nodiscard]] constexpr size_t padded(size_t n) { return (n + kLaneMultiple - 1) / kLaneMultiple * kLaneMultiple; }

// A sorted list for branch-free search: blocks of kLaneMultiple values padded with NaN, and each block's last value.
struct SearchList {
  size_t size = 0;
  LineVector<float> blocks;  // one block more than needed, all NaN
  LineVector<float> pivots;  // padded with NaN to a multiple of kLaneMultiple
};
[[nodiscard]] SearchList make_search_list(std::span<const float> sorted);

// Segment i stands between knot i and knot i + 1.
struct Segment {
  float knot = 0;
  float value = 0;
  double width = 1;
  double rise = 0;
};
struct Knots {
  SearchList list;
  std::vector<Segment> segments;  // at least one
  float first = 0, last = 0;      // knots
  float low = 0, high = 0;        // values at and beyond them
};
[[nodiscard]] Knots make_knots(std::span<const float> knots, std::span<const float> values);

struct Bins {
  SearchList thresholds;
  std::vector<float> specials;
  int32_t missing = 0;
};

// Weights in panels of kLaneMultiple outputs, [panel][input][output in panel], zeros beyond the last output.
struct PackedAffine {
  size_t in = 0;
  size_t out = 0;
  LineVector<float> panels;
  LineVector<float> bias;     // padded with zeros
  std::vector<float> narrow;  // out x in, for maps that accumulate in double; else empty
};
inline constexpr size_t kNarrowOutputs = 2;
[[nodiscard]] PackedAffine pack_affine(std::span<const float> weights, std::span<const float> bias);

// The maps of a cell of op `recur`: for all gates at once over a step's channels and the state before it. The fresh state of a GRU is
// made of two that must be known apart.
struct PackedRecur {
  RecurShape shape;
  PackedAffine gates;  // of a GRU r and z
  PackedAffine fresh_input;
  PackedAffine fresh_state;
};
[[nodiscard]] PackedRecur pack_recur(const RecurShape& shape, std::span<const float> input, std::span<const float> state,
                                     std::span<const float> bias);
// Columns that its kernel works in: up to four gates and the state of an LSTM's cell.
[[nodiscard]] constexpr size_t scratch_columns(const RecurShape& shape) { return 5 * shape.hidden; }

struct PackedConvolve {
  ConvolveShape shape;
  PackedAffine map;  // a filter an output, taps x channels inputs
};
[[nodiscard]] PackedConvolve pack_convolve(const ConvolveShape& shape, std::span<const float> weights, std::span<const float> bias);

// An ensemble in three forms: for tiles of rows, for one row, and as plain nodes.
//
// Tiles (Lucchese et al. 2015, QuickScorer, a tree at a time): leaves are numbered from left to right. A node that sends a row to the
// right forbids the leaves of its left subtree; the row's leaf is the first that no node forbids. So every node of a tree is one
// vector comparison over rows and one masked AND, without branches or gathers. 32 leaves are one word of bits.
struct Forbid {
  float threshold = 0;
  uint32_t feature = 0;
  uint32_t keep = 0;  // bits of the leaves that stay possible when the row goes right
};
struct ForbidCategory {
  uint32_t feature = 0;
  uint32_t keep = 0;
  int32_t bit_begin = 0;  // in `words`
  int32_t words = 0;
  bool default_left = false;
};
struct LeafWord {
  uint32_t left_begin = 0;   // in `forbids`: nodes where a missing value goes left
  uint32_t right_begin = 0;  // nodes where it goes right
  uint32_t right_end = 0;
  uint32_t category_begin = 0;  // in `categories`
  uint32_t category_end = 0;
};
// One row, in AVX-512: it has no vectors along rows, so they run along trees. Leaf words stand side by side, sixteen to a group; a step
// takes one node of each, compares sixteen values with their thresholds and clears sixteen words. Nothing branches, so a row that was
// never seen before costs what any other does.
struct LaneGroup {
  uint32_t begin = 0;  // step
  uint32_t end = 0;
  uint32_t category_begin = 0;  // in `categories`
  uint32_t category_end = 0;
};
// A category node, looked at after the steps of its group.
struct LaneCategory {
  uint32_t lane = 0;  // in the group
  ForbidCategory node;
};
struct LaneTrees {
  bool one_word = true;  // no tree has more than one word
  std::vector<LaneGroup> groups;
  LineVector<float> thresholds;         // 16 a step
  LineVector<uint32_t> keep;            // 16 a step; all ones: no node
  LineVector<uint8_t> places;           // 16 a step: the columns as places in `used`, where that is short
  LineVector<uint32_t> features;        // 16 a step: the columns, where it is not
  std::vector<uint16_t> missing_right;  // a step: lanes where a missing value goes right
  std::vector<LaneCategory> categories;
  std::vector<uint8_t> first_word;  // a lane: 1 where a tree begins
  std::vector<uint32_t> used;       // the columns that any numeric node looks at
};
// So many columns fit into the registers that a step picks its values from.
inline constexpr size_t kLaneFeatures = 64;
// One row is scored by lanes where that takes fewer steps than so many a tree, else by a walk.
inline constexpr size_t kMostLaneSteps = 12;
// Otherwise: a plain walk, several trees interleaved. A leaf is a node whose children are itself.
struct WalkNode {
  float threshold = 0;
  uint32_t feature = 0;       // the highest bit: a missing value goes left
  int32_t child[2] = {0, 0};  // left, right
};
inline constexpr uint32_t kMissingLeft = 1U << 31U;
struct PackedTree {
  uint32_t word_begin = 0;  // in `leaf_words`; one group of 32 leaves each
  uint32_t word_end = 0;    // = word_begin: too many leaves for the bits, the tree is walked
  int32_t root = 0;         // in `nodes`
  uint32_t depth = 0;
  bool plain = true;  // no category node
};
struct PackedTrees {
  std::vector<PackedTree> trees;
  std::vector<LeafWord> leaf_words;
  std::vector<Forbid> forbids;
  std::vector<ForbidCategory> categories;
  LineVector<float> leaves;  // 32 a leaf word
  std::vector<WalkNode> nodes;
  std::vector<uint8_t> node_flags;     // TreeArrays::kDefaultLeft, kCategorical
  std::vector<int32_t> node_category;  // in node order: begin and count in `words`
  std::vector<float> node_value;       // of a leaf
  std::vector<int32_t> words;
  int32_t first_leaf = 0;  // in `nodes`: leaves stand behind the nodes
  LaneTrees lanes;         // without groups where a walk is faster
};
[[nodiscard]] LaneTrees make_lane_trees(const PackedTrees& trees);
[[nodiscard]] PackedTrees pack_trees(const ScorePlan& plan, const Node& node);

}  // namespace obligor::native
