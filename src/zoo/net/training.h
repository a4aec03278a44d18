// The training loop of every network: batches, schedule, early stopping, what is recorded. No torch here.
//
//   FitResult result = net::train(std::make_unique<Network>(shape, context), input, params, context, "dnn");
//
// A Trainable holds the parameters and does the arithmetic of a batch; the loop decides which rows a batch holds, the learning rate,
// when to stop and which epoch is kept. It reads the parameters `batch epochs steps schedule learning_rate weight_decay clip
// patience stop_on`, which training_params() declares, and `bucket` where a model has it: rows of
// like length share a batch (zoo/net/buckets.h).
//
// Errors: kNumeric when the loss is no longer finite, kData when the training rows hold one class only, kCancelled on request.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/context.h"
#include "model/model.h"

namespace obligor::net {

// What the first batch of an epoch says about a layer (model/diagnosis.h).
struct LayerState {
  std::string layer;
  double gradient_norm = 0;
  bool active = false;  // it has an activation, and so the two that follow
  double signal = 0;
  double saturation = 0;
};

// The state of a layer among those seen so far, added last when it is new.
[[nodiscard]] LayerState& state_of(std::vector<LayerState>& states, std::string_view layer);

// A weight a row, of mean 1, so that the learning rate means the same with and without weights. None given: 1 each.
[[nodiscard]] std::vector<float> mean_one_weights(std::span<const double> weight, size_t rows);

class Trainable {
 public:
  Trainable() = default;
  Trainable(const Trainable&) = delete;
  Trainable& operator=(const Trainable&) = delete;
  virtual ~Trainable() = default;

  // The training rows, which stay where they are until forget_data().
  virtual void set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) = 0;
  // The rows, in the order in which the following steps visit them.
  virtual void set_order(std::span<const uint32_t> order) = 0;
  // Loss and gradients of rows order[begin, end).
  virtual void gradients(size_t begin, size_t end) = 0;
  // The same, and what it leaves behind in each layer, from the inputs to the head.
  [[nodiscard]] virtual std::vector<LayerState> watched_gradients(size_t begin, size_t end) = 0;
  // Scales the gradient down to the Euclidean norm `limit` where it is longer (Pascanu, Mikolov & Bengio, ICML 2013, algorithm 1).
  virtual void clip(double limit) = 0;
  virtual void update(double learning_rate, double weight_decay) = 0;
  // The weighted mean loss of the batches since the last call.
  [[nodiscard]] virtual double take_loss() = 0;
  virtual void keep() = 0;     // remember parameters and running statistics
  virtual void restore() = 0;  // go back to those kept last
  virtual void forget_data() = 0;

  [[nodiscard]] virtual std::vector<double> predict(const Batch& batch) const = 0;
  [[nodiscard]] virtual Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const = 0;

 protected:
  Trainable(Trainable&&) = default;
  Trainable& operator=(Trainable&&) = default;
};

[[nodiscard]] FitResult train(std::unique_ptr<Trainable> trained, const FitInput& input, const Params& params, const Context& context,
                              std::string_view name);

// The loop's own parameters, with the defaults of a model.
[[nodiscard]] std::vector<ParamSpec> training_params(double learning_rate, double weight_decay);

}  // namespace obligor::net
