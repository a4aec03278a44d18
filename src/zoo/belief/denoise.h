// Denoising autoencoder of one layer with tied weights (Vincent et al., JMLR 11, 2010, section 3).
//
//   std::vector<float> seen = corrupted(batch, 0.2, random);               // a share of the cells set to 0, in training alone
//   LayerGradient down = denoise_gradient(layer, batch, seen);
//
// y = s(W x~ + b), z = decode(y) with the same W. The loss of a row is the cross-entropy of z and the clean x over columns of zeros and
// ones, and half the squared error over numbers; it is compared with the clean row whatever the layer was shown.
#pragma once

#include <span>
#include <vector>

#include "zoo/belief/layer.h"

namespace obligor::belief {

[[nodiscard]] std::vector<float> corrupted(std::span<const float> rows, double share, Random& random);
// Mean loss over the rows.
[[nodiscard]] double denoise_loss(const Layer& layer, std::span<const float> clean, std::span<const float> seen);
[[nodiscard]] LayerGradient denoise_gradient(const Layer& layer, std::span<const float> clean, std::span<const float> seen);

}  // namespace obligor::belief
