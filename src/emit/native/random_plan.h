// Random plans and raw rows for the tests and benchmarks of the native scorer.
//
//   RandomPlan made = random_plan(random);     Sample sample = random_sample(made.plan, 200, random);
//   executor.run(sample.batch(0, 200), {});
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/random.h"
#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor::native {

inline float uniform(Random& random, double low, double high) { return static_cast<float>(low + (high - low) * random.uniform()); }
inline size_t below(Random& random, size_t limit) { return static_cast<size_t>(random.below(limit)); }

// Raw columns that own their storage.
struct Sample {
  size_t rows = 0;
  std::vector<std::vector<float>> numbers;  // empty where the column is a category
  std::vector<std::vector<int32_t>> codes;
  std::vector<std::string> dictionary;

  [[nodiscard]] InputBatch batch(size_t begin, size_t count) const {
    InputBatch made;
    made.rows = count;
    for (size_t c = 0; c < numbers.size(); ++c) {
      InputColumn column;
      if (numbers[c].empty()) {
        column.codes = std::span(codes[c]).subspan(begin, count);
        column.dictionary = &dictionary;
      } else {
        column.numbers = std::span(numbers[c]).subspan(begin, count);
      }
      made.columns.push_back(column);
    }
    return made;
  }
};

// With `hard`, numbers lie on a grid that thresholds share, some are missing, infinite or special, some categories unseen.
inline Sample random_sample(const ScorePlan& plan, size_t rows, Random& random, bool hard) {
  Sample sample;
  sample.rows = rows;
  for (int k = 0; k < 12; ++k) sample.dictionary.push_back("word" + std::to_string(k));
  sample.dictionary.emplace_back("");
  sample.dictionary.emplace_back("a string that no vocabulary holds, longer than the short ones");
  const float infinity = std::numeric_limits<float>::infinity();
  for (const PlanInput& input : plan.inputs) {
    auto& numbers = sample.numbers.emplace_back();
    auto& codes = sample.codes.emplace_back();
    for (size_t r = 0; r < rows; ++r) {
      if (input.kind == InputKind::kCategory) {
        codes.push_back(static_cast<int32_t>(below(random, sample.dictionary.size() + 1)) - 1);
        continue;
      }
      const size_t kind = hard ? below(random, 20) : 20;
      auto value = static_cast<float>(random.normal());
      if (kind == 0 || kind == 1) value = std::nanf("");
      if (kind == 2) value = infinity;
      if (kind == 3) value = -infinity;
      if (kind == 4) value = -99.0F;
      if (kind >= 5 && kind < 12) value = static_cast<float>(below(random, 33)) / 4 - 4;
      if (kind == 12) value = static_cast<float>(below(random, 90)) - 5;  // as a category code of a tree
      numbers.push_back(value);
    }
  }
  return sample;
}

// An ensemble over `width` columns; leaves between 1 and most_leaves a tree.
inline TreeArrays random_trees(Random& random, size_t count, size_t most_leaves, size_t width, double category_share, bool full) {
  TreeArrays trees;
  for (size_t t = 0; t < count; ++t) {
    const size_t wanted = full ? most_leaves : 1 + below(random, most_leaves);
    // Grow leaf-wise: a random leaf is split until there are enough. Children always stand after their parents.
    struct Slot {
      int32_t parent;
      bool left;
    };
    std::vector<Slot> open{{-1, false}};
    trees.roots.push_back(0);
    const auto attach = [&](const Slot& slot, int32_t child) {
      if (slot.parent < 0) {
        trees.roots.back() = child;
      } else {
        (slot.left ? trees.left : trees.right)[static_cast<size_t>(slot.parent)] = child;
      }
    };
    while (open.size() < wanted) {
      const size_t pick = below(random, open.size());
      const Slot slot = open[pick];
      const auto node = static_cast<int32_t>(trees.feature.size());
      attach(slot, node);
      trees.feature.push_back(static_cast<int32_t>(below(random, width)));
      trees.threshold.push_back(full ? static_cast<float>(random.normal()) : static_cast<float>(below(random, 33)) / 4 - 4);
      trees.left.push_back(0);
      trees.right.push_back(0);
      uint8_t flags = random.uniform() < 0.5 ? TreeArrays::kDefaultLeft : 0;
      const auto begin = static_cast<int32_t>(trees.words.size());
      if (random.uniform() < category_share) {
        flags |= TreeArrays::kCategorical;
        const size_t words = below(random, 4);
        for (size_t w = 0; w < words; ++w) trees.words.push_back(static_cast<int32_t>(static_cast<uint32_t>(random.next())));
      }
      trees.flags.push_back(flags);
      trees.bit_begin.push_back((flags & TreeArrays::kCategorical) != 0 ? begin : 0);
      trees.bit_end.push_back((flags & TreeArrays::kCategorical) != 0 ? static_cast<int32_t>(trees.words.size()) : 0);
      open[pick] = {node, true};
      open.push_back({node, false});
    }
    for (const Slot& slot : open) {
      attach(slot, ~static_cast<int32_t>(trees.leaves.size()));
      trees.leaves.push_back(static_cast<float>(random.normal()) * 0.1F);
    }
  }
  return trees;
}

