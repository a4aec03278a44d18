// FusedNetwork: the network of network.h with a training step of our own, on the CPU.
//
//   std::unique_ptr<Trainable> network = make_network(shape, context, Engine::kAuto);
//
// A step is a tape (zoo/net/tape.h): forward and backward over buffers made once, a layer's bias, activation and dropout in one pass, and one
// pass of AdamW over the flat parameters. Starts, parameters, loss and lowering are those of Network, which is the oracle: gradients agree to
// 1e-5 of the largest of their array (fused_network_test.cc). Masks of dropout differ. It has no gelu, and no device but the CPU.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "zoo/net/arrays.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor::net {

[[nodiscard]] bool has_fused_step(const NetworkShape& shape);
// What a network starts from in place of its own draws, by name.
using NetworkStart = std::function<std::vector<NamedArray>()>;
// kAuto: fused where it can be. Error{kUnsupported} for kFused where it cannot. `start` is asked once engine and device are known to be there.
[[nodiscard]] std::unique_ptr<Trainable> make_network(const NetworkShape& shape, const Context& context, Engine engine,
                                                      const NetworkStart& start = {});

class FusedNetwork final : public Trainable {
 public:
  FusedNetwork(const NetworkShape& shape, const Context& context);
  ~FusedNetwork() override;

  void set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) override;
  void set_order(std::span<const uint32_t> order) override;
  void gradients(size_t begin, size_t end) override;
  [[nodiscard]] std::vector<LayerState> watched_gradients(size_t begin, size_t end) override;
  void clip(double limit) override;
  void update(double learning_rate, double weight_decay) override;
  [[nodiscard]] double take_loss() override;
  void keep() override;
  void restore() override;
  void forget_data() override;
  [[nodiscard]] std::vector<double> predict(const Batch& batch) const override;
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override;

  // As Network has them.
  [[nodiscard]] std::vector<NamedArray> parameters() const;
  void set(std::string_view name, std::span<const float> values);
  [[nodiscard]] std::vector<NamedArray> last_gradients() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::net
