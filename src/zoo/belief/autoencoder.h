// Autoencoder of several layers whose reconstruction error becomes a probability.
//
//   Reconstructor net({width, 64, 8, 64, width}, Unit::kTanh, random);
//   net.train(rows, held_back, options, context, learning);
//   std::vector<double> error = net.errors(batch);                  // a row's squared error, mean over its columns
//   const ErrorScale scale(error, target, weight);                  // log-odds = offset + slope ln(1 + error / floor), slope > 0
//
// a_l = act(W_l a_{l-1} + b_l) for the hidden layers, x^ = W_L a_{L-1} + b_L, loss = mean over rows and columns of (x - x^)^2. Adam
// (Kingma & Ba 2015), batches from a permutation each epoch, the epoch kept that is best on the held-back rows.
//
// The score is monotone in the error by construction, so that ranking is that of the error alone. The floor is a tenth of the median error of the
// training rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.h"
#include "core/random.h"
#include "model/model.h"
#include "zoo/anomaly/calibration.h"

namespace obligor::belief {

enum class Unit : uint8_t { kTanh, kRelu, kSigmoid };
[[nodiscard]] Unit find_unit(std::string_view name);  // tanh, relu or sigmoid

struct ReconstructOptions {
  size_t epochs = 100;
  size_t batch = 128;
  size_t patience = 10;
  double rate = 1e-3;
  double decay = 0;  // decoupled, of weights
};

class Reconstructor {
 public:
  // widths: of the input, the hidden layers and the output. Weights start as Glorot & Bengio (2010), equation 16. The layer `linear`, if there is
  // such a one, has no activation, as the last.
  Reconstructor(std::vector<size_t> widths, Unit unit, Random& random, size_t linear = SIZE_MAX);

  // Errors: kNumeric when the loss is no longer finite, kCancelled.
  void train(std::span<const float> rows, std::span<const float> held_back, const ReconstructOptions& options, Random& random, const Context& context,
             Learning& learning);
  [[nodiscard]] std::vector<double> errors(const Batch& batch) const;
  // The node of the error, one number a row.
  [[nodiscard]] NodeId lower(PlanBuilder& builder, NodeId features) const;

  // Mean loss of the rows, and its gradient in the order of parameters(): each layer's weights (out x in), then its biases.
  double gradient(std::span<const float> rows, std::vector<float>& out);
  [[nodiscard]] std::vector<float>& parameters() { return parameters_; }

 private:
  [[nodiscard]] bool is_active(size_t layer) const { return layer + 1 < offsets_.size() && layer != linear_; }
  [[nodiscard]] size_t weights_at(size_t layer) const { return offsets_[layer]; }
  [[nodiscard]] size_t biases_at(size_t layer) const { return offsets_[layer] + widths_[layer] * widths_[layer + 1]; }

  std::vector<size_t> widths_;
  std::vector<size_t> offsets_;
  Unit unit_;
  size_t linear_;
  std::vector<float> parameters_;
};

// log-odds = offset + slope ln(1 + error / floor), slope > 0: zoo/anomaly/calibration.h.
struct ErrorScale {
  ErrorScale(std::span<const double> error, std::span<const uint8_t> target, std::span<const double> weight);
  [[nodiscard]] double probability(double error) const;
  [[nodiscard]] NodeId lower(PlanBuilder& builder, NodeId error) const;

  double per_floor = 0;  // 1 / floor
  anomaly::Calibration calibration;
};

}  // namespace obligor::belief