inline std::vector<float> random_values(Random& random, size_t n, double low, double high) {
  std::vector<float> values;
  for (size_t i = 0; i < n; ++i) values.push_back(uniform(random, low, high));
  return values;
}

// Strictly ascending; every other value on the grid of random_sample.
inline std::vector<float> ascending(Random& random, size_t n) {
  std::vector<float> values;
  float at = static_cast<float>(below(random, 8)) / 4 - 4;
  for (size_t i = 0; i < n; ++i) {
    values.push_back(at);
    at += n > 40 ? uniform(random, 0.001, 0.02) : static_cast<float>(1 + below(random, 3)) / 4;
  }
  return values;
}

inline std::vector<float> random_weights(Random& random, size_t in, size_t out) {
  const double size = 1.7 / std::sqrt(static_cast<double>(in));
  return random_values(random, in * out, -size, size);
}

// A plan that draws on all ops. Values are followed: `exact` ones are made without wide affine maps and smooth functions (the native
// scorer must equal the interpreter bit for bit), `bounded` ones stay small. What is not continuous reads exact values alone.
struct RandomPlan {
  struct Output {
    bool exact = false;
    bool probability = false;
  };
  ScorePlan plan;
  std::vector<Output> outputs;
};

class RandomPlanMaker {
 public:
  RandomPlanMaker(Random& random, bool texts) : random_(random), texts_(texts) {}

  RandomPlan run() {
    const size_t numbers = 1 + below(random_, 5);
    const size_t categories = 1 + below(random_, 3);
    for (size_t i = 0; i < numbers; ++i) add(builder_.input("n" + std::to_string(i), InputKind::kNumber), true, false);
    for (size_t i = 0; i < categories; ++i) strings_.push_back(builder_.input("s" + std::to_string(i), InputKind::kCategory));
    add_encode();
    const size_t steps = 10 + below(random_, 50);
    for (size_t i = 0; i < steps; ++i) add_any(below(random_, 27));
    return finish();
  }

 private:
  struct Known {
    NodeId node;
    bool exact;
    bool bounded;
  };

  uint32_t width(NodeId node) { return builder_.type(node).width; }
  void add(NodeId node, bool exact, bool bounded) { numbers_.push_back({node, exact, bounded}); }

  Known any() { return numbers_[below(random_, numbers_.size())]; }
  Known exact() {
    while (true) {
      const Known known = any();
      if (known.exact) return known;
    }
  }
  Known bounded(bool exact_too = false) {
    Known known = exact_too ? exact() : any();
    if (known.bounded) return known;
    const uint32_t w = width(known.node);
    return {builder_.clip(known.node, random_values(random_, w, -4, -2), random_values(random_, w, 2, 4)), known.exact, true};
  }
  Known scalar(bool bounded_too) {
    Known known = bounded_too ? bounded(true) : exact();
    if (width(known.node) == 1) return known;
    return {builder_.select(known.node, {static_cast<int32_t>(below(random_, width(known.node)))}), known.exact, known.bounded};
  }
  NodeId code() { return codes_[below(random_, codes_.size())]; }

  void add_encode() {
    std::vector<std::string> words;
    std::vector<int32_t> codes;
    const size_t count = 1 + below(random_, 10);
    for (size_t i = 0; i < count; ++i) {
      words.push_back("word" + std::to_string(i));
      codes.push_back(static_cast<int32_t>(below(random_, count)));
    }
    const auto levels = static_cast<uint32_t>(count + 2);
    codes_.push_back(builder_.encode(strings_[below(random_, strings_.size())], words, codes, static_cast<int32_t>(count),
                                     static_cast<int32_t>(count + 1), levels));
  }

  void add_affine() {
    Known x = bounded();
    const uint32_t in = width(x.node);
    constexpr uint32_t kWidths[] = {1, 2, 3, 5, 8, 15, 16, 17, 24, 33, 64, 100};
    const uint32_t out = kWidths[below(random_, 12)];
    const NodeId y = builder_.affine(x.node, random_weights(random_, in, out), random_values(random_, out, -0.5, 0.5), out);
    add(y, x.exact && out <= 2, true);
  }

