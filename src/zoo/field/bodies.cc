// The bodies, each from its paper's equations.
#include "zoo/field/body-inl.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/net/torch-inl.h"

namespace obligor::field {
namespace {

using net::size_of;

constexpr double kNormMomentum = 0.1;

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

Tensor deep(const FieldShape& shape, const Weights& w, Tensor x) {
  for (size_t l = 0; l < shape.hidden.size(); ++l) {
    x = w.linear(fmt::format("deep:{}", l), x);
    if (shape.batch_norm) x = w.norm(fmt::format("norm:{}", l), x);
    x = w.dropout(net::activate(x, shape.activation), shape.dropout);
  }
  return x;
}

// Half of (the square of the sum of the vectors, less the sum of their squares): rows x k (Rendle 2010; "bi-interaction").
Tensor pairwise(const Tensor& vectors) {
  const Tensor total = vectors.sum(1);
  return 0.5 * (total * total - (vectors * vectors).sum(1));
}

void declare_head(Declarer& d, int64_t in) { d.weight("head", "head", {1, in}); }
Tensor head(const Weights& w, const Tensor& x) { return at::mv(x, w["head"].squeeze(0)); }

// Rendle, Factorization Machines, ICDM 2010: w0 + sum w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j.
namespace fm {
void declare(const FieldShape&, Declarer&) {}
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  return in.linear + w.dropout(pairwise(in.vectors), shape.field_dropout).sum(1);
}
}  // namespace fm

// He & Chua, SIGIR 2017: the pairwise vector goes through batch norm, dropout and an MLP.
namespace nfm {
void declare(const FieldShape& shape, Declarer& d) {
  if (shape.batch_norm) d.norm("norm:pairs", "fields", size_of(shape.embedding));
  declare_deep(shape, d, size_of(shape.embedding));
  declare_head(d, size_of(shape.hidden.empty() ? shape.embedding : shape.hidden.back()));
}
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  Tensor x = pairwise(in.vectors);
  if (shape.batch_norm) x = w.norm("norm:pairs", x);
  return in.linear + head(w, deep(shape, w, w.dropout(x, shape.field_dropout)));
}
}  // namespace nfm

// Guo et al., IJCAI 2017: the factorisation machine and an MLP on the same field vectors, added.
namespace deepfm {
void declare(const FieldShape& shape, Declarer& d) {
  declare_deep(shape, d, size_of(shape.space.fields() * shape.embedding));
  declare_head(d, size_of(shape.hidden.back()));
}
Tensor forward(const FieldShape& shape, const Weights& w, const Inputs& in) {
  const Tensor flat = w.dropout(in.vectors.flatten(1), shape.field_dropout);
  return in.linear + pairwise(in.vectors).sum(1) + head(w, deep(shape, w, flat));
}
}  // namespace deepfm

}  // namespace

void Declarer::bias(const std::string& name, const std::string& layer, int64_t width, int64_t fan_in) {
  parameters.push_back({name, layer, {width}, false, Start::kUniform, 1 / std::sqrt(static_cast<double>(std::max<int64_t>(fan_in, 1)))});
}

void Declarer::norm(const std::string& name, const std::string& layer, int64_t width) {
  constant(name, layer, {width}, 1);
  constant(name + ".bias", layer, {width}, 0);
  norms.emplace_back(name, width);
}

Tensor Weights::dropout(const Tensor& x, double rate) const {
  if (generator_ == nullptr || rate <= 0) return x;
  const double keep = 1 - rate;
  return x * at::empty_like(x).bernoulli_(keep, *generator_).mul_(1 / keep);
}

Tensor Weights::norm(const std::string& name, const Tensor& x) const {
  const bool by_batch = training() && x.size(0) > 1;
  return at::batch_norm(x, values_.at(name), values_.at(name + ".bias"), values_.at(name + ".mean"), values_.at(name + ".variance"), by_batch,
                        kNormMomentum, kNormEpsilon, false);
}

Body body_of(Kind kind) {
  switch (kind) {
    case Kind::kFm: return {fm::declare, fm::forward};
    case Kind::kNfm: return {nfm::declare, nfm::forward};
    case Kind::kDeepFm: return {deepfm::declare, deepfm::forward};
  }
  throw Error(ErrorCode::kInternal, "fields: a network without a body");
}

}  // namespace obligor::field
