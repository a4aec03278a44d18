// Dilated filters learned without labels: a layer upon the other, each an autoencoder whose decoder is its own transpose.
//
//   std::vector<FilterLayer> layers = pretrain_filters(batch, {.layers = 2, .filters = 16, .taps = 3}, context);
//   layers[0].weights;           // filters x taps x channels, as op `convolve` and SequenceNetwork hold them
//
// Layer l has dilation 2^l and keeps the number of steps: (taps - 1) 2^l zeros of padding, the odd one on the left.
#pragma once

#include <vector>

#include "core/batch.h"
#include "core/context.h"

namespace obligor::sequence {

struct FilterOptions {
  size_t layers = 2;
  size_t filters = 16;
  size_t taps = 3;
  size_t steps = 1000;  // batches a layer
  size_t batch = 128;
  double rate = 1e-3;
  double corruption = 0.2;
};

struct FilterLayer {
  std::vector<float> weights;
  std::vector<float> bias;
  // Squared error of the reconstruction, mean over rows and values, of the first and the last tenth of the batches.
  double first_error = 0;
  double last_error = 0;
};

// The rows of the batch, each a signal of `width` steps with one channel. Deterministic by the context's seed.
// Errors: kNumeric when the error is no longer finite, kCancelled.
[[nodiscard]] std::vector<FilterLayer> pretrain_filters(const Batch& batch, const FilterOptions& options, const Context& context);

}  // namespace obligor::sequence
