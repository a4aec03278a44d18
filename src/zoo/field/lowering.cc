#include "zoo/field/lowering.h"

#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace obligor::field {
namespace {

std::vector<int32_t> span_of(size_t begin, size_t count) {
  std::vector<int32_t> columns(count);
  std::iota(columns.begin(), columns.end(), static_cast<int32_t>(begin));
  return columns;
}

}  // namespace

Lowering::Lowering(const FieldShape& shape, const net::Lookup& parameters, double norm_epsilon, PlanBuilder& builder, const LoweredInputs& inputs)
    : shape_(shape),
      parameters_(parameters),
      norm_epsilon_(norm_epsilon),
      builder_(builder),
      inputs_(inputs),
      codes_(lower_codes(shape.space, builder, inputs)) {}

std::vector<NodeId> Lowering::fields(size_t columns) {
  const FieldSpace& space = shape_.space;
  const size_t all = shape_.columns();
  const auto out = static_cast<uint32_t>(columns);
  std::vector<NodeId> found;
  for (size_t c = 0; c < space.number_fields(); ++c) {
    const auto& vectors = get("numbers");
    const NodeId x = builder_.select(inputs_.features, {static_cast<int32_t>(c)});
    const bool piecewise = space.numbers_as == NumbersAs::kPiecewise;
    const auto* biases = parameters_.find("numbers.bias");
    const NodeId encoded = piecewise ? builder_.piecewise_linear(x, space.edges[c]) : x;
    const size_t in = builder_.type(encoded).width;
    const size_t pieces = space.pieces();
    std::vector<float> weights(columns * in);
    std::vector<float> bias(columns, 0);
    for (size_t j = 0; j < columns; ++j) {
      for (size_t t = 0; t < in; ++t) weights[j * in + t] = vectors[(c * pieces + t) * all + j];
      if (biases != nullptr) bias[j] = (*biases)[c * all + j];
    }
    found.push_back(builder_.affine(encoded, std::move(weights), std::move(bias), out));
  }
  for (size_t f = 0; f < space.code_fields(); ++f) {
    const auto& table = get("table");
    std::vector<float> rows;
    rows.reserve(space.levels[f] * columns);
    for (size_t level = 0; level < space.levels[f]; ++level) {
      const float* row = table.data() + (space.offsets[f] + level) * all;
      rows.insert(rows.end(), row, row + columns);
    }
    found.push_back(builder_.look_up(codes_[f], std::move(rows), out));
  }
  return found;
}

// Of numbers that enter by value: one affine map of x and its squares.
NodeId Lowering::number_sums() {
  const size_t width = shape_.space.width;
  const size_t k = shape_.embedding;
  const size_t columns = shape_.columns();
  const size_t out = k + columns;
  const auto& vectors = get("numbers");
  std::vector<float> weights(out * 2 * width, 0);
  for (size_t c = 0; c < width; ++c) {
    for (size_t j = 0; j < k; ++j) {
      const float v = vectors[c * columns + j];
      weights[j * 2 * width + c] = v;
      weights[(k + j) * 2 * width + width + c] = v * v;
    }
    if (shape_.linear) weights[2 * k * 2 * width + c] = vectors[c * columns + k];
  }
  const NodeId both = builder_.concat({inputs_.features, builder_.multiply(inputs_.features, inputs_.features)});
  return builder_.affine(both, std::move(weights), std::vector<float>(out, 0), static_cast<uint32_t>(out));
}

NodeId Lowering::sums() {
  const FieldSpace& space = shape_.space;
  const size_t k = shape_.embedding;
  const size_t columns = shape_.columns();
  std::vector<NodeId> parts;
  if (space.number_fields() > 0 && space.numbers_as == NumbersAs::kValue) parts.push_back(number_sums());
  if (space.number_fields() > 0 && space.numbers_as == NumbersAs::kPiecewise) {
    const auto all = fields(columns);
    for (size_t c = 0; c < space.number_fields(); ++c) {
      const NodeId v = builder_.select(all[c], span_of(0, k));
      std::vector<NodeId> part{v, builder_.multiply(v, v)};
      if (shape_.linear) part.push_back(builder_.select(all[c], {static_cast<int32_t>(k)}));
      parts.push_back(builder_.concat(std::move(part)));
    }
  }
  for (size_t f = 0; f < space.code_fields(); ++f) {
    const auto& table = get("table");
    std::vector<float> rows;
    rows.reserve(space.levels[f] * (k + columns));
    for (size_t level = 0; level < space.levels[f]; ++level) {
      const float* row = table.data() + (space.offsets[f] + level) * columns;
      rows.insert(rows.end(), row, row + k);
      for (size_t j = 0; j < k; ++j) rows.push_back(row[j] * row[j]);
      if (shape_.linear) rows.push_back(row[k]);
    }
    parts.push_back(builder_.look_up(codes_[f], std::move(rows), static_cast<uint32_t>(k + columns)));
  }
  return add(std::move(parts));
}

