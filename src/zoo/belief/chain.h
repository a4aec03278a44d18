// Chain: layers one after the other as a training step (zoo/net/tape.h), for an autoencoder or the half of it that leads to the code.
//
//   Chain chain(widths, Unit::kTanh, linear, parameters, gradient, 128);
//   std::copy_n(rows, n * widths.front(), chain.input());
//   chain.forward(n);                                                // chain.output(): n x widths.back()
//   std::copy_n(slopes, n * widths.back(), chain.d_output());
//   chain.backward(n);                                               // fills `gradient`
//
// `widths`: of the input and of each layer. `parameters` and `gradient`: each layer's weights (out x in), then its biases; they stay where they
// are while the chain lives. The last layer and the layer `linear`, if there is such a one, have no activation. `largest`: rows of a pass at most.
#pragma once

#include <span>
#include <vector>

#include "zoo/belief/autoencoder.h"
#include "zoo/net/tape.h"

namespace obligor::belief {

class Chain {
 public:
  Chain(std::span<const size_t> widths, Unit unit, size_t linear, std::span<float> parameters, std::span<float> gradient, size_t largest);

  // The tape knows where it is.
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  [[nodiscard]] size_t largest() const { return tape_.largest(); }
  [[nodiscard]] float* input() const { return tape_.value(in_); }
  [[nodiscard]] const float* output() const { return tape_.value(z_.back()); }
  [[nodiscard]] float* d_output() const { return tape_.gradient(z_.back()); }
  void forward(size_t rows) { tape_.forward(rows); }
  void backward(size_t rows) { tape_.backward(rows); }

  // After forward(): the squared error of the reconstruction, mean over rows and columns; and its slope into d_output(), which both overwrite.
  [[nodiscard]] double reconstruction_error(size_t rows) const;
  double reconstruction_slope(size_t rows) const;
  // After backward(): what the pass says about each layer (model/diagnosis.h).
  [[nodiscard]] std::vector<net::LayerState> watch(size_t rows) const;

 private:
  double compare(size_t rows, bool with_slope) const;

  net::Tape tape_;
  net::Slot in_ = 0;
  std::vector<net::Slot> z_;
  std::vector<std::span<const float>> gradients_;  // by layer
  Unit unit_;
  size_t linear_;
};

}  // namespace obligor::belief
