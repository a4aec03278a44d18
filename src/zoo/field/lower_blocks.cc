// Lowering of the networks of blocks and members: resnet, tabm, ft_transformer.
#include <cmath>

#include <fmt/format.h>

#include "zoo/field/lowering.h"

namespace obligor::field {

NodeId lower_resnet(Lowering& l) {
  const FieldShape& shape = l.shape();
  NodeId x = l.affine(l.features(), "stem");
  for (size_t b = 0; b < shape.blocks; ++b) {
    const Folded norm = l.norm(fmt::format("norm:{}", b));
    const NodeId inside = l.plan().activate(l.affine(x, fmt::format("block:{}:in", b), &norm), "relu");
    x = l.add({x, l.affine(inside, fmt::format("block:{}:out", b))});
  }
  // The last norm stands before an activation: an affine map of its own, a number a column.
  const Folded norm = l.norm("norm:head");
  const size_t width = norm.gain.size();
  std::vector<float> weights(width * width, 0.0F);
  std::vector<float> bias(width);
  for (size_t i = 0; i < width; ++i) {
    weights[i * width + i] = static_cast<float>(norm.gain[i]);
    bias[i] = static_cast<float>(norm.shift[i]);
  }
  const NodeId normal = l.plan().affine(x, std::move(weights), std::move(bias), static_cast<uint32_t>(width));
  return l.with_intercept(l.head(l.plan().activate(normal, "relu")));
}

// s (W (r x)) + b of a member is an affine map of its own: diag(s) W diag(r), b.
Lowered lower_tabm(Lowering& l) {
  const FieldShape& shape = l.shape();
  const size_t members = shape.members;
  const auto function = net::activation_name(shape.activation);
  struct Map {
    std::vector<float> weights, bias;
  };
  const auto map_of = [&](size_t layer, size_t member) {
    const auto& weight = l.get(fmt::format("deep:{}", layer));
    const size_t out = shape.hidden[layer];
    const size_t in = weight.size() / out;
    const float* r = l.get(fmt::format("in:{}", layer)).data() + member * in;
    const float* s = l.get(fmt::format("out:{}", layer)).data() + member * out;
    const float* b = l.get(fmt::format("deep:{}.bias", layer)).data() + member * out;
    Map map{std::vector<float>(weight.size()), {b, b + out}};
    for (size_t o = 0; o < out; ++o) {
      for (size_t i = 0; i < in; ++i) {
        map.weights[o * in + i] = static_cast<float>(static_cast<double>(s[o]) * static_cast<double>(weight[o * in + i]) * static_cast<double>(r[i]));
      }
    }
    return map;
  };
  const size_t first = shape.hidden.front();
  Map all;
  for (size_t e = 0; e < members; ++e) {
    const Map one = map_of(0, e);
    all.weights.insert(all.weights.end(), one.weights.begin(), one.weights.end());
    all.bias.insert(all.bias.end(), one.bias.begin(), one.bias.end());
  }
  const auto units = static_cast<uint32_t>(members * first);
  const NodeId layer_one = l.plan().activate(l.plan().affine(l.features(), std::move(all.weights), std::move(all.bias), units), function);
  std::vector<NodeId> probabilities;
  const auto& head = l.get("head");
  const size_t last = shape.hidden.back();
  for (size_t e = 0; e < members; ++e) {
    NodeId x = l.columns(layer_one, e * first, first);
    for (size_t layer = 1; layer < shape.hidden.size(); ++layer) {
      Map map = map_of(layer, e);
      x = l.plan().activate(l.plan().affine(x, std::move(map.weights), std::move(map.bias), static_cast<uint32_t>(shape.hidden[layer])), function);
    }
    const auto begin = head.begin() + static_cast<std::ptrdiff_t>(e * last);
    const float bias = l.get("head.bias")[e] + l.intercept();
    const NodeId logit = l.plan().affine(x, {begin, begin + static_cast<std::ptrdiff_t>(last)}, {bias}, 1);
    probabilities.push_back(l.plan().activate(logit, "sigmoid"));
  }
  const std::vector<float> shares(members, 1.0F / static_cast<float>(members));
  return {l.plan().sum(std::move(probabilities), shares), ScoreKind::kProbability};
}

NodeId lower_ft_transformer(Lowering& l) {
  const FieldShape& shape = l.shape();
  const auto k = static_cast<uint32_t>(shape.embedding);
  const auto heads = static_cast<uint32_t>(shape.heads);
  const auto epsilon = static_cast<float>(l.norm_epsilon());
  auto fields = l.fields(k);
  const auto tokens = static_cast<uint32_t>(fields.size() + 1);
  std::vector<NodeId> parts{l.plan().affine(fields[0], std::vector<float>(size_t{k} * k, 0.0F), l.get("cls"), k)};
  parts.insert(parts.end(), fields.begin(), fields.end());
  NodeId x = l.plan().concat(std::move(parts));
  const auto norm = [&](const std::string& name, NodeId node) { return l.plan().normalise(node, l.get(name), l.get(name + ".bias"), epsilon); };
  // An affine map of each of the first `count` tokens.
  const auto each = [&](NodeId node, uint32_t count, const auto& map) {
    std::vector<NodeId> mapped;
    for (uint32_t t = 0; t < count; ++t) mapped.push_back(map(l.columns(node, size_t{t} * k, k)));
    return l.plan().concat(std::move(mapped));
  };
  // The scaling of the scores goes into the queries.
  Folded scaling;
  scaling.gain.assign(k, 1 / std::sqrt(static_cast<double>(k / heads)));
  scaling.shift.assign(k, 0.0);
  for (size_t b = 0; b < shape.blocks; ++b) {
    const bool last = b + 1 == shape.blocks;
    const NodeId seen = b > 0 ? norm(fmt::format("norm:{}:attention", b), x) : x;
    const uint32_t asking = last ? 1 : tokens;
    const NodeId queries = each(seen, asking, [&](NodeId t) { return l.affine(t, fmt::format("query:{}", b), nullptr, &scaling); });
    const NodeId keys = each(seen, tokens, [&](NodeId t) { return l.affine(t, fmt::format("key:{}", b)); });
    const NodeId values = each(seen, tokens, [&](NodeId t) { return l.affine(t, fmt::format("value:{}", b)); });
    const NodeId mixed = l.plan().attend(queries, keys, values, heads, tokens);
    if (last) x = l.columns(x, 0, k);
    x = l.add({x, each(mixed, asking, [&](NodeId t) { return l.affine(t, fmt::format("mix:{}", b)); })});
    const NodeId normal = norm(fmt::format("norm:{}:forward", b), x);
    x = l.add({x, each(normal, asking, [&](NodeId t) {
                 const NodeId inside = l.affine(t, fmt::format("forward:{}:in", b));
                 const size_t half = shape.feed_forward;
                 const NodeId gate = l.plan().activate(l.columns(inside, half, half), "relu");
                 return l.affine(l.plan().multiply(l.columns(inside, 0, half), gate), fmt::format("forward:{}:out", b));
               })});
  }
  return l.with_intercept(l.head(l.plan().activate(norm("norm:head", x), "relu")));
}

}  // namespace obligor::field
