#include "zoo/belief/denoise.h"

#include <algorithm>
#include <cmath>

#include "zoo/belief/matrix-inl.h"

namespace obligor::belief {

std::vector<float> corrupted(std::span<const float> rows, double share, Random& random) {
  std::vector<float> out(rows.begin(), rows.end());
  if (share <= 0) return out;
  for (float& value : out) {
    if (random.uniform() < share) value = 0;
  }
  return out;
}

double denoise_loss(const Layer& layer, std::span<const float> clean, std::span<const float> seen) {
  const Matrix z = visible_of(layer, hidden_of(layer, matrix(seen, layer.visible)));
  const ConstMap x = matrix(clean, layer.visible);
  double total = 0;
  for (Eigen::Index r = 0; r < z.rows(); ++r) {
    for (Eigen::Index c = 0; c < z.cols(); ++c) {
      const auto target = static_cast<double>(x(r, c));
      const auto made = static_cast<double>(z(r, c));
      if (layer.is_number[static_cast<size_t>(c)] != 0) {
        total += 0.5 * (made - target) * (made - target);
      } else {
        const double p = std::clamp(made, 1e-7, 1 - 1e-7);
        total -= target * std::log(p) + (1 - target) * std::log(1 - p);
      }
    }
  }
  return total / static_cast<double>(z.rows());
}

LayerGradient denoise_gradient(const Layer& layer, std::span<const float> clean, std::span<const float> seen) {
  const ConstMap x = matrix(clean, layer.visible);
  const ConstMap shown = matrix(seen, layer.visible);
  const ConstMap w = matrix(layer.weights, layer.visible);
  const Matrix y = hidden_of(layer, shown);
  const Matrix difference = visible_of(layer, y) - x;
  LayerGradient out;
  out.error = static_cast<double>(difference.squaredNorm()) / static_cast<double>(difference.size());
  // Of both losses the derivative by what goes into the decoder is z - x.
  const Matrix d_visible = difference / static_cast<float>(x.rows());
  const Matrix d_hidden = ((d_visible * w.transpose()).array() * y.array() * (1 - y.array())).matrix();
  out.weights = flat(y.transpose() * d_visible + d_hidden.transpose() * shown);
  out.visible_bias = flat(d_visible.colwise().sum());
  out.hidden_bias = flat(d_hidden.colwise().sum());
  return out;
}

}  // namespace obligor::belief
