#include "zoo/field/inner_products.h"

#include <algorithm>

namespace obligor::field {

InnerProducts::InnerProducts(net::Tape& tape, net::Slot vectors, size_t fields, net::Weight weights, size_t units)
    : tape_(tape), weights_(weights), out_(tape.slot(units)) {
  inputs = {vectors};
  InnerWork& w = work_;
  w.fields = fields;
  w.k = tape.width(vectors) / fields;
  w.units = units;
  w.width = filled_up(units, kLineFloats);
  w.line = filled_up(fields, kLineFloats);
  memory_ = lay_out({{&w.weights, units * w.line},
                     {&w.turned, fields * w.width},
                     {&w.d_turned, fields * w.width},
                     {&w.sums, w.width},
                     {&w.d_sums, w.width},
                     {&w.slopes, w.k * w.width},
                     {&w.d_vectors, w.k * w.line}});
}

void InnerProducts::forward(size_t rows) {
  const InnerWork& w = work_;
  for (size_t u = 0; u < w.units; ++u) {
    for (size_t f = 0; f < w.fields; ++f) w.weights[u * w.line + f] = w.turned[f * w.width + u] = weights_.value[u * w.fields + f];
  }
  const size_t n = w.fields * w.k;
  for (size_t r = 0; r < rows; ++r) {
    kernels_.forward(w, tape_.value(inputs[0]) + r * n);
    std::copy_n(w.sums, w.units, tape_.value(out_) + r * w.units);
  }
}

void InnerProducts::backward(size_t rows) {
  const InnerWork& w = work_;
  const size_t n = w.fields * w.k;
  std::fill_n(w.d_turned, w.fields * w.width, 0.0F);
  if (adds[0] == 0) std::fill_n(tape_.gradient(inputs[0]), rows * n, 0.0F);
  for (size_t r = 0; r < rows; ++r) {
    std::copy_n(tape_.gradient(out_) + r * w.units, w.units, w.d_sums);
    kernels_.backward(w, tape_.value(inputs[0]) + r * n, tape_.gradient(inputs[0]) + r * n);
  }
  for (size_t u = 0; u < w.units; ++u) {
    for (size_t f = 0; f < w.fields; ++f) weights_.gradient[u * w.fields + f] = w.d_turned[f * w.width + u];
  }
}

}  // namespace obligor::field
