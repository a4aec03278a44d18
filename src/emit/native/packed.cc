#include "emit/native/packed.h"

#include <algorithm>
#include <cmath>

#include "plan/builder.h"

namespace obligor::native {
namespace {

// Beyond so many comparisons of the bit form, a walk of the tree is faster.
constexpr size_t kMostForbids = 800;
constexpr int kWordLeaves = 32;

class TreePacker {
 public:
  TreePacker(const ScorePlan& plan, const Node& node)
      : roots_(ints(plan, node, 0)),
        feature_(ints(plan, node, 1)),
        threshold_(plan.constants[node.constants[2]].floats()),
        left_(ints(plan, node, 3)),
        right_(ints(plan, node, 4)),
        flags_(plan.constants[node.constants[5]].bytes()),
        leaves_(plan.constants[node.constants[6]].floats()),
        bit_begin_(ints(plan, node, 7)),
        bit_end_(ints(plan, node, 8)) {
    packed_.words = ints(plan, node, 9);
  }

  PackedTrees run() {
    add_walk();
    for (const int32_t root : roots_) {
      PackedTree tree;
      const auto at = static_cast<size_t>(walk_index(root));
      tree.root = static_cast<int32_t>(at);
      tree.depth = depth_[at];
      tree.plain = plain_[at] != 0;
      tree.word_begin = tree.word_end = static_cast<uint32_t>(packed_.leaf_words.size());
      if (visit(root)) add_bits(tree);
      packed_.trees.push_back(tree);
    }
    packed_.lanes = make_lane_trees(packed_);
    return std::move(packed_);
  }

 private:
  static const std::vector<int32_t>& ints(const ScorePlan& plan, const Node& node, size_t i) { return plan.constants[node.constants[i]].ints(); }

  // Nodes keep their numbers; the leaves follow.
  [[nodiscard]] int32_t walk_index(int32_t child) const { return child >= 0 ? child : static_cast<int32_t>(feature_.size()) + ~child; }

  void add_walk() {
    const size_t count = feature_.size();
    const size_t all = count + leaves_.size();
    depth_.assign(all, 0);
    plain_.assign(all, 1);
    packed_.nodes.resize(all);
    packed_.node_flags.assign(all, 0);
    packed_.node_category.assign(2 * all, 0);
    packed_.node_value.assign(all, 0.0F);
    packed_.first_leaf = static_cast<int32_t>(count);
    for (size_t n = all; n-- > 0;) {  // children stand after their parents
      if (n >= count) {
        const auto self = static_cast<int32_t>(n);
        packed_.nodes[n] = {0.0F, 0, {self, self}};
        packed_.node_value[n] = leaves_[n - count];
        continue;
      }
      const auto left = static_cast<size_t>(walk_index(left_[n]));
      const auto right = static_cast<size_t>(walk_index(right_[n]));
      const uint32_t missing = (flags_[n] & TreeArrays::kDefaultLeft) != 0 ? kMissingLeft : 0;
      packed_.nodes[n] = {threshold_[n], static_cast<uint32_t>(feature_[n]) | missing, {static_cast<int32_t>(left), static_cast<int32_t>(right)}};
      packed_.node_flags[n] = flags_[n];
      const bool categorical = (flags_[n] & TreeArrays::kCategorical) != 0;
      packed_.node_category[2 * n] = bit_begin_[n];
      packed_.node_category[2 * n + 1] = bit_end_[n] - bit_begin_[n];
      depth_[n] = 1 + std::max(depth_[left], depth_[right]);
      plain_[n] = !categorical && plain_[left] != 0 && plain_[right] != 0 ? 1 : 0;
    }
  }

  // A node in the order of a walk that visits left children first, with the leaves below it.
  struct Visit {
    int32_t source = 0;  // node >= 0, leaf < 0
    int32_t left = -1;   // in visits_
    int32_t right = -1;
    uint32_t first_leaf = 0;
    uint32_t end_leaf = 0;
  };

