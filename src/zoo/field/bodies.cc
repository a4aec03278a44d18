// The bodies, each from its paper's equations.
#include "zoo/field/body-inl.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/field/declare.h"
#include "zoo/net/torch-inl.h"

namespace obligor::field {
namespace {

using net::size_of;

constexpr double kNormMomentum = 0.1;

Tensor deep(const FieldShape& shape, const Weights& w, Tensor x, size_t first = 0) {
  for (size_t l = first; l < shape.hidden.size(); ++l) {
    x = w.linear(fmt::format("deep:{}", l), x);
    if (shape.batch_norm) x = w.norm(fmt::format("norm:{}", l), x);
    x = w.dropout(w.activate(fmt::format("layer {}", l + 1), x, shape.activation), shape.dropout);
  }
  return x;
}

// Half of (the square of the sum of the vectors, less the sum of their squares): rows x k (Rendle 2010; "bi-interaction").
Tensor pairwise(const Tensor& vectors) {
  const Tensor total = vectors.sum(1);
  return 0.5 * (total * total - (vectors * vectors).sum(1));
}

// The vectors side by side, and before them the numbers that are no fields.
Tensor flat(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const Tensor vectors = w.dropout(in.vectors.flatten(1), shape.field_dropout);
  return shape.space.numbers_as == NumbersAs::kDirect ? at::cat({in.numbers, vectors}, 1) : vectors;
}

Tensor head(const Weights& w, const Tensor& x) { return at::mv(x, w["head"].squeeze(0)); }

// Rendle, Factorization Machines, ICDM 2010: w0 + sum w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j.
namespace fm {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  return in.linear + w.dropout(pairwise(in.vectors), shape.field_dropout).sum(1);
}
}  // namespace fm

// He & Chua, SIGIR 2017: the pairwise vector goes through batch norm, dropout and an MLP.
namespace nfm {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  Tensor x = pairwise(in.vectors);
  if (shape.batch_norm) x = w.norm("norm:pairs", x);
  return in.linear + head(w, deep(shape, w, w.dropout(x, shape.field_dropout)));
}
}  // namespace nfm

// Guo et al., IJCAI 2017: the factorisation machine and an MLP on the same field vectors, added.
namespace deepfm {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  return in.linear + pairwise(in.vectors).sum(1) + head(w, deep(shape, w, flat(shape, w, in)));
}
}  // namespace deepfm

// Cheng et al., 2016: a linear model over features and crossed columns, and an MLP, added and trained at once.
namespace wide_deep {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const auto picked = [](const Tensor& weights, const Tensor& codes) {
    return weights.index_select(0, codes.flatten()).view({codes.size(0), codes.size(1)}).sum(1);
  };
  Tensor wide = in.linear;
  if (shape.space.width > 0) wide = wide + at::mv(in.numbers, w["wide.numbers"]);
  if (shape.space.table_rows() > 0) wide = wide + picked(w["wide.table"], in.codes);
  if (shape.crosses.rows > 0) wide = wide + picked(w["wide.crosses"], in.crosses);
  return wide + head(w, deep(shape, w, flat(shape, w, in)));
}
}  // namespace wide_deep

// Shan et al., KDD 2016: embeddings of one ReLU layer (small fields enter as they are), stacked; residual units; sigmoid.
namespace deep_crossing {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const FieldSpace& space = shape.space;
  const Tensor embedded = at::relu(in.vectors + w["field.bias"]);
  std::vector<Tensor> parts;
  if (space.numbers_as == NumbersAs::kDirect) parts.push_back(in.numbers);
  if (space.number_fields() > 0) parts.push_back(embedded.narrow(1, 0, size_of(space.number_fields())).flatten(1));
  for (size_t f = 0; f < space.code_fields(); ++f) {
    if (is_raw(shape, f)) {
      parts.push_back(at::one_hot(in.codes.select(1, size_of(f)) - size_of(space.offsets[f]), size_of(space.levels[f])).to(in.vectors.dtype()));
    } else {
      parts.push_back(embedded.select(1, size_of(space.number_fields() + f)));
    }
  }
  Tensor x = w.dropout(at::cat(parts, 1), shape.field_dropout);
  for (size_t u = 0; u < shape.blocks; ++u) {
    const std::string layer = fmt::format("unit {}", u + 1);
    const auto relu = [&](const Tensor& z) { return w.activate(layer, z, net::Activation::kRelu); };
    const Tensor inside = w.dropout(relu(w.linear(fmt::format("unit:{}:in", u), x)), shape.dropout);
    x = x + relu(w.linear(fmt::format("unit:{}:out", u), inside));
  }
  return in.linear + head(w, x);
}
}  // namespace deep_crossing

