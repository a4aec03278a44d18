// PlanBuilder: makes a ScorePlan node by node, one method an op, named as in docs/plan.md.
//
//   NodeId job = builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4);
//   NodeId woe = builder.look_up(job, {0.3F, -0.2F, 0.0F, 0.0F}, 1);
//
// Contract: widths and levels are checked as nodes are added (Error{kInternal}: a bug of ours, not of the user's). input() of the
// same name gives the same node. A plan can be appended to: `splice` copies another plan's nodes into this one.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace obligor {

// The arrays of a tree ensemble (op `trees`). A child >= 0 is a node, a child < 0 is leaf ~child; so is a root.
// A numeric node goes left when x <= threshold; a category node (flag kCategorical) goes left when the bit of the code is set
// in words[bit_begin[n] .. bit_end[n]) of `words`. A missing x goes left when flag kDefaultLeft is set.
struct TreeArrays {
  static constexpr uint8_t kDefaultLeft = 1;
  static constexpr uint8_t kCategorical = 2;
  std::vector<int32_t> roots;
  std::vector<int32_t> feature;
  std::vector<float> threshold;
  std::vector<int32_t> left;
  std::vector<int32_t> right;
  std::vector<uint8_t> flags;
  std::vector<float> leaves;
  std::vector<int32_t> bit_begin;  // a value a node; 0 where not categorical
  std::vector<int32_t> bit_end;
  std::vector<int32_t> words;  // 32 codes a word
};

class PlanBuilder {
 public:
  NodeId input(std::string_view name, InputKind kind, std::string_view from = {});
  // `codes[i]` is the code of `vocabulary[i]`; a missing string gets `missing`, one that is not listed `unseen`.
  NodeId encode(NodeId string, std::vector<std::string> vocabulary, std::vector<int32_t> codes, int32_t missing, int32_t unseen, uint32_t levels);
  NodeId special(NodeId x, std::vector<float> codes);
  NodeId missing_flag(NodeId x);
  NodeId impute(NodeId x, std::vector<float> value);
  NodeId clip(NodeId x, std::vector<float> low, std::vector<float> high);
  NodeId scale(NodeId x, std::vector<float> shift, std::vector<float> factor);
  NodeId interpolate(NodeId x, std::vector<float> knots, std::vector<float> values);
  NodeId piecewise_linear(NodeId x, std::vector<float> edges);
  // Codes: 0 .. t for t thresholds, then missing, then one a special code.
  NodeId bin(NodeId x, std::vector<float> thresholds, std::vector<float> specials = {});
  NodeId look_up(NodeId code, std::vector<float> table, uint32_t width);
  NodeId one_hot(NodeId code, std::vector<int32_t> columns, uint32_t width);
  // pairs: (first, second) -> code, listed as triples; any other pair gets `unseen`.
  NodeId cross(NodeId first, NodeId second, std::vector<int32_t> triples, int32_t unseen, uint32_t levels);
  NodeId code_number(NodeId code);
  NodeId concat(std::vector<NodeId> parts);
  NodeId select(NodeId x, std::vector<int32_t> columns);
  // weights: out x in, row-major.
  NodeId affine(NodeId x, std::vector<float> weights, std::vector<float> bias, uint32_t out);
  NodeId activate(NodeId x, std::string_view function);
  NodeId trees(NodeId x, TreeArrays arrays);
  NodeId sum(std::vector<NodeId> parts, std::vector<float> weights);
  // Elementwise product of two numbers of equal width.
  NodeId multiply(NodeId a, NodeId b);
  // Layer normalisation of each group of gain.size() columns.
  NodeId normalise(NodeId x, std::vector<float> gain, std::vector<float> shift, float epsilon);
  // Softmax attention without scaling; token-major, then head, then the numbers of a head. `present`: a column a key token, or none.
  NodeId attend(NodeId queries, NodeId keys, NodeId values, uint32_t heads, uint32_t key_tokens);
  NodeId attend(NodeId queries, NodeId keys, NodeId values, NodeId present, uint32_t heads, uint32_t key_tokens);
  // The state after each step of x, as many as `present` is wide. cell: tanh, lstm or gru; `input` is gates x channels, `state` gates x
  // hidden, in PyTorch's order of gates; bias: a value a gate, of gru one for each side.
  NodeId recur(NodeId x, NodeId present, std::string_view cell, std::vector<float> input, std::vector<float> state, std::vector<float> bias);
  // weights: filters x taps x channels. With one tap: the same affine map of every step.
  NodeId convolve(NodeId x, std::vector<float> weights, std::vector<float> bias, uint32_t steps, uint32_t dilation = 1, uint32_t left = 0,
                  uint32_t right = 0);
  // Over the present steps; function: max, mean, sum or last.
  NodeId pool(NodeId x, NodeId present, std::string_view function);
  // The ids of a string's first `length` words, NaN after the last; `other` is the id of a word that is not listed, -1 leaves it out.
  NodeId tokens(NodeId string, std::vector<std::string> words, std::vector<int32_t> ids, int32_t other, uint32_t length);
  // A row of the table, ids x width, for each column; zeros for an id that it does not have, and for NaN.
  NodeId embed(NodeId ids, std::vector<float> table, uint32_t width);
  // points = offset - factor * log-odds of bad; mode "exact" or "round" (half away from zero).
  NodeId points(NodeId log_odds, float factor, float offset, std::string_view mode);

  void name(NodeId node, std::string_view text);
  void output(std::string_view name, NodeId node);
  [[nodiscard]] const ValueType& type(NodeId node) const { return types_[node]; }
  Json& meta() { return plan_.meta; }

  // Copies the nodes of `other` and returns where each of its outputs landed, in order. Inputs of equal name are shared.
  std::vector<NodeId> splice(const ScorePlan& other);

  [[nodiscard]] ScorePlan build();

 private:
  NodeId add(Node node);
  ConstantId constant(Constant value);
  template <typename T>
  ConstantId array(std::vector<T> values, std::vector<uint32_t> shape = {});

  ScorePlan plan_;
  std::vector<ValueType> types_;
  std::map<std::string, NodeId, std::less<>> inputs_;
};

}  // namespace obligor