  // The tree's nodes in preorder. False when the bit form is not for them: too many (a plan may
  // share subtrees without end), or a threshold that is no number.
  bool visit(int32_t root) {
    visits_.clear();
    struct Pending {
      int32_t source;
      int32_t parent;
      bool is_left;
    };
    std::vector<Pending> pending{{root, -1, false}};
    while (!pending.empty()) {
      if (visits_.size() > 2 * kMostForbids) return false;
      const Pending next = pending.back();
      // The bits ask `x > threshold`, which says left where the threshold is no number; the walk asks as the plan does.
      if (next.source >= 0 && std::isnan(threshold_[static_cast<size_t>(next.source)])) return false;
      pending.pop_back();
      const auto at = static_cast<int32_t>(visits_.size());
      visits_.emplace_back().source = next.source;
      if (next.parent >= 0) {
        Visit& parent = visits_[static_cast<size_t>(next.parent)];
        (next.is_left ? parent.left : parent.right) = at;
      }
      if (next.source >= 0) {
        pending.push_back({right_[static_cast<size_t>(next.source)], at, false});
        pending.push_back({left_[static_cast<size_t>(next.source)], at, true});
      }
    }
    uint32_t leaf = 0;
    for (Visit& v : visits_) {
      v.first_leaf = leaf;  // in preorder with left first, the leaves before a node are to its left
      if (v.source < 0) v.end_leaf = ++leaf;
    }
    for (size_t i = visits_.size(); i-- > 0;) {
      if (visits_[i].source >= 0) visits_[i].end_leaf = visits_[static_cast<size_t>(visits_[i].right)].end_leaf;
    }
    leaf_count_ = leaf;
    return true;
  }

  void add_bits(PackedTree& tree) {
    size_t comparisons = 0;
    for (const Visit& v : visits_) {
      if (v.source < 0) continue;
      const Visit& left = visits_[static_cast<size_t>(v.left)];
      comparisons += (left.end_leaf - 1) / kWordLeaves - left.first_leaf / kWordLeaves + 1;
    }
    if (comparisons > kMostForbids) return;
    for (uint32_t begin = 0; begin < leaf_count_; begin += kWordLeaves) {
      LeafWord word;
      word.left_begin = static_cast<uint32_t>(packed_.forbids.size());
      add_forbids(begin, true);
      word.right_begin = static_cast<uint32_t>(packed_.forbids.size());
      add_forbids(begin, false);
      word.right_end = static_cast<uint32_t>(packed_.forbids.size());
      word.category_begin = static_cast<uint32_t>(packed_.categories.size());
      add_categories(begin);
      word.category_end = static_cast<uint32_t>(packed_.categories.size());
      packed_.leaf_words.push_back(word);
      const size_t at = packed_.leaves.size();
      packed_.leaves.resize(at + kWordLeaves, 0.0F);
      for (const Visit& v : visits_) {
        if (v.source >= 0 || v.first_leaf < begin || v.first_leaf >= begin + kWordLeaves) continue;
        packed_.leaves[at + v.first_leaf - begin] = leaves_[~static_cast<size_t>(static_cast<int64_t>(v.source))];
      }
    }
    tree.word_end = static_cast<uint32_t>(packed_.leaf_words.size());
  }

  // The bits of the word at `begin` that are not below the node's left child; all ones when the node says nothing of the word.
  [[nodiscard]] uint32_t keep(const Visit& v, uint32_t begin) const {
    const Visit& left = visits_[static_cast<size_t>(v.left)];
    uint32_t forbidden = 0;
    for (uint32_t leaf = std::max(left.first_leaf, begin); leaf < std::min(left.end_leaf, begin + kWordLeaves); ++leaf) {
      forbidden |= 1U << (leaf - begin);
    }
    return ~forbidden;
  }

  void add_forbids(uint32_t begin, bool default_left) {
    for (const Visit& v : visits_) {
      if (v.source < 0) continue;
      const auto n = static_cast<size_t>(v.source);
      if ((flags_[n] & TreeArrays::kCategorical) != 0 || ((flags_[n] & TreeArrays::kDefaultLeft) != 0) != default_left) continue;
      const uint32_t kept = keep(v, begin);
      if (~kept != 0) packed_.forbids.push_back({threshold_[n], static_cast<uint32_t>(feature_[n]), kept});
    }
  }

  void add_categories(uint32_t begin) {
    for (const Visit& v : visits_) {
      if (v.source < 0) continue;
      const auto n = static_cast<size_t>(v.source);
      if ((flags_[n] & TreeArrays::kCategorical) == 0) continue;
      const uint32_t kept = keep(v, begin);
      if (~kept == 0) continue;
      packed_.categories.push_back(
          {static_cast<uint32_t>(feature_[n]), kept, bit_begin_[n], bit_end_[n] - bit_begin_[n], (flags_[n] & TreeArrays::kDefaultLeft) != 0});
    }
  }

