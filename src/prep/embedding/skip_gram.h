// Vectors of tokens by prediction of their neighbours: skip-gram and CBOW, with negative sampling or a hierarchical softmax.
//
//   Embedding words = train_skip_gram(corpus, {.width = 100, .window = 5, .negatives = 5, .sample = 1e-3}, context);
//   std::span<const float> vector = words.of(token);
//
// Mikolov, Sutskever, Chen, Corrado & Dean 2013 (arXiv:1310.4546): for each token at a place and each token within a window that is drawn
// anew from 1 .. window, log s(u'v) of the pair and, for `negatives` tokens drawn by count^power, log s(-u'v) are raised by stochastic
// gradient steps, the rate falling in a straight line over all tokens of all epochs. With `hierarchical` the path of a Huffman tree takes the
// negatives' place (DeepWalk's choice). `cbow` predicts the token from the mean of its window. Tokens more frequent than `sample` are
// left out at random as there, section 2.3.
//
// Contract: one thread, whatever the context has: the same seed gives the same bytes, on every processor (no step depends on the width of its
// vectors). Tokens that never come get a vector of zeros. Memory: two matrices tokens x width of float32 (hierarchical: about as much).
// Errors: kInvalid for a spec out of range; kData when the corpus holds no pair; kCancelled.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/context.h"
#include "prep/embedding/corpus.h"

namespace obligor {

struct SkipGramSpec {
  int width = 128;    // 1 to 4096
  int window = 10;    // 1 to 1000
  int negatives = 5;  // 1 to 1000; not with hierarchical
  bool hierarchical = false;
  bool cbow = false;
  double sample = 0;    // share of all tokens above which a token is thinned out; 0: none is
  double power = 0.75;  // of the counts, for drawing negatives
  double learning_rate = 0.025;
  double least_learning_rate = 1e-4;
  int epochs = 1;
};

// Throws Error{kInvalid} for a value out of range.
void check_spec(const SkipGramSpec& spec);

struct Embedding {
  size_t width = 0;
  std::vector<float> vectors;    // tokens x width
  std::vector<uint64_t> counts;  // by token
  uint64_t trained = 0;          // tokens gone through, over all epochs

  [[nodiscard]] size_t tokens() const { return counts.size(); }
  [[nodiscard]] std::span<const float> of(size_t token) const { return {vectors.data() + token * width, width}; }
};

// Cosine of two vectors; 0 where one is zero.
[[nodiscard]] double cosine(std::span<const float> a, std::span<const float> b);

[[nodiscard]] Embedding train_skip_gram(Corpus& corpus, const SkipGramSpec& spec, const Context& context);

}  // namespace obligor
