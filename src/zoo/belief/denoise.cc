#include "zoo/belief/denoise.h"

#include <algorithm>
#include <cmath>

#include "zoo/belief/matrix-inl.h"
#include "zoo/net/tape.h"

namespace obligor::belief {

void corrupt(std::span<const float> rows, double share, Random& random, std::vector<float>& seen) {
  seen.assign(rows.begin(), rows.end());
  if (share <= 0) return;
  net::Drop drop = net::Drops(share, random.next()).next();
  drop.kept = 1;
  net::step_kernels().drop(rows.size(), drop, rows.data(), seen.data(), false);
}

double denoise_loss(const Layer& layer, std::span<const float> clean, std::span<const float> seen) {
  const Matrix z = visible_of(layer, hidden_of(layer, matrix(seen, layer.visible)));
  const ConstMap x = matrix(clean, layer.visible);
  double total = 0;
  for (Eigen::Index r = 0; r < z.rows(); ++r) {
    for (Eigen::Index c = 0; c < z.cols(); ++c) {
      const auto target = static_cast<double>(x(r, c));
      const auto made = static_cast<double>(z(r, c));
      if (layer.is_number[static_cast<size_t>(c)] > 0) {
        total += 0.5 * (made - target) * (made - target);
      } else {
        const double p = std::clamp(made, 1e-7, 1 - 1e-7);
        total -= target * std::log(p) + (1 - target) * std::log(1 - p);
      }
    }
  }
  return total / static_cast<double>(z.rows());
}

void DenoiseGradient::operator()(const Layer& layer, std::span<const float> clean, std::span<const float> seen, LayerGradient& down) {
  const auto& kernels = net::step_kernels();
  const size_t rows = clean.size() / layer.visible;
  const size_t units = rows * layer.hidden;
  // y and d loss / d y above one another, as d loss / d decoder and what was shown: the tied weights get the sum of both in one product.
  visible_.resize(2 * clean.size());
  hidden_.resize(2 * units);
  z_.resize(units);
  float* difference = visible_.data();
  float* shown = difference + clean.size();
  float* y = hidden_.data();
  float* d_hidden = y + units;
  std::copy(seen.begin(), seen.end(), shown);
  net::product(false, true, rows, layer.hidden, layer.visible, shown, layer.weights.data(), z_.data(), false);
  kernels.unit(net::Activation::kSigmoid, rows, layer.hidden, layer.hidden_bias.data(), {}, z_.data(), y);
  decode(layer, rows, y, difference);
  kernels.add_scaled(clean.size(), -1, clean.data(), difference);
  down.error = static_cast<double>(kernels.dot(clean.size(), difference, difference)) / static_cast<double>(clean.size());
  // Of both losses the derivative by what goes into the decoder is z - x.
  const float share = 1.0F / static_cast<float>(rows);
  for (size_t i = 0; i < clean.size(); ++i) difference[i] *= share;
  down.weights.resize(layer.weights.size());
  down.visible_bias.resize(layer.visible);
  down.hidden_bias.resize(layer.hidden);
  net::product(false, true, rows, layer.hidden, layer.visible, difference, layer.weights.data(), d_hidden, false);
  kernels.unit_back(net::Activation::kSigmoid, rows, layer.hidden, {}, z_.data(), d_hidden, d_hidden, down.hidden_bias.data(), false);
  net::product(true, false, layer.hidden, layer.visible, 2 * rows, hidden_.data(), visible_.data(), down.weights.data(), false);
  kernels.column_sums(rows, layer.visible, difference, down.visible_bias.data());
}

}  // namespace obligor::belief