  const std::vector<int32_t>& roots_;
  const std::vector<int32_t>& feature_;
  const std::vector<float>& threshold_;
  const std::vector<int32_t>& left_;
  const std::vector<int32_t>& right_;
  const std::vector<uint8_t>& flags_;
  const std::vector<float>& leaves_;
  const std::vector<int32_t>& bit_begin_;
  const std::vector<int32_t>& bit_end_;
  PackedTrees packed_;
  std::vector<uint32_t> depth_;
  std::vector<uint8_t> plain_;
  std::vector<Visit> visits_;
  uint32_t leaf_count_ = 0;
};

}  // namespace

SearchList make_search_list(std::span<const float> sorted) {
  const float none = std::nanf("");
  SearchList list;
  list.size = sorted.size();
  const size_t blocks = padded(sorted.size()) / kLaneMultiple;
  list.blocks.assign((blocks + 1) * kLaneMultiple, none);
  std::copy(sorted.begin(), sorted.end(), list.blocks.begin());
  list.pivots.assign(padded(std::max<size_t>(blocks, 1)), none);
  for (size_t b = 0; b < blocks; ++b) list.pivots[b] = list.blocks[b * kLaneMultiple + kLaneMultiple - 1];
  return list;
}

Knots make_knots(std::span<const float> knots, std::span<const float> values) {
  Knots made;
  made.list = make_search_list(knots);
  made.first = knots.front();
  made.last = knots.back();
  made.low = values.front();
  made.high = values.back();
  for (size_t i = 0; i + 1 < knots.size(); ++i) {
    made.segments.push_back({knots[i], values[i], static_cast<double>(knots[i + 1]) - static_cast<double>(knots[i]),
                             static_cast<double>(values[i + 1]) - static_cast<double>(values[i])});
  }
  if (made.segments.empty()) made.segments.push_back({made.first, made.low, 1.0, 0.0});
  return made;
}

namespace {

PackedAffine pack_panels(std::span<const float> weights, std::span<const float> bias) {
  PackedAffine map;
  map.out = bias.size();
  map.in = weights.size() / map.out;
  map.bias.assign(padded(map.out), 0.0F);
  std::copy(bias.begin(), bias.end(), map.bias.begin());
  map.panels.assign(padded(map.out) * map.in, 0.0F);
  for (size_t o = 0; o < map.out; ++o) {
    float* panel = map.panels.data() + o / kLaneMultiple * kLaneMultiple * map.in + o % kLaneMultiple;
    for (size_t k = 0; k < map.in; ++k) panel[k * kLaneMultiple] = weights[o * map.in + k];
  }
  return map;
}

}  // namespace

PackedAffine pack_affine(std::span<const float> weights, std::span<const float> bias) {
  if (bias.size() > kNarrowOutputs) return pack_panels(weights, bias);
  PackedAffine map;
  map.out = bias.size();
  map.in = weights.size() / map.out;
  map.bias.assign(padded(map.out), 0.0F);
  std::copy(bias.begin(), bias.end(), map.bias.begin());
  map.narrow.assign(weights.begin(), weights.end());
  return map;
}

PackedRecur pack_recur(const RecurShape& shape, std::span<const float> input, std::span<const float> state, std::span<const float> bias) {
  PackedRecur packed;
  packed.shape = shape;
  const bool is_gru = shape.cell == RecurShape::Cell::kGru;
  const size_t rows = is_gru ? 2 * shape.hidden : shape.rows();
  std::vector<float> joined;
  std::vector<float> biases(bias.begin(), bias.begin() + static_cast<std::ptrdiff_t>(rows));
  joined.reserve(rows * (shape.channels + shape.hidden));
  for (size_t g = 0; g < rows; ++g) {
    const auto of_input = input.subspan(g * shape.channels, shape.channels);
    const auto of_state = state.subspan(g * shape.hidden, shape.hidden);
    joined.insert(joined.end(), of_input.begin(), of_input.end());
    joined.insert(joined.end(), of_state.begin(), of_state.end());
    if (is_gru) biases[g] += bias[shape.rows() + g];
  }
  packed.gates = pack_panels(joined, biases);
  if (is_gru) {
    packed.fresh_input = pack_panels(input.subspan(rows * shape.channels), bias.subspan(rows, shape.hidden));
    packed.fresh_state = pack_panels(state.subspan(rows * shape.hidden), bias.subspan(shape.rows() + rows, shape.hidden));
  }
  return packed;
}

PackedConvolve pack_convolve(const ConvolveShape& shape, std::span<const float> weights, std::span<const float> bias) {
  return {shape, pack_panels(weights, bias)};
}

PackedTrees pack_trees(const ScorePlan& plan, const Node& node) { return TreePacker(plan, node).run(); }

}  // namespace obligor::native
