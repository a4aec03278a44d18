// FieldNetwork: the trained part of the factorisation and crossing networks, gradients by autograd.
//
//   net::train(std::make_unique<FieldNetwork>(shape, context), input, params, context, "nfm");
//
// Every network reads the vectors e_f of its fields (zoo/field/space.h), rows x fields x k, and most of them a first-order sum
// w0 + sum_f w_f; what it makes of them is a body (zoo/field/body.h), and its form as plan nodes is lower.h.
//
// Contract: parameters are views into one flat tensor, decayed ones first, so that an AdamW pass is two fused calls; Adagrad is one
// pass. A joint table of more than `shape.dense_rows` rows is updated row by row (zoo/net/lazy_table.h): only rows of the batch get a gradient
// and are touched, so that a step costs what the batch holds and memory is three times the table, whatever the batch; what the other rows miss of
// momentum and decay is caught up when they are read next, exactly. All randomness comes from context.seed(). The calling thread's torch
// thread count is set to one. Errors: kUnsupported for a device that is not there; kInternal for bad shapes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "zoo/field/shape.h"
#include "zoo/net/arrays.h"
#include "zoo/net/training.h"

namespace obligor::field {

class FieldNetwork final : public net::Trainable {
 public:
  FieldNetwork(const FieldShape& shape, const Context& context);
  ~FieldNetwork() override;

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

  // Parameters and running statistics by name; and the gradients of the last batch (not of a table that is updated row by row).
  [[nodiscard]] std::vector<net::NamedArray> parameters() const;
  [[nodiscard]] std::vector<net::NamedArray> last_gradients() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::field