  void add_attend() {
    const Known x = bounded();
    const uint32_t in = width(x.node);
    const auto heads = static_cast<uint32_t>(1 + below(random_, 3));
    const auto queries = static_cast<uint32_t>(1 + below(random_, 3));
    const auto keys = static_cast<uint32_t>(1 + below(random_, 6));
    const auto of = [&](uint32_t out) {
      std::vector<float> weights = random_weights(random_, in, out);
      for (auto& weight : weights) weight *= 0.5F;
      return builder_.affine(x.node, std::move(weights), random_values(random_, out, -0.5, 0.5), out);
    };
    const uint32_t each = static_cast<uint32_t>(1 + below(random_, 4));
    const uint32_t value = static_cast<uint32_t>(1 + below(random_, 4));
    const NodeId q = of(queries * heads * each);
    const NodeId k = of(keys * heads * each);
    const NodeId v = of(keys * heads * value);
    if (below(random_, 2) == 0) add(builder_.attend(q, k, v, heads, keys), false, true);
    else add(builder_.attend(q, k, v, presence(keys), heads, keys), false, true);
  }

  // What says of each step whether it is there; missing: it is not.
  NodeId presence(uint32_t steps) {
    const Known x = exact();
    std::vector<int32_t> columns;
    for (uint32_t t = 0; t < steps; ++t) columns.push_back(static_cast<int32_t>(below(random_, width(x.node))));
    return builder_.select(x.node, columns);
  }

  // Steps x channels numbers.
  NodeId steps_of(const Known& x, uint32_t columns) {
    const uint32_t in = width(x.node);
    return builder_.affine(x.node, random_weights(random_, in, columns), random_values(random_, columns, -0.5, 0.5), columns);
  }

  void add_recur() {
    constexpr const char* kCells[] = {"tanh", "lstm", "gru"};
    constexpr uint32_t kGates[] = {1, 4, 3};
    const size_t cell = below(random_, 3);
    const auto steps = static_cast<uint32_t>(1 + below(random_, 6));
    const auto channels = static_cast<uint32_t>(1 + below(random_, 5));
    const auto hidden = static_cast<uint32_t>(1 + below(random_, 21));
    const uint32_t rows = kGates[cell] * hidden;
    const NodeId x = steps_of(bounded(), steps * channels);
    const NodeId present = presence(steps);
    add(builder_.recur(x, present, kCells[cell], random_weights(random_, channels, rows), random_weights(random_, hidden, rows),
                       random_values(random_, cell == 2 ? 2 * rows : rows, -0.5, 0.5)),
        false, true);
  }

  void add_convolve() {
    const auto steps = static_cast<uint32_t>(1 + below(random_, 8));
    const auto channels = static_cast<uint32_t>(1 + below(random_, 4));
    const auto filters = static_cast<uint32_t>(1 + below(random_, 20));
    const auto taps = static_cast<uint32_t>(1 + below(random_, 3));
    const auto dilation = static_cast<uint32_t>(1 + below(random_, 3));
    const uint32_t left = dilation * (taps - 1);
    const NodeId x = steps_of(bounded(), steps * channels);
    add(builder_.convolve(x, random_weights(random_, taps * channels, filters), random_values(random_, filters, -0.5, 0.5), steps, dilation, left,
                          static_cast<uint32_t>(below(random_, 3))),
        false, true);
  }

  void add_pool() {
    constexpr const char* kNames[] = {"max", "mean", "sum", "last"};
    const Known x = bounded();
    const uint32_t w = width(x.node);
    uint32_t steps = static_cast<uint32_t>(1 + below(random_, 6));
    while (w % steps != 0) --steps;
    add(builder_.pool(x.node, presence(steps), kNames[below(random_, 4)]), x.exact, true);
  }

