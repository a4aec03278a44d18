// What wv_cnn, word2vec_lstm and bm_linear are made of, and their parameters by name. No torch here.
//
// Every source (a text, or for bm_linear a category as a text of one word) has a table of vectors, and an encoder makes one vector of each text:
//   wv_cnn         a_K = max over the text's words of relu(filters of K words), K one of `windows`, side by side
//   word2vec_lstm  the state after the last word; or with attention the mean of all states weighed by softmax(u' tanh(W h_t + b))
//   bm_linear      one set of tokens of all sources together, a Transformer encoder without positions, the mean of its tokens
// The encoding and the plain columns go through a hidden layer of `joint` units (0: none) to one log-odds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zoo/net/arrays.h"
#include "zoo/text/columns.h"

namespace obligor::text {

enum class Encoder { kCnn, kLstm, kTransformer };

struct TextShape {
  Encoder encoder = Encoder::kCnn;
  TextLayout layout;
  size_t width = 64;  // of a word's vector
  std::vector<size_t> windows{3, 4, 5};
  size_t filters = 100;  // of each window
  double max_norm = 0;   // of the weights that read one unit's inputs behind the encoder; 0: none
  size_t hidden = 64;    // of the LSTM's state
  bool attention = false;
  size_t heads = 4;
  size_t blocks = 1;
  size_t inner = 128;
  size_t joint = 0;
  double dropout = 0.5;
  bool fixed_vectors = false;  // vectors stay as they were pre-trained

  // Numbers that all encoders together give.
  [[nodiscard]] size_t encoded() const;
  [[nodiscard]] size_t tokens() const;  // of all sources together
};

inline constexpr float kTextNormEpsilon = 1e-5F;

struct Declared {
  enum class Start { kUniform, kNormal, kConstant };
  std::string name;
  std::vector<int64_t> dims;
  Start start = Start::kConstant;
  double size = 0;  // half of the uniform's range, the deviation, or the constant
  bool decayed = false;
  [[nodiscard]] size_t count() const;
};
// In the order of the forward pass; decayed ones first is the business of who allocates.
[[nodiscard]] std::vector<Declared> declare(const TextShape& shape);

// Adds the nodes that compute the log-odds.
[[nodiscard]] Lowered lower_text_network(const TextShape& shape, const std::vector<net::NamedArray>& parameters, PlanBuilder& builder,
                                         const LoweredInputs& inputs);

}  // namespace obligor::text
