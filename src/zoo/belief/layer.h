// Layer: one pair of visible and hidden units with shared weights, as plain numbers; what an RBM and a denoising autoencoder have in
// common, and the loop that trains either.
//
//   Layer layer = make_layer(rows, width, 64, random);             // which columns are numbers, and where the visible biases start
//   pretrain(layer, rows, options, gradient, random, context);     // gradient: of a batch, see rbm.h and denoise.h
//   encode(layer, n, rows, hidden_rows);                           // the same into arrays that are there
//   std::vector<float> next = encode(layer, rows);                 // n x 64, in [0, 1]: what the layer above sees
//
// With weights W (hidden x visible), visible bias a and hidden bias b:
//   encode(v) = s(W v + b);   decode(h) = W' h + a for a number, s of it for a column of zeros and ones;   s(z) = 1 / (1 + e^-z).
//
// Training follows Hinton, A practical guide to training restricted Boltzmann machines (2010): batches of 100, momentum 0.5 and from
// the sixth epoch on 0.9, weight cost, starting weights N(0, 0.01), and for a layer that sees numbers a tenth of the rate (its section 13.2).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/context.h"
#include "core/random.h"

namespace obligor::belief {

struct Layer {
  size_t visible = 0;
  size_t hidden = 0;
  std::vector<float> is_number;  // of each visible unit: 1, a number (Gaussian), or 0, zeros and ones (Bernoulli)
  std::vector<float> weights;    // hidden x visible, row-major
  std::vector<float> visible_bias;
  std::vector<float> hidden_bias;
};

// The way down for a batch: the mean over its rows. Its arrays keep their room from batch to batch.
struct LayerGradient {
  std::vector<float> weights;
  std::vector<float> visible_bias;
  std::vector<float> hidden_bias;
  double error = 0;  // squared error of the reconstruction, mean over rows and units
};

struct PretrainOptions {
  size_t epochs = 20;  // 0: as many as `steps` batches need, within 5 and 200
  size_t steps = 2000;
  size_t batch = 100;
  double rate = 0.1;
  double weight_cost = 2e-4;
};

// Fills `down`, whatever it held.
using BatchGradient = std::function<void(const Layer& layer, std::span<const float> batch, LayerGradient& down)>;

// `rows`: n x width. Bernoulli biases start at the log-odds of the column's mean (the guide, section 8.1).
[[nodiscard]] Layer make_layer(std::span<const float> rows, size_t width, size_t hidden, Random& random);
[[nodiscard]] std::vector<float> encode(const Layer& layer, std::span<const float> rows);
void encode(const Layer& layer, size_t n, const float* rows, float* hidden_rows);
[[nodiscard]] std::vector<float> decode(const Layer& layer, std::span<const float> hidden_rows);
void decode(const Layer& layer, size_t n, const float* hidden_rows, float* rows);
// The error of each epoch. Errors: kNumeric when it is no longer finite, kCancelled.
std::vector<double> pretrain(Layer& layer, std::span<const float> rows, const PretrainOptions& options, const BatchGradient& gradient, Random& random,
                             const Context& context);

}  // namespace obligor::belief