  void add_any(size_t op) {
    switch (op) {
      case 0: add_encode(); return;
      case 1: {
        const Known x = exact();
        add(builder_.special(x.node, {-99.0F, 0.25F}), true, x.bounded);
        return;
      }
      case 2: add(builder_.missing_flag(any().node), true, true); return;  // missing is missing on both sides
      case 3: {
        const Known x = any();
        add(builder_.impute(x.node, random_values(random_, width(x.node), -1, 1)), x.exact, x.bounded);
        return;
      }
      case 4: {
        const Known x = bounded();
        add(x.node, x.exact, true);
        return;
      }
      case 5: {
        const Known x = any();
        const uint32_t w = width(x.node);
        add(builder_.scale(x.node, random_values(random_, w, -2, 2), random_values(random_, w, 0.2, 1.5)), x.exact, false);
        return;
      }
      case 6: {
        const size_t knots = below(random_, 3) == 0 ? 300 + below(random_, 300) : 1 + below(random_, 30);
        add(builder_.interpolate(scalar(false).node, ascending(random_, knots), random_values(random_, knots, -2, 2)), true, true);
        return;
      }
      case 7: add(builder_.piecewise_linear(scalar(false).node, ascending(random_, 2 + below(random_, 20))), true, true); return;
      case 8: {
        const size_t size = below(random_, 3) == 0 ? 100 + below(random_, 200) : below(random_, 30);
        codes_.push_back(builder_.bin(scalar(false).node, ascending(random_, size), {-99.0F, 1.0F}));
        return;
      }
      case 9: {
        const NodeId c = code();
        const auto w = static_cast<uint32_t>(1 + below(random_, 9));
        add(builder_.look_up(c, random_values(random_, builder_.type(c).levels * w, -1, 1), w), true, true);
        return;
      }
      case 10: {
        const NodeId c = code();
        std::vector<int32_t> columns;
        const auto w = static_cast<uint32_t>(1 + below(random_, 9));
        for (uint32_t l = 0; l < builder_.type(c).levels; ++l) columns.push_back(static_cast<int32_t>(below(random_, w + 1)) - 1);
        add(builder_.one_hot(c, columns, w), true, true);
        return;
      }
      case 11: {
        const NodeId a = code();
        const NodeId b = code();
        std::vector<int32_t> triples;
        for (int k = 0; k < 20; ++k) {
          triples.push_back(static_cast<int32_t>(below(random_, builder_.type(a).levels)));
          triples.push_back(static_cast<int32_t>(below(random_, builder_.type(b).levels)));
          triples.push_back(static_cast<int32_t>(below(random_, 20)));
        }
        codes_.push_back(builder_.cross(a, b, triples, 20, 21));
        return;
      }
      case 12: add(builder_.code_number(code()), true, false); return;
      case 13: {
        std::vector<NodeId> parts;
        bool all_exact = true;
        bool all_bounded = true;
        uint32_t total = 0;
        const size_t count = 1 + below(random_, 6);
        for (size_t i = 0; i < count; ++i) {
          const Known x = any();
          if (total + width(x.node) > 200) continue;
          total += width(x.node);
          parts.push_back(x.node);
          all_exact = all_exact && x.exact;
          all_bounded = all_bounded && x.bounded;
        }
        if (!parts.empty()) add(builder_.concat(parts), all_exact, all_bounded);
        return;
      }
      case 14: {
        const Known x = any();
        const uint32_t w = width(x.node);
        std::vector<int32_t> columns;
        const auto first = static_cast<int32_t>(below(random_, w));
        if (below(random_, 2) == 0) {
          for (int32_t c = first; c < static_cast<int32_t>(w); ++c) columns.push_back(c);
        } else {
          for (size_t k = 0; k < 1 + below(random_, 8); ++k) columns.push_back(static_cast<int32_t>(below(random_, w)));
        }
        add(builder_.select(x.node, columns), x.exact, x.bounded);
        return;
      }
      case 15: add_affine(); return;
      case 16: {
        constexpr const char* kNames[] = {"identity", "relu", "tanh", "sigmoid", "selu", "gelu", "silu", "log"};
        const size_t pick = below(random_, 8);
        if (below(random_, 2) == 0) add_affine();
        const Known x = below(random_, 2) == 0 ? numbers_.back() : bounded();
        if (!x.bounded) return;
        add(builder_.activate(x.node, kNames[pick]), x.exact && pick < 2, true);
        return;
      }
      case 17: {
        const Known x = exact();
        const bool category = below(random_, 2) == 0;
        const size_t most = below(random_, 3) == 0 ? 300 : 40;
        add(builder_.trees(x.node, random_trees(random_, 1 + below(random_, 10), most, width(x.node), category ? 0.3 : 0.0, false)), true, true);
        return;
      }
      case 18: {
        const Known x = bounded();
        std::vector<NodeId> parts{x.node};
        bool all_exact = x.exact;
        for (const Known& other : numbers_) {
          if (other.bounded && width(other.node) == width(x.node) && parts.size() < 5) {
            parts.push_back(other.node);
            all_exact = all_exact && other.exact;
          }
        }
        add(builder_.sum(parts, random_values(random_, parts.size(), -1, 1)), all_exact, true);
        return;
      }
      case 19: {
        const Known x = bounded();
        for (const Known& other : numbers_) {
          if (!other.bounded || width(other.node) != width(x.node)) continue;
          add(builder_.multiply(x.node, other.node), x.exact && other.exact, false);
          return;
        }
        add(builder_.multiply(x.node, x.node), x.exact, false);
        return;
      }
      case 20: {
        const Known x = bounded();
        const uint32_t w = width(x.node);
        const uint32_t group = w % 3 == 0 ? w / 3 : w;
        add(builder_.normalise(x.node, random_values(random_, group, -1, 1), random_values(random_, group, -1, 1), uniform(random_, 0.2, 1)), x.exact,
            true);
        return;
      }
      case 21: add_attend(); return;
      case 22: add_recur(); return;
      case 23: add_convolve(); return;
      case 24: add_pool(); return;
      case 25: {
        if (!texts_) return;
        std::vector<std::string> words{"word1", "word2", "word3", "that", "longer", "\xE8\xB4\xB7\xE6\xAC\xBE"};
        words.resize(1 + below(random_, 6));
        std::vector<int32_t> ids;
        for (size_t i = 0; i < words.size(); ++i) ids.push_back(static_cast<int32_t>(below(random_, 8)));
        const auto other = static_cast<int32_t>(below(random_, 9)) - 1;
        const auto length = static_cast<uint32_t>(1 + below(random_, 12));
        add(builder_.tokens(strings_[below(random_, strings_.size())], words, ids, other, length), true, false);
        return;
      }
      case 26: {
        const Known x = exact();
        if (width(x.node) > 40) return;
        const size_t w = 1 + below(random_, 5);
        add(builder_.embed(x.node, random_values(random_, w * (1 + below(random_, 9)), -1, 1), static_cast<uint32_t>(w)), true, true);
        return;
      }
      default: return;
    }
  }

