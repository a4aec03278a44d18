// FusedFieldNetwork: the same networks as network.h with a training step of our own, on the CPU.
//
//   std::unique_ptr<net::Trainable> network = make_network(shape, context, Engine::kAuto);
//
// A step is a tape (zoo/net/tape.h): forward and backward over buffers made once, gradients only for the rows of the joint table that the
// batch holds, one pass of the optimiser over the flat parameters. Starts, parameters and lowering are those of FieldNetwork, which is
// the oracle: gradients agree to 1e-5 of their size (fused_test.cc). Masks of dropout differ. It has no gelu, and no device but
// the CPU.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "zoo/field/shape.h"
#include "zoo/net/arrays.h"
#include "zoo/net/training.h"

namespace obligor::field {

using net::Engine;

[[nodiscard]] bool has_fused_step(const FieldShape& shape);
// kAuto: fused where it can be. Error{kUnsupported} for kFused where it cannot.
[[nodiscard]] std::unique_ptr<net::Trainable> make_network(const FieldShape& shape, const Context& context, Engine engine);

class FusedFieldNetwork final : public net::Trainable {
 public:
  FusedFieldNetwork(const FieldShape& shape, const Context& context);
  ~FusedFieldNetwork() override;

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

  // Parameters and running statistics by name; and the gradients of the last batch (a table that is updated row by row: only its rows of
  // the batch are not 0).
  [[nodiscard]] std::vector<net::NamedArray> parameters() const;
  [[nodiscard]] std::vector<net::NamedArray> last_gradients() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::field
