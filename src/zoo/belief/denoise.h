// Denoising autoencoder of one layer with tied weights (Vincent et al., JMLR 11, 2010, section 3).
//
//   pretrain(layer, rows, options, Denoising(0.2, random), random, context);
//
// y = s(W x~ + b), z = decode(y) with the same W. The loss of a row is the cross-entropy of z and the clean x over columns of zeros and
// ones, and half the squared error over numbers; it is compared with the clean row whatever the layer was shown.
#pragma once

#include <span>
#include <vector>

#include "zoo/belief/layer.h"

namespace obligor::belief {

// `seen`: the rows, a share of their cells 0.
void corrupt(std::span<const float> rows, double share, Random& random, std::vector<float>& seen);
// Mean loss over the rows, by plain expressions: what the gradient is tested against.
[[nodiscard]] double denoise_loss(const Layer& layer, std::span<const float> clean, std::span<const float> seen);

// Its buffers are made by the first batch of a layer.
class DenoiseGradient {
 public:
  void operator()(const Layer& layer, std::span<const float> clean, std::span<const float> seen, LayerGradient& down);

 private:
  std::vector<float> visible_, hidden_, z_;
};

// The gradient of a batch of which a share of the cells is blanked anew each time.
class Denoising {
 public:
  Denoising(double share, Random& random) : share_(share), random_(&random) {}
  void operator()(const Layer& layer, std::span<const float> batch, LayerGradient& down) {
    corrupt(batch, share_, *random_, seen_);
    gradient_(layer, batch, seen_, down);
  }

 private:
  double share_;
  Random* random_;
  std::vector<float> seen_;
  DenoiseGradient gradient_;
};

}  // namespace obligor::belief