// Qu et al., ICDM 2016. The weights of a unit over all inner products are theta theta' (equation 9), so its sum is ||sum_f theta_f e_f||^2;
// the outer products are those of the sum of the vectors (equation 15).
namespace pnn {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  Tensor z = w.linear("deep:0", flat(shape, w, in));
  if (shape.inner) {
    const Tensor summed = at::matmul(w["inner"], in.vectors);  // rows x units x k
    z = z + (summed * summed).sum(2);
  }
  if (shape.outer) {
    const Tensor total = in.vectors.sum(1);
    z = z + at::mm((total.unsqueeze(2) * total.unsqueeze(1)).flatten(1), w["outer"].t());
  }
  return in.linear + head(w, deep(shape, w, w.dropout(w.activate("layer 1", z, shape.activation), shape.dropout), 1));
}
}  // namespace pnn

// Xiao et al., IJCAI 2017: w_0 + sum w_f + p . sum over pairs of a_fg (e_f * e_g), a = softmax(h . relu(W (e_f * e_g) + b)).
namespace afm {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  if (shape.attended.size() < 2) return in.linear;
  const auto device = in.vectors.device();
  const Tensor fields = at::tensor(shape.attended, at::kLong).to(device);
  const Tensor pair = at::triu_indices(fields.size(0), fields.size(0), 1, at::TensorOptions().dtype(at::kLong).device(device));
  const Tensor products =
      in.vectors.index_select(1, fields.index_select(0, pair.select(0, 0))) * in.vectors.index_select(1, fields.index_select(0, pair.select(0, 1)));
  const Tensor scores = at::matmul(w.activate("attention", w.linear("attention", products), net::Activation::kRelu), w["attention.head"].squeeze(0));
  const Tensor pooled = (at::softmax(scores, 1).unsqueeze(2) * products).sum(1);
  return in.linear + head(w, w.dropout(pooled, shape.field_dropout));
}
}  // namespace afm

// Wang et al., DCN V2, WWW 2021: x_{l+1} = x_0 * (W_l x_l + b_l) + x_l, W_l full or U_l V_l'.
namespace dcn_v2 {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const Tensor start = flat(shape, w, in);
  Tensor x = start;
  for (size_t l = 0; l < shape.blocks; ++l) {
    const std::string name = fmt::format("cross:{}", l);
    const Tensor seen = shape.rank > 0 ? at::mm(x, w[name + ":down"].t()) : x;
    x = start * w.linear(name, seen) + x;
  }
  const Tensor top = shape.parallel ? at::cat({x, deep(shape, w, start)}, 1) : deep(shape, w, x);
  return in.linear + head(w, top);
}
}  // namespace dcn_v2

// Gorishniy et al., NeurIPS 2021, section 3.2: x + dropout(W_2 dropout(relu(W_1 norm(x)))), then head(relu(norm(x))).
namespace resnet {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  Tensor x = w.linear("stem", in.numbers);
  for (size_t b = 0; b < shape.blocks; ++b) {
    const Tensor z = w.linear(fmt::format("block:{}:in", b), w.norm(fmt::format("norm:{}", b), x));
    const Tensor inside = w.activate(fmt::format("block {}", b + 1), z, net::Activation::kRelu);
    x = x + w.dropout(w.linear(fmt::format("block:{}:out", b), w.dropout(inside, shape.dropout)), shape.field_dropout);
  }
  return in.linear + head(w, at::relu(w.norm("norm:head", x)));
}
}  // namespace resnet

// Gorishniy, Kotelnikov & Babenko, ICLR 2025, section 3.3: each layer is s_e * (W (r_e * x)) + b_e; the first r at random signs, every
// other r and s at one. The first layer is one product with the stacked weights, so that rows x members x width is never formed.
namespace tabm {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const int64_t members = size_of(shape.members);
  Tensor x;  // rows x members x units
  for (size_t l = 0; l < shape.hidden.size(); ++l) {
    const Tensor& weight = w[fmt::format("deep:{}", l)];
    const Tensor& r = w[fmt::format("in:{}", l)];
    Tensor z;
    if (l == 0) {
      const Tensor stacked = (weight.unsqueeze(0) * r.unsqueeze(1)).view({members * weight.size(0), weight.size(1)});
      z = at::mm(in.numbers, stacked.t()).view({in.numbers.size(0), members, weight.size(0)});
    } else {
      z = at::matmul(x * r, weight.t());
    }
    z = z * w[fmt::format("out:{}", l)] + w[fmt::format("deep:{}.bias", l)];
    x = w.dropout(w.activate(fmt::format("layer {}", l + 1), z, shape.activation), shape.dropout);
  }
  return (x * w["head"]).sum(2) + w["head.bias"] + in.linear.unsqueeze(1);
}
}  // namespace tabm

