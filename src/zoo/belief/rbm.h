// Restricted Boltzmann machine by contrastive divergence (Hinton 2002; Hinton, Osindero & Teh 2006).
//
//   pretrain(layer, rows, options, ContrastiveDivergence(1, Reconstruction::kMean, random), random, context);
//
// Energy, numbers as Gaussian units of variance 1 (the columns are standardised):
//   E(v, h) = sum over numbers (v_i - a_i)^2 / 2  -  sum over the others a_i v_i  -  b . h  -  h . W v.
// CD-k goes from the data v_0 through k steps of h ~ P(h | v), v ~ P(v | h), and takes as the way up
//   E[h | v_0] v_0' - E[h | v_k] v_k'   for W,   v_0 - v_k for a,   E[h | v_0] - E[h | v_k] for b.
// With visible units drawn (kDrawn) the limit over k is the gradient of the log-likelihood. With their means in place of draws (kMean, the guide's
// section 3.2) there is less noise: what pre-training uses.
#pragma once

#include <span>
#include <vector>

#include "zoo/belief/layer.h"

namespace obligor::belief {

enum class Reconstruction : uint8_t { kMean, kDrawn };

// Downwards, that is, minus the above; all randomness from `random`. Its buffers are made by the first batch of a layer.
class ContrastiveDivergence {
 public:
  ContrastiveDivergence(int steps, Reconstruction visible, Random& random) : steps_(steps), kind_(visible), random_(&random) {}
  void operator()(const Layer& layer, std::span<const float> batch, LayerGradient& down);

 private:
  int steps_;
  Reconstruction kind_;
  Random* random_;
  std::vector<float> visible_, hidden_, drawn_, difference_;
};

}  // namespace obligor::belief
