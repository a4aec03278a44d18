// TextNetwork: the trained part of wv_cnn, word2vec_lstm and bm_linear, gradients by autograd.
//
//   auto network = std::make_unique<TextNetwork>(shape, context);
//   network->set_vectors(0, vectors);                                          // pre-trained ones; or
//   network->pretrain_by_masks(input.train, {.steps = 300}, context);           // of a Transformer
//   FitResult result = net::train(std::move(network), input, params, context, "wv_cnn");
//
// Contract: parameters are views into one flat tensor, decayed ones first, so that an AdamW pass is two fused calls. A batch is cut to its
// longest text, so that a step costs what the batch's words cost. predict() is in double. All randomness comes from context.seed(). The calling
// thread's torch thread count is set to one. Errors: kUnsupported for a device that is not there.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zoo/net/training.h"
#include "zoo/text/shape.h"

namespace obligor::text {

// Devlin, Chang, Lee & Toutanova (NAACL 2019, arXiv:1810.04805), section 3.1: words are masked at random and told from the others.
struct MaskSpec {
  size_t steps = 300;
  size_t batch = 64;
  double share = 0.15;
  double learning_rate = 1e-3;
};

class TextNetwork final : public net::Trainable {
 public:
  TextNetwork(TextShape shape, const Context& context);
  ~TextNetwork() override;

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

  // Of the words of text `k`, by id.
  void set_vectors(size_t k, std::span<const float> vectors);
  // The mean loss of the last tenth of the steps, in nats a masked word.
  double pretrain_by_masks(const Batch& batch, const MaskSpec& spec, const Context& context);
  [[nodiscard]] std::vector<net::NamedArray> parameters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::text