// Gorishniy, Rubachev, Khrulkov & Babenko, NeurIPS 2021, section 3.3: a token a field and one more, [cls]; blocks of attention and ReGLU,
// each after a layer norm (but for the attention of the first block); the head reads [cls], which alone the last block asks for.
namespace ft_transformer {
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const int64_t rows = in.vectors.size(0);
  const int64_t k = size_of(shape.embedding);
  const int64_t heads = size_of(shape.heads);
  const int64_t head_width = k / heads;
  const auto norm = [&](const std::string& name, const Tensor& x) { return at::layer_norm(x, {k}, w[name], w[name + ".bias"], kNormEpsilon); };
  // Rows x tokens x k to rows x heads x tokens x (k / heads).
  const auto split = [&](const Tensor& x) { return x.view({rows, x.size(1), heads, k / heads}).transpose(1, 2); };
  Tensor x = at::cat({w["cls"].expand({rows, 1, k}), in.vectors}, 1);
  for (size_t b = 0; b < shape.blocks; ++b) {
    const auto of = [&](const char* part) { return fmt::format("{}:{}", part, b); };
    const bool last = b + 1 == shape.blocks;
    const Tensor seen = b > 0 ? norm(fmt::format("norm:{}:attention", b), x) : x;
    const Tensor asking = last ? seen.narrow(1, 0, 1) : seen;
    const Tensor scores = at::matmul(split(w.linear(of("query"), asking)), split(w.linear(of("key"), seen)).transpose(2, 3));
    const Tensor shares = w.dropout(at::softmax(scores / std::sqrt(static_cast<double>(head_width)), 3), shape.field_dropout);
    const Tensor mixed = at::matmul(shares, split(w.linear(of("value"), seen))).transpose(1, 2).reshape({rows, asking.size(1), k});
    x = (last ? x.narrow(1, 0, 1) : x) + w.linear(of("mix"), mixed);
    const Tensor inside = w.linear(fmt::format("forward:{}:in", b), norm(fmt::format("norm:{}:forward", b), x));
    const int64_t half = inside.size(2) / 2;
    const Tensor gated = inside.narrow(2, 0, half) * w.activate(fmt::format("block {}", b + 1), inside.narrow(2, half, half), net::Activation::kRelu);
    x = x + w.linear(fmt::format("forward:{}:out", b), w.dropout(gated, shape.dropout));
  }
  return in.linear + head(w, at::relu(norm("norm:head", x.select(1, 0))));
}
}  // namespace ft_transformer
}  // namespace

Tensor Weights::dropout(const Tensor& x, double rate) const {
  if (generator_ == nullptr || rate <= 0) return x;
  const double keep = 1 - rate;
  return x * at::empty_like(x).bernoulli_(keep, *generator_).mul_(1 / keep);
}

Tensor Weights::activate(const std::string& layer, const Tensor& z, net::Activation activation) const {
  if (watched_ != nullptr && z.requires_grad()) {
    z.retain_grad();
    watched_->push_back({layer, z, activation});
  }
  return net::activate(z, activation);
}

Tensor Weights::norm(const std::string& name, const Tensor& x) const {
  const bool by_batch = training() && x.size(0) > 1;
  return at::batch_norm(x, values_.at(name), values_.at(name + ".bias"), values_.at(name + ".mean"), values_.at(name + ".variance"), by_batch,
                        kNormMomentum, kNormEpsilon, false);
}

Tensor forward(const FieldShape& shape, const Weights& weights, const Inputs& in) {
  switch (shape.kind) {
    case Kind::kFm: return fm::forward(shape, weights, in);
    case Kind::kNfm: return nfm::forward(shape, weights, in);
    case Kind::kDeepFm: return deepfm::forward(shape, weights, in);
    case Kind::kWideDeep: return wide_deep::forward(shape, weights, in);
    case Kind::kDeepCrossing: return deep_crossing::forward(shape, weights, in);
    case Kind::kPnn: return pnn::forward(shape, weights, in);
    case Kind::kAfm: return afm::forward(shape, weights, in);
    case Kind::kDcnV2: return dcn_v2::forward(shape, weights, in);
    case Kind::kResNet: return resnet::forward(shape, weights, in);
    case Kind::kTabM: return tabm::forward(shape, weights, in);
    case Kind::kFtTransformer: return ft_transformer::forward(shape, weights, in);
  }
  throw Error(ErrorCode::kInternal, "fields: a network without a body");
}

}  // namespace obligor::field
