#include <cmath>

#include <fmt/format.h>

#include "zoo/net/torch-inl.h"
#include "zoo/text/forward-inl.h"

namespace obligor::text {
namespace {

using net::size_of;

// Of values that no weight may count: they stay out of a softmax.
constexpr double kFar = -1e30;

// Softmax over the last dimension, where present; 0 where nothing is.
Tensor masked_softmax(const Tensor& scores, const Tensor& present) {
  return at::softmax(scores.masked_fill(present.logical_not(), kFar), -1) * present.to(scores.scalar_type());
}

}  // namespace

std::vector<Words> Forward::words(const Tensor& features) const {
  std::vector<Words> all;
  for (const TextColumns& columns : shape_.layout.texts) {
    const Tensor ids = features.narrow(1, size_of(columns.first), size_of(columns.length));
    const Tensor present = ids.ge(0);
    const int64_t longest = std::max<int64_t>(1, present.numel() == 0 ? 1 : present.sum(1).max().item<int64_t>());
    all.push_back({ids.narrow(1, 0, longest).nan_to_num(0).to(at::kLong), present.narrow(1, 0, longest)});
  }
  return all;
}

Tensor Forward::dropout(const Tensor& x, double rate) const {
  if (generator_ == nullptr || rate <= 0) return x;
  const Tensor kept = at::empty(x.sizes(), at::TensorOptions().dtype(x.scalar_type())).bernoulli_(1 - rate, *generator_);
  return x * kept.to(x.device()) / (1 - rate);
}

Tensor Forward::vectors(size_t k, const Words& words) const {
  const Tensor& table = at(fmt::format("vectors:{}", k));
  const auto rows = words.ids.size(0);
  const Tensor looked_up = at::embedding(shape_.fixed_vectors ? table.detach() : table, words.ids);
  return looked_up.view({rows, -1, size_of(shape_.width)}) * words.present.unsqueeze(2).to(table.scalar_type());
}

Tensor Forward::cnn(size_t k, const Words& words) const {
  const Tensor x = vectors(k, words).transpose(1, 2);  // rows x width x words
  const Tensor present = words.present.unsqueeze(1).to(x.scalar_type());
  std::vector<Tensor> parts;
  for (const size_t window : shape_.windows) {
    const std::string name = fmt::format("filters:{}.{}", k, window);
    const Tensor padded = at::constant_pad_nd(x, {0, size_of(window - 1)}, 0);
    const Tensor found = at::relu(at::conv1d(padded, at(name).transpose(1, 2), at(name + ".bias")));
    parts.push_back((found * present).amax(2));  // relu is never below the 0 of a place without a word
  }
  return at::cat(parts, 1);
}

Tensor Forward::lstm(size_t k, const Words& words) const {
  const auto named = [&](const char* part) { return at(fmt::format("lstm:{}.{}", k, part)); };
  const Tensor x = vectors(k, words);
  const Tensor zero = at::zeros({1, x.size(0), size_of(shape_.hidden)}, x.options());
  const Tensor bias = named("bias");
  const Tensor none = at::zeros_like(bias.detach());
  const Tensor states = std::get<0>(at::lstm(x, {zero, zero}, {named("input"), named("state"), bias, none}, true, 1, 0.0, false, false, true));
  const Tensor count = words.present.sum(1);
  if (shape_.attention) {
    const std::string name = fmt::format("attention:{}", k);
    const Tensor scores = at::matmul(at::tanh(linear(name, states)), at(name + ".query"));
    return at::bmm(masked_softmax(scores, words.present).unsqueeze(1), states).squeeze(1);
  }
  const Tensor last = (count - 1).clamp_min(0).view({-1, 1, 1}).expand({-1, 1, size_of(shape_.hidden)});
  return states.gather(1, last).squeeze(1) * count.gt(0).unsqueeze(1).to(x.scalar_type());
}

Tensor Forward::block(size_t b, const Tensor& x, const Tensor& present) const {
  const auto named = [&](const char* part) { return fmt::format("block:{}.{}", b, part); };
  const int64_t rows = x.size(0);
  const int64_t count = x.size(1);
  const auto heads = size_of(shape_.heads);
  const auto each = size_of(shape_.width / shape_.heads);
  const auto split = [&](const char* part) { return linear(named(part), x).view({rows, count, heads, each}).transpose(1, 2); };
  const Tensor scores = at::matmul(split("query"), split("key").transpose(2, 3)) / std::sqrt(static_cast<double>(each));
  const Tensor weights = masked_softmax(scores, present.view({rows, 1, 1, count}));
  const Tensor mixed = at::matmul(dropout(weights, shape_.dropout), split("value")).transpose(1, 2).reshape({rows, count, size_of(shape_.width)});
  const auto norm = [&](const char* part, const Tensor& z) {
    return at::layer_norm(z, {size_of(shape_.width)}, at(named(part)), at(named(part) + ".shift"), static_cast<double>(kTextNormEpsilon), false);
  };
  const Tensor seen = norm("norm1", x + dropout(linear(named("out"), mixed), shape_.dropout));
  return norm("norm2", seen + dropout(linear(named("outer"), at::gelu(linear(named("inner"), seen))), shape_.dropout));
}

Tensor Forward::tokens(const std::vector<Words>& words, Tensor& present) const {
  std::vector<Tensor> parts;
  std::vector<Tensor> presents;
  for (size_t k = 0; k < words.size(); ++k) {
    parts.push_back(vectors(k, words[k]));
    presents.push_back(words[k].present);
  }
  present = at::cat(presents, 1);
  Tensor x = dropout(at::cat(parts, 1), shape_.dropout);
  for (size_t b = 0; b < shape_.blocks; ++b) x = block(b, x, present);
  return x;
}

Tensor Forward::logits(const Tensor& features) const {
  const std::vector<Words> found = words(features);
  std::vector<Tensor> parts;
  if (shape_.encoder == Encoder::kTransformer) {
    Tensor present;
    const Tensor x = tokens(found, present);
    const Tensor mask = present.unsqueeze(2).to(x.scalar_type());
    parts.push_back((x * mask).sum(1) / mask.sum(1).clamp_min(1));
  } else {
    for (size_t k = 0; k < found.size(); ++k) parts.push_back(shape_.encoder == Encoder::kCnn ? cnn(k, found[k]) : lstm(k, found[k]));
  }
  Tensor x = dropout(at::cat(parts, 1), shape_.dropout);
  if (!shape_.layout.plain.empty()) {
    Tensor columns = at::empty({size_of(shape_.layout.plain.size())}, at::kLong);
    std::copy(shape_.layout.plain.begin(), shape_.layout.plain.end(), columns.data_ptr<int64_t>());
    x = at::cat({x, features.index_select(1, columns.to(features.device()))}, 1);
  }
  if (shape_.joint > 0) x = dropout(at::relu(linear("joint", x)), shape_.dropout);
  return linear("head", x).squeeze(1);
}

}  // namespace obligor::text
