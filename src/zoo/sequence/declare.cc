#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "zoo/sequence/shape.h"

namespace obligor::sequence {
namespace {

class Declarer {
 public:
  Declarer(const Shape& shape, Random& random) : shape_(shape), random_(random) {}

  std::vector<Declaration> run() {
    for (size_t i = 0; i < shape_.inputs.size(); ++i) {
      if (shape_.is_recurrent()) recurrent(i);
      else if (shape_.encoder == Encoder::kConvolution) convolution(i);
      else if (shape_.encoder == Encoder::kImage) image(i);
      else transformer(i);
      if (shape_.foresight > 0) {
        weight(name_of(i, "next W"), "next step", {shape_.inputs[i].channels, shape_.hidden}, shape_.hidden);
        vector(name_of(i, "next b"), "next step", shape_.inputs[i].channels, 0);
      }
      if (shape_.pool == Pool::kAttention) {
        const std::string layer = fmt::format("attention {}", i + 1);
        const size_t width = shape_.encoded();
        weight(name_of(i, "attend W"), layer, {width, width}, width);
        vector(name_of(i, "attend b"), layer, width, 0);
        weight(name_of(i, "attend u"), layer, {width}, width);
      }
    }
    size_t width = shape_.joined();
    if (shape_.head > 0) {
      weight("hidden W", "hidden", {shape_.head, width}, width);
      vector("hidden b", "hidden", shape_.head, 0);
      width = shape_.head;
    }
    weight("head", "head", {width}, width);
    vector("head b", "head", 1, static_cast<float>(shape_.start));
    std::stable_partition(made_.begin(), made_.end(), [](const Declaration& d) { return d.decayed; });
    return std::move(made_);
  }

 private:
  // Uniform within 1 / sqrt(fan in).
  void weight(std::string name, std::string layer, const std::vector<size_t>& dims, size_t fan_in) {
    Declaration made{std::move(name), std::move(layer), {dims.begin(), dims.end()}, true, {}};
    size_t count = 1;
    for (const size_t dim : dims) count *= dim;
    const double bound = 1 / std::sqrt(static_cast<double>(std::max<size_t>(fan_in, 1)));
    for (size_t i = 0; i < count; ++i) made.start.push_back(static_cast<float>(bound * (2 * random_.uniform() - 1)));
    made_.push_back(std::move(made));
  }
  void vector(std::string name, std::string layer, size_t count, float value) {
    made_.push_back({std::move(name), std::move(layer), {static_cast<int64_t>(count)}, false, std::vector<float>(count, value)});
  }

  void recurrent(size_t i) {
    const size_t rows = shape_.gates() * shape_.hidden;
    size_t width = shape_.inputs[i].channels;
    for (size_t l = 0; l < shape_.layers; ++l) {
      const std::string layer = fmt::format("cell {}", l + 1);
      for (const bool back : {false, true}) {
        if (back && !shape_.both_ways) continue;
        weight(name_of(i, l, "W", back), layer, {rows, width}, shape_.hidden);
        weight(name_of(i, l, "U", back), layer, {rows, shape_.hidden}, shape_.hidden);
        vector(name_of(i, l, "b", back), layer, shape_.encoder == Encoder::kGru ? 2 * rows : rows, 0);
        if (shape_.encoder == Encoder::kLstm) {
          // What is remembered at first is not forgotten (Gers, Schmidhuber & Cummins 2000; Jozefowicz et al. 2015).
          auto& bias = made_.back().start;
          std::fill_n(bias.begin() + static_cast<std::ptrdiff_t>(shape_.hidden), shape_.hidden, 1.0F);
        }
      }
      width = shape_.encoded();
    }
  }

  void convolution(size_t i) {
    size_t width = shape_.inputs[i].channels;
    for (size_t l = 0; l < shape_.layers; ++l) {
      const std::string layer = fmt::format("filters {}", l + 1);
      weight(name_of(i, l, "W"), layer, {shape_.hidden, shape_.taps, width}, shape_.taps * width);
      vector(name_of(i, l, "b"), layer, shape_.hidden, 0);
      width = shape_.hidden;
    }
  }

  void image(size_t i) {
    size_t depth = 1;
    for (size_t l = 0; l < shape_.layers; ++l) {
      const std::string layer = fmt::format("filters {}", l + 1);
      weight(name_of(i, l, "W"), layer, {shape_.taps, shape_.taps, shape_.hidden, depth}, shape_.taps * shape_.taps * depth);
      vector(name_of(i, l, "b"), layer, shape_.hidden, 0);
      depth = shape_.hidden;
    }
  }

  void transformer(size_t i) {
    const size_t width = shape_.hidden;
    weight(name_of(i, "token W"), "tokens", {width, shape_.inputs[i].channels}, shape_.inputs[i].channels);
    vector(name_of(i, "token b"), "tokens", width, 0);
    vector(name_of(i, "place"), "tokens", shape_.inputs[i].steps * width, 0);
    for (auto& value : made_.back().start) value = static_cast<float>(0.1 * random_.normal());
    for (size_t l = 0; l < shape_.layers; ++l) {
      const std::string layer = fmt::format("block {}", l + 1);
      for (const char* what : {"Q", "K", "V", "O"}) {
        weight(name_of(i, l, what), layer, {width, width}, width);
        vector(name_of(i, l, fmt::format("{} b", what)), layer, width, 0);
      }
      weight(name_of(i, l, "F"), layer, {2 * width, width}, width);
      vector(name_of(i, l, "F b"), layer, 2 * width, 0);
      weight(name_of(i, l, "G"), layer, {width, 2 * width}, 2 * width);
      vector(name_of(i, l, "G b"), layer, width, 0);
      for (const char* what : {"norm 1", "norm 2"}) {
        vector(name_of(i, l, what), layer, width, 1);
        vector(name_of(i, l, fmt::format("{} b", what)), layer, width, 0);
      }
    }
    vector(name_of(i, "norm"), "tokens", width, 1);
    vector(name_of(i, "norm b"), "tokens", width, 0);
  }

  const Shape& shape_;
  Random& random_;
  std::vector<Declaration> made_;
};

}  // namespace

std::string_view cell_name(Encoder encoder) {
  if (encoder == Encoder::kLstm) return "lstm";
  return encoder == Encoder::kGru ? "gru" : "tanh";
}

std::string name_of(size_t input, size_t layer, std::string_view what, bool back) {
  return fmt::format("{}.layer {}.{}{}", input, layer, what, back ? " back" : "");
}
std::string name_of(size_t input, std::string_view what) { return fmt::format("{}.{}", input, what); }

std::vector<Declaration> declare(const Shape& shape, Random& random) { return Declarer(shape, random).run(); }

}  // namespace obligor::sequence
