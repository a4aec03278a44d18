#include "zoo/boost/tree_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::zoo {
namespace {

// Bits of LightGBM's decision_type, and what it takes for zero (a float constant widened to double).
constexpr int kCategoricalBit = 1;
constexpr int kDefaultLeftBit = 2;
constexpr int kMissingShift = 2;
enum class Missing { kNone = 0, kZero = 1, kNan = 2 };
constexpr float kZero = 1e-35F;
constexpr size_t kMaxNodes = size_t{1} << 20U;  // of one tree
constexpr size_t kMaxDepth = 4096;              // emit() goes down by recursion

struct Source {
  std::string_view name;
  int tree = -1;

  [[noreturn]] void fail(std::string_view what) const {
    if (tree < 0) throw Error(ErrorCode::kData, fmt::format("{}: {}; a whole text model of LightGBM is wanted", name, what));
    throw Error(ErrorCode::kData, fmt::format("{}: tree {}: {}; a whole text model of LightGBM is wanted", name, tree, what));
  }
};

// The key=value lines of a block.
using Block = std::map<std::string_view, std::string_view, std::less<>>;

template <typename T>
std::vector<T> numbers(const Block& block, std::string_view key, size_t count, const Source& source) {
  std::vector<T> values;
  const auto found = block.find(key);
  if (found == block.end()) source.fail(fmt::format("'{}' is missing", key));
  values.reserve(std::min(count, found->second.size()));  // what is stated may be far beyond what is there
  const char* at = found->second.data();
  const char* const end = at + found->second.size();
  while (true) {
    while (at != end && (*at == ' ' || *at == '\r')) ++at;
    if (at == end) break;
    T value{};
    const auto result = std::from_chars(at, end, value);
    if (result.ec != std::errc()) source.fail(fmt::format("'{}' holds something that is not a number", key));
    values.push_back(value);
    at = result.ptr;
  }
  if (values.size() != count) source.fail(fmt::format("'{}' has {} values where {} are due", key, values.size(), count));
  return values;
}

int32_t number_or(const Block& block, std::string_view key, int32_t otherwise, const Source& source) {
  return block.contains(key) ? numbers<int32_t>(block, key, 1, source)[0] : otherwise;
}

// One tree of the file, in LightGBM's own numbering: a child >= 0 is a split, < 0 is leaf ~child.
struct TextTree {
  std::vector<int32_t> feature;
  std::vector<double> threshold;
  std::vector<int32_t> decision;
  std::vector<int32_t> left;
  std::vector<int32_t> right;
  std::vector<double> leaf;
  std::vector<int32_t> category_begin;
  std::vector<uint32_t> category_words;
};

TextTree read_tree(const Block& block, const Source& source) {
  if (number_or(block, "is_linear", 0, source) != 0) {
    throw Error(ErrorCode::kUnsupported, fmt::format("{}: tree {} has linear leaves; train with linear_tree=false", source.name, source.tree));
  }
  const int32_t leaves = numbers<int32_t>(block, "num_leaves", 1, source)[0];
  if (leaves < 1) source.fail("it has no leaf");
  const auto splits = static_cast<size_t>(leaves - 1);
  TextTree tree;
  tree.leaf = numbers<double>(block, "leaf_value", splits + 1, source);
  if (splits == 0) return tree;
  tree.feature = numbers<int32_t>(block, "split_feature", splits, source);
  tree.threshold = numbers<double>(block, "threshold", splits, source);
  tree.decision = numbers<int32_t>(block, "decision_type", splits, source);
  tree.left = numbers<int32_t>(block, "left_child", splits, source);
  tree.right = numbers<int32_t>(block, "right_child", splits, source);
  if (const int32_t categories = number_or(block, "num_cat", 0, source); categories > 0) {
    tree.category_begin = numbers<int32_t>(block, "cat_boundaries", static_cast<size_t>(categories) + 1, source);
    if (tree.category_begin.back() < 0) source.fail("'cat_boundaries' is negative");
    tree.category_words = numbers<uint32_t>(block, "cat_threshold", static_cast<size_t>(tree.category_begin.back()), source);
  }
  return tree;
}

// The last float32 that goes left of `x <= t`. LightGBM reads a number within 1e-35 of zero as zero, so that a threshold in that
// range has all of it on one side.
float split_point(double t) {
  if (t >= 0 && t < static_cast<double>(kZero)) return kZero;
  if (t < 0 && t >= -static_cast<double>(kZero)) return std::nextafter(-kZero, -std::numeric_limits<float>::infinity());
  return floor_to_float(t);
}

class Emitter {
 public:
  Emitter(const TextTree& tree, TreeArrays& arrays, const Source& source)
      : tree_(tree), arrays_(arrays), source_(source), first_leaf_(static_cast<int32_t>(arrays.leaves.size())) {}

  void run() {
    for (const double value : tree_.leaf) arrays_.leaves.push_back(static_cast<float>(value));
    arrays_.roots.push_back(emit(tree_.feature.empty() ? ~0 : 0, 0));
  }

 private:
  // Where a child of the file landed in the arrays. Parents come before their children.
  int32_t emit(int32_t child, size_t depth) {
    if (child < 0) {
      if (~static_cast<size_t>(static_cast<int64_t>(child)) >= tree_.leaf.size()) source_.fail("a child points past the leaves");
      return ~(first_leaf_ + ~child);
    }
    const auto split = static_cast<size_t>(child);
    // A path longer than the number of splits goes in a circle.
    if (split >= tree_.feature.size() || depth > tree_.feature.size()) source_.fail("its children do not form a tree");
    if (depth > kMaxDepth) source_.fail(fmt::format("it is deeper than {} splits", kMaxDepth));
    if (tree_.feature[split] < 0) source_.fail("a split has no feature");
    const int32_t decision = tree_.decision[split];
    if ((decision & kCategoricalBit) != 0) return emit_category(split, depth);
    const auto missing = static_cast<Missing>((decision >> kMissingShift) & 3);
    const double threshold = tree_.threshold[split];
    if (std::isnan(threshold)) source_.fail("a threshold is not a number");
    const bool default_left = (decision & kDefaultLeftBit) != 0;
    if (missing == Missing::kZero) return emit_zero(split, depth, split_point(threshold), default_left);
    return emit_numeric(split, depth, split_point(threshold), missing == Missing::kNan ? default_left : 0.0 <= threshold);
  }

