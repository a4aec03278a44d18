// SequenceNetwork: the trained part of the models over a history, gradients by autograd.
//
//   net::train(std::make_unique<SequenceNetwork>(shape, context), input, params, context, "gru");
//
// Contract: parameters are views into one flat tensor, decayed ones first, so that an AdamW pass is two fused calls. Steps that are absent
// leave a state as it is, and are masked in filters, attention and pooling, so that what they hold changes nothing. predict() works in
// float64. All randomness comes from context.seed(). The calling thread's torch thread count is set to one. Errors: kUnsupported for a
// device that is not there.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zoo/net/arrays.h"
#include "zoo/net/training.h"
#include "zoo/sequence/shape.h"

namespace obligor::sequence {

class SequenceNetwork final : public net::Trainable {
 public:
  SequenceNetwork(const Shape& shape, const Context& context);
  ~SequenceNetwork() override;

  void set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) override;
  void set_order(std::span<const uint32_t> order) override;
  void gradients(size_t begin, size_t end) override;
  [[nodiscard]] std::vector<net::LayerState> watched_gradients(size_t begin, size_t end) override;
  void clip(double limit) override;
  void update(double learning_rate, double weight_decay) override;
  [[nodiscard]] double take_loss() override;
  void keep() override;
  void restore() override;
  void forget_data() override;
  [[nodiscard]] std::vector<double> predict(const Batch& batch) const override;
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override;

  [[nodiscard]] std::vector<net::NamedArray> parameters() const;
  // What gradients() left behind, in the order of declare().
  [[nodiscard]] std::vector<float> gradient() const;
  // Where training starts instead. Errors: kInternal for a name or a count that the network does not have.
  void set(const std::string& name, std::span<const float> values);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::sequence
