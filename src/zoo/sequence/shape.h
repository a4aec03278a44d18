// What a sequence network is made of: its inputs among the prepared columns, its encoder, and the parameters that both ask for. No torch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"

namespace obligor::sequence {

// kImage: filters over neighbouring steps and channels, as over the width and height of a picture; what it leaves for pooling are places, a step's
// channels one after the other, instead of steps.
enum class Encoder { kTanh, kLstm, kGru, kConvolution, kImage, kTransformer };
enum class Pool { kLast, kAttention, kMax, kMean, kAll };  // kAll: every step side by side, of filters alone

// Where a sequence stands among the prepared columns.
struct Input {
  size_t first = 0;
  size_t steps = 1;
  size_t channels = 1;
  bool has_presence = true;  // columns first + steps x channels and on; else every step is there
};

struct Shape {
  Encoder encoder = Encoder::kGru;
  Pool pool = Pool::kLast;
  std::vector<Input> inputs;
  std::vector<int32_t> plain;  // columns that are no history
  size_t layers = 1;
  size_t hidden = 64;  // of a state, filters, or the width of a token
  bool both_ways = false;
  size_t bptt = 0;  // steps that a gradient goes back through a state; 0: all
  size_t taps = 3;  // of a filter
  size_t heads = 4;
  size_t head = 64;  // hidden units behind the encoders; 0: none
  double dropout = 0;
  double start = 0;      // log-odds at which training begins
  double foresight = 0;  // weight of the loss of foretelling the next step; above 0 how wrong that was is read too (recurrent, one way)

  [[nodiscard]] bool is_recurrent() const { return encoder == Encoder::kTanh || encoder == Encoder::kLstm || encoder == Encoder::kGru; }
  [[nodiscard]] size_t gates() const { return encoder == Encoder::kLstm ? 4 : (encoder == Encoder::kGru ? 3 : 1); }
  // Numbers of a step behind the encoder.
  [[nodiscard]] size_t encoded() const { return is_recurrent() && both_ways ? 2 * hidden : hidden; }
  // What the hidden units read: the pooled histories, then the plain columns.
  [[nodiscard]] size_t joined() const {
    size_t width = plain.size();
    for (const Input& input : inputs) width += encoded() * (pool == Pool::kAll ? input.steps : 1);
    return width + (foresight > 0 ? 2 * inputs.size() : 0);
  }
};
[[nodiscard]] std::string_view cell_name(Encoder encoder);  // as op `recur` knows it

// "2.layer 1.U back": of sequence 2, layer 1, the recurrent weights of the way back.
[[nodiscard]] std::string name_of(size_t input, size_t layer, std::string_view what, bool back = false);
[[nodiscard]] std::string name_of(size_t input, std::string_view what);

struct Declaration {
  std::string name;
  std::string layer;  // for the diagnosis
  std::vector<int64_t> dims;
  bool decayed = false;
  std::vector<float> start;
};
// Decayed ones first.
[[nodiscard]] std::vector<Declaration> declare(const Shape& shape, Random& random);

}  // namespace obligor::sequence
