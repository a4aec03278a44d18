#include "zoo/net/fold.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::net {
namespace {

struct Affine {
  std::vector<float> weights;
  std::vector<float> bias;
};

// Member e's layer l with its input scale and its batch norm (in its prediction form) folded in:
//   gain = gamma / sqrt(variance + epsilon);  W' = gain * W * diag(r);  b' = beta - gain * mean.
Affine folded(const NetworkShape& shape, const Lookup& parameters, double epsilon, size_t layer, size_t member) {
  const auto& weight = parameters.get(fmt::format("weight:{}", layer));
  const auto& bias = parameters.get(fmt::format("bias:{}", layer));
  const auto* scale = layer == 0 ? parameters.find("input_scale") : nullptr;
  const size_t in = weight.size() / shape.hidden;
  Affine out{std::vector<float>(weight.size()), std::vector<float>(shape.hidden)};
  for (size_t unit = 0; unit < shape.hidden; ++unit) {
    const size_t at = member * shape.hidden + unit;
    double gain = 1;
    auto shift = static_cast<double>(bias[at]);
    if (shape.batch_norm) {
      const double variance = static_cast<double>(parameters.get(fmt::format("variance:{}", layer))[at]);
      gain = static_cast<double>(parameters.get(fmt::format("norm:{}", layer))[at]) / std::sqrt(variance + epsilon);
      shift -= gain * static_cast<double>(parameters.get(fmt::format("mean:{}", layer))[at]);
    }
    for (size_t i = 0; i < in; ++i) {
      const double r = scale == nullptr ? 1.0 : static_cast<double>((*scale)[member * in + i]);
      out.weights[unit * in + i] = static_cast<float>(gain * r * static_cast<double>(weight[unit * in + i]));
    }
    out.bias[unit] = static_cast<float>(shift);
  }
  return out;
}

}  // namespace

Lowered lower_network(const NetworkShape& shape, const std::vector<NamedArray>& arrays, double norm_epsilon, PlanBuilder& builder,
                      const LoweredInputs& inputs) {
  const Lookup parameters(arrays);
  const auto hidden = static_cast<uint32_t>(shape.hidden);
  const auto function = activation_name(shape.activation);

  NodeId x = inputs.features;
  if (!shape.code_levels.empty()) {
    std::vector<NodeId> parts;
    if (shape.width > 0) parts.push_back(inputs.features);
    for (size_t k = 0; k < shape.code_levels.size(); ++k) {
      parts.push_back(builder.look_up(inputs.codes.at(k), parameters.get(fmt::format("embedding:{}", k)), static_cast<uint32_t>(shape.embedding)));
    }
    x = builder.concat(parts);
  }

  Affine first;
  for (size_t e = 0; e < shape.members; ++e) {
    const Affine member = folded(shape, parameters, norm_epsilon, 0, e);
    first.weights.insert(first.weights.end(), member.weights.begin(), member.weights.end());
    first.bias.insert(first.bias.end(), member.bias.begin(), member.bias.end());
  }
  const auto units = static_cast<uint32_t>(shape.members) * hidden;
  const NodeId layer_one = builder.activate(builder.affine(x, std::move(first.weights), std::move(first.bias), units), function);

  const auto& head = parameters.get("head");
  const auto& head_bias = parameters.get("head_bias");
  std::vector<NodeId> probabilities;
  for (size_t e = 0; e < shape.members; ++e) {
    NodeId a = layer_one;
    if (shape.members > 1) {
      std::vector<int32_t> columns(shape.hidden);
      for (size_t unit = 0; unit < shape.hidden; ++unit) columns[unit] = static_cast<int32_t>(e * shape.hidden + unit);
      a = builder.select(layer_one, std::move(columns));
    }
    for (size_t l = 1; l < shape.layers; ++l) {
      Affine layer = folded(shape, parameters, norm_epsilon, l, e);
      const NodeId y = builder.activate(builder.affine(a, std::move(layer.weights), std::move(layer.bias), hidden), function);
      a = shape.residual ? builder.sum({y, a}, {1.0F, 1.0F}) : y;
    }
    const auto begin = head.begin() + static_cast<std::ptrdiff_t>(e * shape.hidden);
    const NodeId logit = builder.affine(a, {begin, begin + static_cast<std::ptrdiff_t>(shape.hidden)}, {head_bias[e]}, 1);
    if (shape.members == 1) return {logit, ScoreKind::kLogOdds};
    probabilities.push_back(builder.activate(logit, "sigmoid"));
  }
  const std::vector<float> shares(shape.members, 1.0F / static_cast<float>(shape.members));
  return {builder.sum(std::move(probabilities), shares), ScoreKind::kProbability};
}

}  // namespace obligor::net
