// A feed-forward network of ReLU layers with a masked softmax on top: p(to | from, x). Private to the room.
//
//   SoftmaxNet net({width, 200, 140, states}, dropout, random);
//   net.train(rows, plan, context, learning);
//   net.probabilities(x, allowed_rows);                      // in float64, one row after the other
//
// a_l = relu(W_l a_{l-1} + b_l);  z = W_L a_{L-1} + b_L;  p_s = e^{z_s} / sum over the allowed t of e^{z_t}, 0 where s is not allowed.
// Loss: weighted mean of -ln p(to). AdamW (Loshchilov & Hutter, ICLR 2019), decay of weights alone. No hidden layer: multinomial logit.
// Weights start as He et al. (ICCV 2015), equation 10; those of the last layer at 0, so that training begins at equal chances.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/context.h"
#include "core/random.h"
#include "model/model.h"
#include "plan/builder.h"

namespace obligor::survival {

// Rows to learn from: x is rows x width; mask is rows x states, 1 where the row's state may lead.
struct SoftmaxRows {
  size_t rows = 0;
  std::vector<float> x;
  std::vector<uint8_t> mask;
  std::vector<uint8_t> to;
  std::vector<float> weight;  // mean 1
};

struct SoftmaxTraining {
  size_t epochs = 100;
  size_t batch = 1024;
  size_t patience = 10;
  double rate = 1e-3;         // halved after every third of the patience without a better loss
  std::vector<double> rates;  // by epoch, when given: those of an earlier run
  double decay = 1e-4;
};

class SoftmaxNet {
 public:
  SoftmaxNet(std::vector<size_t> widths, double dropout, Random& random);

  // Returns the number of epochs after which the held-back loss was least (all of them where none are held back), with the parameters of then.
  // Errors: kNumeric when the loss is no longer finite, kCancelled.
  size_t train(const SoftmaxRows& rows, const SoftmaxRows& held_back, const SoftmaxTraining& plan, uint64_t seed, const Context& context,
               Learning& learning);

  // rows x states, from x (rows x width) and mask (rows x states).
  [[nodiscard]] std::vector<double> probabilities(std::span<const float> x, std::span<const uint8_t> mask) const;
  // The node of the logits, before the mask.
  [[nodiscard]] NodeId lower_logits(PlanBuilder& builder, NodeId x) const;

 private:
  [[nodiscard]] size_t layers() const { return offsets_.size(); }
  [[nodiscard]] size_t biases_at(size_t layer) const { return offsets_[layer] + widths_[layer] * widths_[layer + 1]; }

  std::vector<size_t> widths_;
  std::vector<size_t> offsets_;
  double dropout_ = 0;
  std::vector<float> parameters_;  // each layer's weights (out x in), then its biases
};

}  // namespace obligor::survival
