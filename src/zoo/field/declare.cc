#include "zoo/field/declare.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::field {

size_t flat_width(const FieldShape& shape) {
  return shape.space.fields() * shape.embedding + (shape.space.numbers_as == NumbersAs::kDirect ? shape.space.width : 0);
}

bool is_raw(const FieldShape& shape, size_t code_field) { return shape.space.levels[code_field] <= shape.raw_levels; }

size_t stack_width(const FieldShape& shape) {
  size_t width = shape.space.number_fields() * shape.embedding;
  if (shape.space.numbers_as == NumbersAs::kDirect) width += shape.space.width;
  for (size_t f = 0; f < shape.space.code_fields(); ++f) width += is_raw(shape, f) ? shape.space.levels[f] : shape.embedding;
  return width;
}

namespace {

int64_t size_of(size_t n) { return static_cast<int64_t>(n); }

// Layers of the deep part over `in` numbers: affine, batch norm where wanted, activation, dropout.
void declare_deep(const FieldShape& shape, Declarer& d, int64_t in) {
  for (size_t l = 0; l < shape.hidden.size(); ++l) {
    const std::string layer = fmt::format("layer {}", l + 1);
    const std::string name = fmt::format("deep:{}", l);
    const int64_t out = size_of(shape.hidden[l]);
    d.weight(name, layer, {out, in});
    d.bias(name + ".bias", layer, out, in);
    if (shape.batch_norm) d.norm(fmt::format("norm:{}", l), layer, out);
    in = out;
  }
}

void declare_head(Declarer& d, int64_t in) { d.weight("head", "head", {1, in}); }

void declare_fm(const FieldShape& /*shape*/, Declarer& /*d*/) {}

void declare_nfm(const FieldShape& shape, Declarer& d) {
  if (shape.batch_norm) d.norm("norm:pairs", "fields", size_of(shape.embedding));
  declare_deep(shape, d, size_of(shape.embedding));
  declare_head(d, size_of(shape.hidden.empty() ? shape.embedding : shape.hidden.back()));
}

void declare_deepfm(const FieldShape& shape, Declarer& d) {
  declare_deep(shape, d, size_of(shape.space.fields() * shape.embedding));
  declare_head(d, size_of(shape.hidden.back()));
}

void declare_wide_deep(const FieldShape& shape, Declarer& d) {
  const auto wide = [&](const std::string& name, size_t count) {
    if (count > 0) d.parameters.push_back({name, "wide", {size_of(count)}, true, Start::kConstant, 0, true});
  };
  wide("wide.numbers", shape.space.width);
  wide("wide.table", shape.space.table_rows());
  wide("wide.crosses", shape.crosses.rows);
  declare_deep(shape, d, size_of(flat_width(shape)));
  declare_head(d, size_of(shape.hidden.back()));
}

void declare_deep_crossing(const FieldShape& shape, Declarer& d) {
  const int64_t stack = size_of(stack_width(shape));
  const int64_t hidden = size_of(shape.hidden.front());
  d.constant("field.bias", "fields", {size_of(shape.space.fields()), size_of(shape.embedding)}, 0);
  for (size_t u = 0; u < shape.blocks; ++u) {
    const std::string layer = fmt::format("unit {}", u + 1);
    d.weight(fmt::format("unit:{}:in", u), layer, {hidden, stack});
    d.bias(fmt::format("unit:{}:in.bias", u), layer, hidden, stack);
    d.weight(fmt::format("unit:{}:out", u), layer, {stack, hidden});
    d.bias(fmt::format("unit:{}:out.bias", u), layer, stack, hidden);
  }
  declare_head(d, stack);
}

void declare_pnn(const FieldShape& shape, Declarer& d) {
  const int64_t units = size_of(shape.hidden.front());
  declare_deep(shape, d, size_of(flat_width(shape)));
  if (shape.inner) d.weight("inner", "layer 1", {units, size_of(shape.space.fields())});
  if (shape.outer) d.weight("outer", "layer 1", {units, size_of(shape.embedding * shape.embedding)});
  declare_head(d, size_of(shape.hidden.back()));
}

void declare_afm(const FieldShape& shape, Declarer& d) {
  if (shape.attended.size() < 2) return;
  const int64_t k = size_of(shape.embedding);
  const int64_t units = size_of(shape.attention);
  d.weight("attention", "attention", {units, k});
  d.bias("attention.bias", "attention", units, k);
  d.weight("attention.head", "attention", {1, units});
  // The attention starts nearly even: so many times the mean over the pairs is their sum, a factorisation machine.
  const auto pairs = static_cast<double>(shape.attended.size() * (shape.attended.size() - 1) / 2);
  d.parameters.push_back({"head", "head", {1, k}, true, Start::kConstant, pairs});
}

void declare_dcn_v2(const FieldShape& shape, Declarer& d) {
  const int64_t width = size_of(flat_width(shape));
  for (size_t l = 0; l < shape.blocks; ++l) {
    const std::string layer = fmt::format("cross {}", l + 1);
    const std::string name = fmt::format("cross:{}", l);
    if (shape.rank > 0) d.weight(name + ":down", layer, {size_of(shape.rank), width});
    d.weight(name, layer, {width, shape.rank > 0 ? size_of(shape.rank) : width});
    d.constant(name + ".bias", layer, {width}, 0);
  }
  declare_deep(shape, d, width);
  declare_head(d, size_of(shape.hidden.back()) + (shape.parallel ? width : 0));
}

void declare_resnet(const FieldShape& shape, Declarer& d) {
  const int64_t in = size_of(shape.space.width);
  const int64_t width = size_of(shape.hidden.front());
  const int64_t inside = size_of(shape.feed_forward);
  d.weight("stem", "stem", {width, in});
  d.bias("stem.bias", "stem", width, in);
  for (size_t b = 0; b < shape.blocks; ++b) {
    const std::string layer = fmt::format("block {}", b + 1);
    d.norm(fmt::format("norm:{}", b), layer, width);
    d.weight(fmt::format("block:{}:in", b), layer, {inside, width});
    d.bias(fmt::format("block:{}:in.bias", b), layer, inside, width);
    d.weight(fmt::format("block:{}:out", b), layer, {width, inside});
    d.bias(fmt::format("block:{}:out.bias", b), layer, width, inside);
  }
  d.norm("norm:head", "head", width);
  declare_head(d, width);
}

void declare_tabm(const FieldShape& shape, Declarer& d) {
  const int64_t members = size_of(shape.members);
  int64_t in = size_of(shape.space.width);
  for (size_t l = 0; l < shape.hidden.size(); ++l) {
    const std::string layer = fmt::format("layer {}", l + 1);
    const int64_t out = size_of(shape.hidden[l]);
    d.weight(fmt::format("deep:{}", l), layer, {out, in});
    d.parameters.push_back({fmt::format("in:{}", l), layer, {members, in}, false, l == 0 && members > 1 ? Start::kSigns : Start::kConstant, 1});
    d.constant(fmt::format("out:{}", l), layer, {members, out}, 1);
    d.parameters.push_back({fmt::format("deep:{}.bias", l), layer, {members, out}, false, Start::kUniform, 1 / std::sqrt(static_cast<double>(in))});
    in = out;
  }
  d.weight("head", "head", {members, in});
  d.constant("head.bias", "head", {members}, 0);
}

void declare_ft_transformer(const FieldShape& shape, Declarer& d) {
  const int64_t k = size_of(shape.embedding);
  const int64_t inside = size_of(shape.feed_forward);
  const auto affine = [&](const std::string& name, const std::string& layer, int64_t out, int64_t in) {
    d.weight(name, layer, {out, in});
    d.constant(name + ".bias", layer, {out}, 0);
  };
  const auto norm = [&](const std::string& name, const std::string& layer) {
    d.constant(name, layer, {k}, 1);
    d.constant(name + ".bias", layer, {k}, 0);
  };
  d.parameters.push_back({"cls", "fields", {k}, false, Start::kUniform, 1 / std::sqrt(static_cast<double>(k))});
  for (size_t b = 0; b < shape.blocks; ++b) {
    const std::string layer = fmt::format("block {}", b + 1);
    if (b > 0) norm(fmt::format("norm:{}:attention", b), layer);
    for (const char* part : {"query", "key", "value", "mix"}) affine(fmt::format("{}:{}", part, b), layer, k, k);
    norm(fmt::format("norm:{}:forward", b), layer);
    affine(fmt::format("forward:{}:in", b), layer, 2 * inside, k);
    affine(fmt::format("forward:{}:out", b), layer, k, inside);
  }
  norm("norm:head", "head");
  declare_head(d, k);
}

}  // namespace

void declare_body(const FieldShape& shape, Declarer& declarer) {
  switch (shape.kind) {
    case Kind::kFm: declare_fm(shape, declarer); return;
    case Kind::kNfm: declare_nfm(shape, declarer); return;
    case Kind::kDeepFm: declare_deepfm(shape, declarer); return;
    case Kind::kWideDeep: declare_wide_deep(shape, declarer); return;
    case Kind::kDeepCrossing: declare_deep_crossing(shape, declarer); return;
    case Kind::kPnn: declare_pnn(shape, declarer); return;
    case Kind::kAfm: declare_afm(shape, declarer); return;
    case Kind::kDcnV2: declare_dcn_v2(shape, declarer); return;
    case Kind::kResNet: declare_resnet(shape, declarer); return;
    case Kind::kTabM: declare_tabm(shape, declarer); return;
    case Kind::kFtTransformer: declare_ft_transformer(shape, declarer); return;
  }
  throw Error(ErrorCode::kInternal, "fields: a network without a body");
}

}  // namespace obligor::field
