#include "zoo/field/pair_attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace obligor::field {
PairAttention::PairAttention(net::Tape& tape, net::Slot vectors, const std::vector<int64_t>& attended, size_t k, const PairWeights& weights)
    : tape_(tape), weights_(weights), out_(tape.slot(k)) {
  inputs = {vectors};
  for (const int64_t field : attended) places_.push_back(static_cast<size_t>(field) * k);
  PairWork& w = work_;
  w.places = places_.data();
  w.fields = attended.size();
  w.k = k;
  w.units = filled_up(weights.units, 4);
  w.pairs = w.fields * (w.fields - 1) / 2;
  w.width = filled_up(k, kLineFloats);
  w.line = filled_up(w.fields, kLineFloats) + kLineFloats;
  w.span = filled_up(w.pairs, kLineFloats) + kLineFloats;

  memory_ = lay_out({{&w.weights, w.units * w.width},
                     {&w.scaled, w.units * w.width},
                     {&w.bias, w.units},
                     {&w.head, w.units},
                     {&w.vectors, filled_up(w.fields, 4) * w.width},
                     {&w.across, w.width * w.line},
                     {&w.products, k * w.span},
                     {&w.slopes, 8 * w.span},
                     {&w.d_scores, w.span},
                     {&w.pooled, w.width},
                     {&w.d_pooled, w.width},
                     {&w.d_vectors, w.fields * w.width},
                     {&w.unit_products, w.units * w.width},
                     {&w.unit_slopes, w.units * kLineFloats},
                     {&w.unit_squares, w.units * kLineFloats}});
  shares_ = tape.input(w.span);
  if (tape.training()) flat_.resize(tape.largest() * kernels_.flat_bytes(w));
}

void PairAttention::pack_weights() {
  const PairWork& w = work_;
  for (size_t u = 0; u < weights_.units; ++u) {
    w.bias[u] = weights_.bias.value[u];
    w.head[u] = weights_.head.value[u];
    for (size_t c = 0; c < w.k; ++c) {
      const float weight = weights_.weight.value[u * w.k + c];
      w.weights[u * w.width + c] = weight;
      w.scaled[u * w.width + c] = weight * w.head[u];
    }
  }
}

void PairAttention::forward(size_t rows) {
  pack_weights();
  const size_t n = tape_.width(inputs[0]);
  const size_t flags = flat_.empty() ? 0 : kernels_.flat_bytes(work_);
  for (size_t r = 0; r < rows; ++r) {
    kernels_.forward(work_, tape_.value(inputs[0]) + r * n, tape_.value(shares_) + r * work_.span,
                     flat_.empty() ? nullptr : flat_.data() + r * flags);
    std::copy_n(work_.pooled, work_.k, tape_.value(out_) + r * work_.k);
  }
}

void PairAttention::backward(size_t rows) {
  const PairWork& w = work_;
  const auto& steps = net::step_kernels();
  const size_t n = tape_.width(inputs[0]);
  const size_t flags = kernels_.flat_bytes(w);
  std::fill_n(w.unit_products, w.units * w.width, 0.0F);
  std::fill_n(w.unit_slopes, w.units * kLineFloats, 0.0F);
  std::fill_n(w.unit_squares, w.units * kLineFloats, 0.0F);
  if (adds[0] == 0) std::fill_n(tape_.gradient(inputs[0]), rows * n, 0.0F);
  for (size_t r = 0; r < rows; ++r) {
    std::copy_n(tape_.gradient(out_) + r * w.k, w.k, w.d_pooled);
    kernels_.backward(w, tape_.value(inputs[0]) + r * n, tape_.value(shares_) + r * w.span, flat_.data() + r * flags);
    float* to = tape_.gradient(inputs[0]) + r * n;
    for (size_t f = 0; f < w.fields; ++f) steps.add(w.k, w.d_vectors + f * w.width, to + places_[f]);
  }
  for (size_t u = 0; u < weights_.units; ++u) {
    const float* products = w.unit_products + u * w.width;
    const float slope = std::accumulate(w.unit_slopes + u * kLineFloats, w.unit_slopes + (u + 1) * kLineFloats, 0.0F);
    for (size_t c = 0; c < w.k; ++c) weights_.weight.gradient[u * w.k + c] = w.head[u] * products[c];
    weights_.bias.gradient[u] = w.head[u] * slope;
    weights_.head.gradient[u] = steps.dot(w.k, w.weights + u * w.width, products) + w.bias[u] * slope;
  }
}

double PairAttention::slope_size(size_t rows) const {
  const PairWork& w = work_;
  double sum = 0;
  for (size_t u = 0; u < weights_.units; ++u) {
    const float* squares = w.unit_squares + u * kLineFloats;
    sum += static_cast<double>(w.head[u]) * static_cast<double>(w.head[u]) * std::accumulate(squares, squares + kLineFloats, 0.0);
  }
  return std::sqrt(sum / static_cast<double>(rows * w.pairs * weights_.units));
}

double PairAttention::flat_share(size_t rows) const {
  const size_t bytes = kernels_.flat_bytes(work_);
  std::vector<uint8_t> always(flat_.begin(), flat_.begin() + static_cast<std::ptrdiff_t>(bytes));
  for (size_t r = 1; r < rows; ++r) {
    for (size_t b = 0; b < bytes; ++b) always[b] &= flat_[r * bytes + b];
  }
  return static_cast<double>(kernels_.count_flat(work_, weights_.units, always.data())) / static_cast<double>(work_.pairs * weights_.units);
}

}  // namespace obligor::field