NodeId Lowering::pairwise(NodeId sums) {
  const size_t k = shape_.embedding;
  const NodeId total = builder_.select(sums, span_of(0, k));
  return builder_.sum({builder_.multiply(total, total), builder_.select(sums, span_of(k, k))}, {0.5F, -0.5F});
}

NodeId Lowering::first_order(NodeId sums) { return with_intercept(columns(sums, 2 * shape_.embedding, 1)); }

NodeId Lowering::first_order_of(const std::vector<NodeId>& fields) {
  std::vector<NodeId> weights;
  weights.reserve(fields.size());
  for (const NodeId field : fields) weights.push_back(columns(field, shape_.embedding, 1));
  return with_intercept(add(std::move(weights)));
}

NodeId Lowering::with_intercept(NodeId log_odds) { return builder_.affine(log_odds, {1.0F}, {intercept()}, 1); }

NodeId Lowering::flat() {
  std::vector<NodeId> parts;
  if (shape_.space.numbers_as == NumbersAs::kDirect && shape_.space.width > 0) parts.push_back(inputs_.features);
  for (const NodeId field : fields(shape_.embedding)) parts.push_back(field);
  return builder_.concat(std::move(parts));
}

NodeId Lowering::columns(NodeId x, size_t begin, size_t count) {
  if (begin == 0 && count == builder_.type(x).width) return x;
  return builder_.select(x, span_of(begin, count));
}

Folded Lowering::norm(const std::string& name) const {
  const auto& gain = get(name);
  Folded folded;
  for (size_t i = 0; i < gain.size(); ++i) {
    const double variance = static_cast<double>(get(name + ".variance")[i]);
    folded.gain.push_back(static_cast<double>(gain[i]) / std::sqrt(variance + norm_epsilon_));
    folded.shift.push_back(static_cast<double>(get(name + ".bias")[i]) - folded.gain[i] * static_cast<double>(get(name + ".mean")[i]));
  }
  return folded;
}

NodeId Lowering::affine(NodeId x, const std::string& name, const Folded* before, const Folded* after) {
  const auto& weights = get(name);
  const auto* bias = parameters_.find(name + ".bias");
  const size_t in = builder_.type(x).width;
  const size_t out = weights.size() / in;
  std::vector<float> matrix(weights.size());
  std::vector<float> offsets(out);
  for (size_t o = 0; o < out; ++o) {
    const double gain = after == nullptr ? 1.0 : after->gain[o];
    double offset = bias == nullptr ? 0.0 : static_cast<double>((*bias)[o]);
    for (size_t i = 0; i < in; ++i) {
      const auto w = static_cast<double>(weights[o * in + i]);
      if (before != nullptr) offset += w * before->shift[i];
      matrix[o * in + i] = static_cast<float>(gain * w * (before == nullptr ? 1.0 : before->gain[i]));
    }
    offsets[o] = static_cast<float>(gain * offset + (after == nullptr ? 0.0 : after->shift[o]));
  }
  return builder_.affine(x, std::move(matrix), std::move(offsets), static_cast<uint32_t>(out));
}

NodeId Lowering::deep(NodeId x, const Folded* before, size_t first) {
  for (size_t l = first; l < shape_.hidden.size(); ++l) {
    Folded after;
    if (shape_.batch_norm) after = norm(fmt::format("norm:{}", l));
    x = builder_.activate(affine(x, fmt::format("deep:{}", l), l == 0 ? before : nullptr, shape_.batch_norm ? &after : nullptr),
                          net::activation_name(shape_.activation));
  }
  return x;
}

NodeId Lowering::head(NodeId x) { return affine(x, "head"); }

NodeId Lowering::add(std::vector<NodeId> parts) {
  if (parts.size() == 1) return parts[0];
  std::vector<float> ones(parts.size(), 1.0F);
  return builder_.sum(std::move(parts), std::move(ones));
}

}  // namespace obligor::field
