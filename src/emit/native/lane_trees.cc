#include "emit/native/packed.h"

#include <algorithm>
#include <limits>

namespace obligor::native {
namespace {

constexpr size_t kLanes = kLaneMultiple;

}  // namespace

LaneTrees make_lane_trees(const PackedTrees& trees) {
  std::vector<uint32_t> words;
  LaneTrees made;
  for (const PackedTree& tree : trees.trees) {
    if (tree.word_begin == tree.word_end) return {};
    made.one_word = made.one_word && tree.word_end == tree.word_begin + 1;
    for (uint32_t w = tree.word_begin; w < tree.word_end; ++w) {
      words.push_back(w);
      made.first_word.push_back(w == tree.word_begin ? 1 : 0);
    }
  }
  for (size_t begin = 0; begin < words.size(); begin += kLanes) {
    const size_t lanes = std::min(kLanes, words.size() - begin);
    LaneGroup group;
    group.begin = static_cast<uint32_t>(made.missing_right.size());
    group.category_begin = static_cast<uint32_t>(made.categories.size());
    size_t steps = 0;
    for (size_t l = 0; l < lanes; ++l) {
      const LeafWord& word = trees.leaf_words[words[begin + l]];
      steps = std::max<size_t>(steps, word.right_end - word.left_begin);
      for (uint32_t c = word.category_begin; c < word.category_end; ++c) {
        made.categories.push_back({static_cast<uint32_t>(l), trees.categories[c]});
      }
    }
    const size_t first = made.thresholds.size();
    made.thresholds.resize(first + steps * kLanes, std::numeric_limits<float>::infinity());
    made.keep.resize(first + steps * kLanes, ~0U);
    made.features.resize(first + steps * kLanes, 0);
    made.missing_right.resize(group.begin + steps, 0);
    for (size_t l = 0; l < lanes; ++l) {
      const LeafWord& word = trees.leaf_words[words[begin + l]];
      for (uint32_t f = word.left_begin; f < word.right_end; ++f) {
        const size_t step = f - word.left_begin;
        const size_t at = first + step * kLanes + l;
        made.thresholds[at] = trees.forbids[f].threshold;
        made.keep[at] = trees.forbids[f].keep;
        made.features[at] = trees.forbids[f].feature;
        made.used.push_back(trees.forbids[f].feature);
        if (f >= word.right_begin) made.missing_right[group.begin + step] |= static_cast<uint16_t>(1U << l);
      }
    }
    group.end = static_cast<uint32_t>(made.missing_right.size());
    group.category_end = static_cast<uint32_t>(made.categories.size());
    made.groups.push_back(group);
  }
  std::sort(made.used.begin(), made.used.end());
  made.used.erase(std::unique(made.used.begin(), made.used.end()), made.used.end());
  if (made.used.size() <= kLaneFeatures) {
    for (const uint32_t feature : made.features) {
      const auto at = std::lower_bound(made.used.begin(), made.used.end(), feature);
      made.places.push_back(at == made.used.end() ? uint8_t{0} : static_cast<uint8_t>(at - made.used.begin()));
    }
    made.features.clear();
  }
  if (made.missing_right.size() > kMostLaneSteps * trees.trees.size()) return {};
  return made;
}

}  // namespace obligor::native
