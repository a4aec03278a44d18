// Network: the feed-forward network of `ann` and `dnn`, E members trained at once, with hand-written gradients.
//
//   NetworkShape shape{.width = 30, .layers = 2, .hidden = 128, .members = 8};
//   Network network(shape, context);
//   network.set_data(input.train, target, weights, 256);            // resident on the device from here on
//   network.step(rows, learning_rate, weight_decay);                // one batch: gather, forward, backward, one AdamW pass
//   std::vector<double> p = network.predict(batch);
//
// For row x and member e (BatchEnsemble, Wen et al. 2020; the "mini" form of TabM, Gorishniy et al. 2024, arXiv:2410.24210):
//   a_0 = [x, embeddings of the codes] * r_e,   a_l = drop(act(norm(W_l a_{l-1}) + b_{l,e})) [+ a_{l-1} when residual, l > 1],
//   logit_e = v_e . a_L + c_e,                  p = mean_e sigmoid(logit_e).
// W is shared; r, b, v, c and the batch norm are a member's own. The loss is the mean over members of each member's weighted
// log-loss. r starts at random signs, which is what makes members differ; one member has r = 1, fixed.
//
// The first layer is computed as one product with the stacked weights W_1 diag(r_e), so that neither direction ever forms the
// rows x members x width tensor; the gradients of W_1 and r both come from one product.
//
// Contract: parameters are views into one flat tensor, decayed ones (W, v, embeddings) first, so that an optimiser pass is two
// fused calls. All randomness comes from context.seed(): same seed, same bytes, whatever else runs in the process. The calling
// thread's torch thread count is set to one. Errors: kUnsupported for a device that is not there; kInternal for bad shapes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/context.h"
#include "model/model.h"
#include "zoo/net/arrays.h"
#include "zoo/net/training.h"

namespace obligor::net {

enum class Activation { kRelu, kSelu, kTanh, kGelu, kSilu, kSigmoid };
// How the weights of the hidden layers start, n inputs and m outputs a unit: uniform within 1/sqrt(n), for SELU as kLecun; uniform within
// sqrt(6/(n+m)) (Glorot & Bengio 2010, equation 16); normal of variance 2/n (He et al. 2015, equation 10); normal of variance 1/n.
enum class WeightStart { kDefault, kGlorot, kHe, kLecun };
[[nodiscard]] WeightStart find_weight_start(std::string_view name);
[[nodiscard]] std::string_view activation_name(Activation activation);  // as op `activate` knows it
[[nodiscard]] Activation find_activation(std::string_view name);

// What computes the steps: the fused step of our own, libtorch, or the first where it can.
enum class Engine : uint8_t { kAuto, kFused, kTorch };
[[nodiscard]] Engine find_engine(std::string_view name);
[[nodiscard]] ParamSpec engine_param();  // for registry rows

struct NetworkShape {
  size_t width = 0;                   // numbers a row
  std::vector<uint32_t> code_levels;  // one table of embeddings each; empty when codes are not embedded
  size_t embedding = 0;               // numbers an embedded code
  size_t layers = 1;
  size_t hidden = 64;
  size_t members = 1;
  Activation activation = Activation::kRelu;
  bool batch_norm = false;
  bool residual = false;
  double dropout = 0;  // share of hidden units dropped in training
  WeightStart start = WeightStart::kDefault;
  double start_scale = 1;  // times those starting weights
};

class Network final : public Trainable {
 public:
  Network(const NetworkShape& shape, const Context& context);
  ~Network() override;
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  void set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) override;
  // The rows, in the order in which the following steps visit them.
  void set_order(std::span<const uint32_t> order) override;
  // Rows order[begin, end). Gradients stay readable until the next step.
  void gradients(size_t begin, size_t end) override;
  [[nodiscard]] std::vector<LayerState> watched_gradients(size_t begin, size_t end) override;
  void clip(double limit) override;
  void update(double learning_rate, double weight_decay) override;
  // The weighted mean loss of the batches since the last call.
  [[nodiscard]] double take_loss() override;

  [[nodiscard]] std::vector<double> predict(const Batch& batch) const override;
  void forget_data() override;

  void keep() override;     // remember parameters and running statistics
  void restore() override;  // go back to those kept last

  [[nodiscard]] std::vector<NamedArray> parameters() const;
  // Overwrites the parameter of that name: where a network starts from what another has learned. Error{kInternal} for a name or a count
  // that is not there.
  void set(std::string_view name, std::span<const float> values);
  [[nodiscard]] std::vector<NamedArray> last_gradients() const;

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::net
