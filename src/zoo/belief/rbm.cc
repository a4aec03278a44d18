#include "zoo/belief/rbm.h"

#include <algorithm>

#include "zoo/belief/pretrain_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::belief {
namespace {

void draw_visible(const Layer& layer, std::span<float> rows, Random& random) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (layer.is_number[i % layer.visible] > 0) rows[i] += static_cast<float>(random.normal());
    else rows[i] = random.uniform() < static_cast<double>(rows[i]) ? 1.0F : 0.0F;
  }
}

}  // namespace

void ContrastiveDivergence::operator()(const Layer& layer, std::span<const float> batch, LayerGradient& down) {
  const auto& step_kernels = net::step_kernels();
  const size_t rows = batch.size() / layer.visible;
  const size_t units = rows * layer.hidden;
  // Where the chain ends above, the data below, so that one product makes both statistics.
  visible_.resize(2 * batch.size());
  hidden_.resize(2 * units);
  float* made = visible_.data();
  float* data = made + batch.size();
  float* last = hidden_.data();
  float* first = last + units;
  std::copy(batch.begin(), batch.end(), data);
  encode(layer, rows, data, first);
  drawn_.resize(units);
  const auto subtract_data = [&] {
    difference_.assign(made, made + batch.size());
    step_kernels.add_scaled(batch.size(), -1, data, difference_.data());
  };
  for (int step = 0; step < steps_; ++step) {
    pretrain_kernels().draw(units, static_cast<uint32_t>(random_->next() >> 32U), step == 0 ? first : last, drawn_.data());
    decode(layer, rows, drawn_.data(), made);
    if (step == 0) {
      subtract_data();
      down.error = static_cast<double>(step_kernels.dot(batch.size(), difference_.data(), difference_.data())) / static_cast<double>(batch.size());
    }
    if (kind_ == Reconstruction::kDrawn) draw_visible(layer, {made, batch.size()}, *random_);
    encode(layer, rows, made, last);
  }
  const float share = 1.0F / static_cast<float>(rows);
  for (size_t i = 0; i < units; ++i) last[i] *= share;
  for (size_t i = 0; i < units; ++i) first[i] *= -share;
  down.weights.resize(layer.weights.size());
  down.visible_bias.resize(layer.visible);
  down.hidden_bias.resize(layer.hidden);
  net::product(true, false, layer.hidden, layer.visible, 2 * rows, hidden_.data(), visible_.data(), down.weights.data(), false);
  step_kernels.column_sums(2 * rows, layer.hidden, hidden_.data(), down.hidden_bias.data());
  if (steps_ > 1 || kind_ == Reconstruction::kDrawn) subtract_data();
  step_kernels.column_sums(rows, layer.visible, difference_.data(), down.visible_bias.data());
  for (float& value : down.visible_bias) value *= share;
}

}  // namespace obligor::belief
