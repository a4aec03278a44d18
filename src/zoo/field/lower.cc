#include "zoo/field/lower.h"

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/field/lowering.h"

namespace obligor::field {
namespace {

NodeId fm(Lowering& l) {
  const NodeId sums = l.sums();
  const NodeId pairs = l.plan().affine(l.pairwise(sums), std::vector<float>(l.shape().embedding, 1.0F), {0.0F}, 1);
  return l.add({l.first_order(sums), pairs});
}

NodeId nfm(Lowering& l) {
  const NodeId sums = l.sums();
  Folded folded;
  if (l.shape().batch_norm) folded = l.norm("norm:pairs");
  const Folded* before = l.shape().batch_norm ? &folded : nullptr;
  return l.add({l.first_order(sums), l.head(l.deep(l.pairwise(sums), before))});
}

NodeId deepfm(Lowering& l) { return l.add({fm(l), l.head(l.deep(l.flat()))}); }

NodeId wide_deep(Lowering& l) {
  const FieldShape& shape = l.shape();
  std::vector<NodeId> parts{l.with_intercept(l.head(l.deep(l.flat())))};
  if (shape.space.width > 0) parts.push_back(l.plan().affine(l.features(), l.get("wide.numbers"), {0.0F}, 1));
  const auto picked = [&](const std::vector<NodeId>& codes, const std::vector<uint32_t>& offsets, const std::vector<float>& weights) {
    for (size_t f = 0; f < codes.size(); ++f) {
      const auto begin = weights.begin() + static_cast<std::ptrdiff_t>(offsets[f]);
      const auto end = f + 1 < codes.size() ? weights.begin() + static_cast<std::ptrdiff_t>(offsets[f + 1]) : weights.end();
      parts.push_back(l.plan().look_up(codes[f], {begin, end}, 1));
    }
  };
  if (shape.space.table_rows() > 0) picked(l.codes(), shape.space.offsets, l.get("wide.table"));
  if (shape.crosses.rows > 0) picked(lower_crosses(shape.crosses, l.plan(), l.inputs()), shape.crosses.offsets, l.get("wide.crosses"));
  return l.add(std::move(parts));
}

NodeId deep_crossing(Lowering& l) {
  const FieldShape& shape = l.shape();
  const FieldSpace& space = shape.space;
  const auto k = static_cast<uint32_t>(shape.embedding);
  std::vector<NodeId> parts;
  if (space.numbers_as == NumbersAs::kDirect && space.width > 0) parts.push_back(l.features());
  const auto vectors = l.fields(k);
  for (size_t f = 0; f < space.fields(); ++f) {
    const size_t numbers = space.number_fields();
    if (f >= numbers && space.levels[f - numbers] <= shape.raw_levels) {
      const uint32_t levels = space.levels[f - numbers];
      std::vector<int32_t> columns;
      for (uint32_t level = 0; level < levels; ++level) columns.push_back(static_cast<int32_t>(level));
      parts.push_back(l.plan().one_hot(l.codes()[f - numbers], std::move(columns), levels));
      continue;
    }
    const auto& bias = l.get("field.bias");
    std::vector<float> mine(bias.begin() + static_cast<std::ptrdiff_t>(f * k), bias.begin() + static_cast<std::ptrdiff_t>((f + 1) * k));
    for (float& b : mine) b = -b;
    // (e - (-b)) x 1
    parts.push_back(l.plan().activate(l.plan().scale(vectors[f], std::move(mine), std::vector<float>(k, 1.0F)), "relu"));
  }
  NodeId x = l.plan().concat(std::move(parts));
  for (size_t u = 0; u < shape.blocks; ++u) {
    const NodeId inside = l.plan().activate(l.affine(x, fmt::format("unit:{}:in", u)), "relu");
    x = l.add({x, l.plan().activate(l.affine(inside, fmt::format("unit:{}:out", u)), "relu")});
  }
  return l.with_intercept(l.head(x));
}

NodeId pnn(Lowering& l) {
  const FieldShape& shape = l.shape();
  const size_t k = shape.embedding;
  const size_t fields = shape.space.fields();
  const auto units = static_cast<uint32_t>(shape.hidden.front());
  const NodeId flat = l.flat();
  std::vector<NodeId> parts{l.affine(flat, "deep:0")};
  const std::vector<float> zeros(units, 0.0F);
  std::vector<NodeId> totals;
  for (size_t j = 0; j < k && (shape.inner || shape.outer); ++j) {
    std::vector<int32_t> columns;
    for (size_t f = 0; f < fields; ++f) columns.push_back(static_cast<int32_t>(f * k + j));
    const NodeId column = l.plan().select(flat, std::move(columns));
    if (shape.inner) {
      const NodeId summed = l.plan().affine(column, l.get("inner"), zeros, units);
      parts.push_back(l.plan().multiply(summed, summed));
    }
    if (shape.outer) totals.push_back(l.plan().affine(column, std::vector<float>(fields, 1.0F), {0.0F}, 1));
  }
  if (shape.outer) {
    const NodeId total = l.plan().concat(std::move(totals));
    std::vector<int32_t> left;
    std::vector<int32_t> right;
    for (size_t a = 0; a < k * k; ++a) {
      left.push_back(static_cast<int32_t>(a / k));
      right.push_back(static_cast<int32_t>(a % k));
    }
    const NodeId products = l.plan().multiply(l.plan().select(total, std::move(left)), l.plan().select(total, std::move(right)));
    parts.push_back(l.plan().affine(products, l.get("outer"), zeros, units));
  }
  const NodeId first = l.plan().activate(l.add(std::move(parts)), net::activation_name(shape.activation));
  return l.with_intercept(l.head(l.deep(first, nullptr, 1)));
}

NodeId afm(Lowering& l) {
  const FieldShape& shape = l.shape();
  const auto k = static_cast<uint32_t>(shape.embedding);
  const auto vectors = l.fields(l.shape().columns());
  const NodeId linear = l.first_order_of(vectors);
  if (shape.attended.size() < 2) return linear;
  std::vector<NodeId> of;
  for (const int64_t f : shape.attended) of.push_back(l.columns(vectors[static_cast<size_t>(f)], 0, k));
  std::vector<NodeId> keys;
  std::vector<NodeId> values;
  const auto& head = l.get("head");
  for (size_t i = 0; i < of.size(); ++i) {
    for (size_t j = i + 1; j < of.size(); ++j) {
      const NodeId product = l.plan().multiply(of[i], of[j]);
      keys.push_back(l.plan().activate(l.affine(product, "attention"), "relu"));
      values.push_back(l.plan().affine(product, head, {0.0F}, 1));
    }
  }
  const auto pairs = static_cast<uint32_t>(keys.size());
  const auto units = static_cast<uint32_t>(shape.attention);
  // One query, the same for every row: h.
  const NodeId query = l.plan().affine(of[0], std::vector<float>(size_t{units} * k, 0.0F), l.get("attention.head"), units);
  return l.add({linear, l.plan().attend(query, l.plan().concat(std::move(keys)), l.plan().concat(std::move(values)), 1, pairs)});
}

NodeId dcn_v2(Lowering& l) {
  const FieldShape& shape = l.shape();
  const NodeId start = l.flat();
  NodeId x = start;
  for (size_t b = 0; b < shape.blocks; ++b) {
    const std::string name = fmt::format("cross:{}", b);
    const NodeId seen = shape.rank > 0 ? l.affine(x, name + ":down") : x;
    x = l.add({l.plan().multiply(start, l.affine(seen, name)), x});
  }
  const NodeId top = shape.parallel ? l.plan().concat({x, l.deep(start)}) : l.deep(x);
  return l.with_intercept(l.head(top));
}

}  // namespace

namespace {

Lowered lower_logits(Lowering& lowering, const FieldShape& shape) {
  const auto log_odds = [](NodeId node) { return Lowered{node, ScoreKind::kLogOdds}; };
  switch (shape.kind) {
    case Kind::kFm: return log_odds(fm(lowering));
    case Kind::kNfm: return log_odds(nfm(lowering));
    case Kind::kDeepFm: return log_odds(deepfm(lowering));
    case Kind::kWideDeep: return log_odds(wide_deep(lowering));
    case Kind::kDeepCrossing: return log_odds(deep_crossing(lowering));
    case Kind::kPnn: return log_odds(pnn(lowering));
    case Kind::kAfm: return log_odds(afm(lowering));
    case Kind::kDcnV2: return log_odds(dcn_v2(lowering));
    case Kind::kResNet: return log_odds(lower_resnet(lowering));
    case Kind::kTabM: return lower_tabm(lowering);
    case Kind::kFtTransformer: return log_odds(lower_ft_transformer(lowering));
  }
  throw Error(ErrorCode::kInternal, "fields: a network without a lowering");
}

}  // namespace

Lowered lower_network(const FieldShape& shape, const std::vector<net::NamedArray>& parameters, double norm_epsilon, PlanBuilder& builder,
                      const LoweredInputs& inputs) {
  const net::Lookup lookup(parameters);
  Lowering lowering(shape, lookup, norm_epsilon, builder, inputs);
  const Lowered lowered = lower_logits(lowering, shape);
  if (!shape.square_loss) return lowered;
  return {builder.affine(builder.clip(lowered.node, {-1.0F}, {1.0F}), {0.5F}, {0.5F}, 1), ScoreKind::kProbability};
}

}  // namespace obligor::field
