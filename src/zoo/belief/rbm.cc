#include "zoo/belief/rbm.h"

#include "zoo/belief/matrix-inl.h"

namespace obligor::belief {
namespace {

Matrix sampled_hidden(const Matrix& p, Random& random) {
  return p.unaryExpr([&](float share) { return random.uniform() < static_cast<double>(share) ? 1.0F : 0.0F; });
}

Matrix sampled_visible(const Layer& layer, Matrix mean, Random& random) {
  for (Eigen::Index r = 0; r < mean.rows(); ++r) {
    for (Eigen::Index c = 0; c < mean.cols(); ++c) {
      float& value = mean(r, c);
      if (layer.is_number[static_cast<size_t>(c)] != 0) value += static_cast<float>(random.normal());
      else value = random.uniform() < static_cast<double>(value) ? 1.0F : 0.0F;
    }
  }
  return mean;
}

}  // namespace

LayerGradient contrastive_divergence(const Layer& layer, std::span<const float> batch, int steps, Reconstruction kind, Random& random) {
  const ConstMap data = matrix(batch, layer.visible);
  const Matrix up = hidden_of(layer, data);
  LayerGradient out;
  Matrix visible;
  Matrix hidden = up;
  for (int step = 0; step < steps; ++step) {
    const Matrix mean = visible_of(layer, sampled_hidden(hidden, random));
    if (step == 0) out.error = static_cast<double>((mean - data).squaredNorm()) / static_cast<double>(mean.size());
    visible = kind == Reconstruction::kDrawn ? sampled_visible(layer, mean, random) : mean;
    hidden = hidden_of(layer, visible);
  }
  const float share = 1.0F / static_cast<float>(data.rows());
  out.weights = flat(share * (hidden.transpose() * visible - up.transpose() * data));
  out.visible_bias = flat(share * (visible - data).colwise().sum());
  out.hidden_bias = flat(share * (hidden - up).colwise().sum());
  return out;
}

}  // namespace obligor::belief
