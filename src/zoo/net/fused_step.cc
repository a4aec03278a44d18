#include "zoo/net/fused_step.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>

#include "zoo/net/flat-inl.h"

namespace obligor::net {

void watch(const Tape& tape, Slot z, Activation activation, size_t rows, size_t terms, LayerState& state) {
  const auto extent = [&](float* values) { return at::from_blob(values, {size_of(rows), size_of(tape.width(z))}, at::kFloat); };
  state.active = true;
  state.signal = root_mean_square(extent(tape.gradient(z))) * static_cast<double>(terms);
  state.saturation = std::max(state.saturation, flat_share(extent(tape.value(z)), activation));
}

double log_loss_of(float z, float y, float factor, float& slope) {
  const float e = std::exp(-std::fabs(z));
  slope = ((z >= 0 ? 1 / (1 + e) : e / (1 + e)) - y) * factor;
  // log(1 + e^z) - y z, without overflow.
  return static_cast<double>(std::max(z, 0.0F) - y * z + std::log1p(e));
}

void products_on_one_thread() { at::set_num_threads(1); }

double length(std::span<const float> values) {
  return std::sqrt(static_cast<double>(step_kernels().dot(values.size(), values.data(), values.data())));
}

AdamStep adam_step(double rate, double decay, uint64_t step) {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(rate), static_cast<float>(rate * decay), static_cast<float>(1 - std::pow(kBeta1, t)),
          static_cast<float>(std::sqrt(1 - std::pow(kBeta2, t))), 0};
}

AdamStep adam_l2_step(double rate, double decay, uint64_t step) {
  AdamStep result = adam_step(rate, 0, step);
  result.pull = static_cast<float>(decay);
  return result;
}

}  // namespace obligor::net