  int32_t add(size_t split, float threshold, uint8_t flags) {
    const auto node = static_cast<int32_t>(arrays_.feature.size());
    // Children that share a subtree (a damaged file) or many splits around zero could multiply without end.
    if (++emitted_ > kMaxNodes) source_.fail("it unfolds to too many splits");
    arrays_.feature.push_back(tree_.feature[split]);
    arrays_.threshold.push_back(threshold);
    arrays_.flags.push_back(flags);
    arrays_.left.push_back(0);
    arrays_.right.push_back(0);
    arrays_.bit_begin.push_back(0);
    arrays_.bit_end.push_back(0);
    return node;
  }

  void link(int32_t node, int32_t left, int32_t right) {
    arrays_.left[static_cast<size_t>(node)] = left;
    arrays_.right[static_cast<size_t>(node)] = right;
  }

  int32_t emit_numeric(size_t split, size_t depth, float threshold, bool missing_left) {
    const int32_t node = add(split, threshold, missing_left ? TreeArrays::kDefaultLeft : uint8_t{0});
    const int32_t left = emit(tree_.left[split], depth + 1);
    link(node, left, emit(tree_.right[split], depth + 1));
    return node;
  }

  // x < -z ? [x <= t] : x <= z ? default : [x <= t]. Where the default agrees with the comparison around zero, one split does.
  int32_t emit_zero(size_t split, size_t depth, float threshold, bool default_left) {
    const bool zero_is_left = threshold >= kZero;
    const bool zero_is_right = threshold < -kZero;
    if (default_left ? zero_is_left : zero_is_right) return emit_numeric(split, depth, threshold, default_left);
    const float below = std::nextafter(-kZero, -std::numeric_limits<float>::infinity());
    const int32_t negative = add(split, below, 0);
    const int32_t negative_side = emit_numeric(split, depth, threshold, false);
    const int32_t zero = add(split, kZero, TreeArrays::kDefaultLeft);
    link(negative, negative_side, zero);
    const int32_t default_side = emit(default_left ? tree_.left[split] : tree_.right[split], depth + 1);
    link(zero, default_side, emit_numeric(split, depth, threshold, false));
    return negative;
  }

  int32_t emit_category(size_t split, size_t depth) {
    const double threshold = tree_.threshold[split];
    if (!(threshold >= 0) || threshold + 1 >= static_cast<double>(tree_.category_begin.size())) source_.fail("a split names no set of categories");
    const auto index = static_cast<size_t>(threshold);
    const int32_t begin = tree_.category_begin[index];
    const int32_t end = tree_.category_begin[index + 1];
    if (begin < 0 || end < begin || static_cast<size_t>(end) > tree_.category_words.size()) source_.fail("'cat_boundaries' does not rise");
    const int32_t node = add(split, 0.0F, TreeArrays::kCategorical);
    arrays_.bit_begin[static_cast<size_t>(node)] = static_cast<int32_t>(arrays_.words.size());
    for (int32_t word = begin; word < end; ++word) arrays_.words.push_back(static_cast<int32_t>(tree_.category_words[static_cast<size_t>(word)]));
    arrays_.bit_end[static_cast<size_t>(node)] = static_cast<int32_t>(arrays_.words.size());
    const int32_t left = emit(tree_.left[split], depth + 1);
    link(node, left, emit(tree_.right[split], depth + 1));
    return node;
  }

  const TextTree& tree_;
  TreeArrays& arrays_;
  const Source& source_;
  int32_t first_leaf_;
  size_t emitted_ = 0;
};

}  // namespace

float floor_to_float(double x) {
  if (x == std::numeric_limits<double>::infinity()) return std::numeric_limits<float>::infinity();
  if (x > static_cast<double>(std::numeric_limits<float>::max())) return std::numeric_limits<float>::max();
  if (x < -static_cast<double>(std::numeric_limits<float>::max())) return -std::numeric_limits<float>::infinity();
  const auto nearest = static_cast<float>(x);
  return static_cast<double>(nearest) <= x ? nearest : std::nextafter(nearest, -std::numeric_limits<float>::infinity());
}

TreeArrays read_lightgbm_text(std::string_view text, std::string_view source_name) {
  TreeArrays arrays;
  Source source{source_name};
  Block block;
  int trees = -1;  // -1: still in the header
  bool whole = false;
  const auto finish = [&] {
    if (trees < 0) {
      if (number_or(block, "num_tree_per_iteration", 1, source) != 1) {
        throw Error(ErrorCode::kUnsupported, fmt::format("{}: the model has several classes; a binary one is wanted", source_name));
      }
    } else {
      source.tree = trees;
      Emitter(read_tree(block, source), arrays, source).run();
    }
    block.clear();
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const bool last = line.starts_with("end of trees");
    if (last || line.starts_with("Tree=")) {
      finish();
      ++trees;
      whole = last;
      if (last) break;
    } else if (const size_t equals = line.find('='); equals != std::string_view::npos) {
      block.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  source.tree = -1;
  if (!whole) source.fail("the text stops before 'end of trees'");
  return arrays;
}

}  // namespace obligor::zoo
