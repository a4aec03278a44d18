#include "zoo/belief/chain.h"

#include <algorithm>

#include <fmt/format.h>

#include "zoo/net/fused_step.h"

namespace obligor::belief {
namespace {

net::Activation activation_of(Unit unit) {
  return unit == Unit::kTanh ? net::Activation::kTanh : unit == Unit::kRelu ? net::Activation::kRelu : net::Activation::kSigmoid;
}

}  // namespace

Chain::Chain(std::span<const size_t> widths, Unit unit, size_t linear, std::span<float> parameters, std::span<float> gradient, size_t largest)
    : tape_(largest, true), in_(tape_.input(widths.front())), unit_(unit), linear_(linear) {
  net::Slot x = in_;
  size_t at = 0;
  for (size_t l = 0; l + 1 < widths.size(); ++l) {
    const size_t weights = widths[l] * widths[l + 1];
    const auto part = [&](size_t begin) { return net::Weight{parameters.data() + begin, gradient.data() + begin}; };
    const bool active = l + 2 < widths.size() && l != linear_;
    z_.push_back(tape_.dense(x, part(at), active ? net::Weight{} : part(at + weights), widths[l + 1]));
    x = active ? tape_.unit(z_.back(), part(at + weights), activation_of(unit), 0, 0) : z_.back();
    gradients_.emplace_back(gradient.subspan(at, weights + widths[l + 1]));
    at += weights + widths[l + 1];
  }
}

double Chain::reconstruction_error(size_t rows) const { return compare(rows, false); }
double Chain::reconstruction_slope(size_t rows) const { return compare(rows, true); }

// The output's gradient has room for the difference, whether or not a slope is asked for.
double Chain::compare(size_t rows, bool with_slope) const {
  const auto& kernels = net::step_kernels();
  const size_t cells = rows * tape_.width(in_);
  const auto share = static_cast<float>(2 / static_cast<double>(cells));
  float* gap = d_output();
  std::copy_n(output(), cells, gap);
  kernels.add_scaled(cells, -1, input(), gap);
  const auto squares = static_cast<double>(kernels.dot(cells, gap, gap));
  for (size_t i = 0; with_slope && i < cells; ++i) gap[i] *= share;
  return squares / static_cast<double>(cells);
}

std::vector<net::LayerState> Chain::watch(size_t rows) const {
  std::vector<net::LayerState> states;
  for (size_t l = 0; l < z_.size(); ++l) {
    const bool last = l + 1 == z_.size();
    net::LayerState& state = states.emplace_back();
    state.layer = last ? "head" : fmt::format("layer {}", l + 1);
    state.gradient_norm = net::length(gradients_[l]);
    if (last) break;  // the output has no activation
    net::watch(tape_, z_[l], activation_of(unit_), rows, rows, state);
    if (l == linear_) state.saturation = 0;
  }
  return states;
}

}  // namespace obligor::belief