  RandomPlan finish() {
    RandomPlan made;
    const auto output = [&](NodeId node, bool is_exact, bool probability) {
      builder_.output("out" + std::to_string(made.outputs.size()), node);
      made.outputs.push_back({is_exact, probability});
    };
    for (int k = 0; k < 6; ++k) {
      const Known x = any();
      output(x.node, x.exact, false);
    }
    output(codes_.back(), true, false);
    output(builder_.points(scalar(true).node, 28.85F, 487.1F, below(random_, 2) == 0 ? "round" : "exact"), true, false);
    // As a model ends: everything that is bounded, a hidden layer of members, a head, a probability.
    std::vector<NodeId> parts;
    uint32_t total = 0;
    for (const Known& known : numbers_) {
      if (!known.bounded || total + width(known.node) > 250) continue;
      total += width(known.node);
      parts.push_back(known.node);
    }
    parts.push_back(bounded().node);
    const NodeId features = builder_.impute(builder_.concat(parts), std::vector<float>(total + width(parts.back()), 0.1F));
    const uint32_t in = width(features);
    const NodeId hidden =
        builder_.activate(builder_.affine(features, random_weights(random_, in, 60), random_values(random_, 60, -1, 1), 60), "gelu");
    std::vector<NodeId> members;
    for (int32_t m = 0; m < 3; ++m) {
      std::vector<int32_t> columns;
      for (int32_t c = 0; c < 20; ++c) columns.push_back(m * 20 + c);
      const NodeId one = builder_.select(hidden, columns);
      const NodeId next = builder_.activate(builder_.affine(one, random_weights(random_, 20, 20), random_values(random_, 20, -1, 1), 20), "relu");
      const NodeId added = builder_.sum({next, one}, {1.0F, 1.0F});
      members.push_back(builder_.activate(builder_.affine(added, random_weights(random_, 20, 1), {0.1F}, 1), "sigmoid"));
    }
    const NodeId probability = builder_.sum(members, {0.5F, 0.25F, 0.25F});
    output(probability, false, true);
    output(builder_.activate(builder_.activate(probability, "logit"), "sigmoid"), false, true);
    made.plan = builder_.build();
    return made;
  }

  Random& random_;
  bool texts_;
  PlanBuilder builder_;
  std::vector<Known> numbers_;
  std::vector<NodeId> codes_;
  std::vector<NodeId> strings_;
};

// Without `texts` no op `tokens`, which some forms of a plan refuse.
inline RandomPlan random_plan(Random& random, bool texts = true) { return RandomPlanMaker(random, texts).run(); }

}  // namespace obligor::native
