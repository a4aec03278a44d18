#include "zoo/text/documents.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace obligor::text {
namespace {

constexpr double kPower = 0.75;  // of the counts (Mikolov et al. 2013, section 2.2)
constexpr size_t kTextsPerCheck = 64;

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double log_sigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::fabs(x))); }

template <typename A>
double dot(const A& a, const float* b, size_t n) {
  // In four lanes, which a processor adds side by side.
  double sum[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) sum[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  for (; i < n; ++i) sum[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

std::vector<double> chances(std::span<const std::vector<int32_t>> texts, size_t levels) {
  std::vector<double> chance(levels, 0);
  for (const auto& text : texts) {
    for (const int32_t id : text) chance[static_cast<size_t>(id)] += 1;
  }
  chance.back() = 0;
  double total = 0;
  for (double& value : chance) total += value = std::pow(value, kPower);
  for (double& value : chance) value = total > 0 ? value / total : 0;
  return chance;
}

}  // namespace

DocumentSpace::DocumentSpace(const DocumentSpec& spec, std::vector<float> vectors, std::span<const double> chance)
    : spec_(spec), listed_(chance.size() - 1), vectors_(std::move(vectors)) {
  const size_t width = spec_.width;
  pushed_.resize(width * listed_);
  double norm = 0;
  for (size_t v = 0; v < listed_; ++v) {
    for (size_t i = 0; i < width; ++i) {
      const auto u = static_cast<double>(vectors_[v * width + i]);
      pushed_[i * listed_ + v] = static_cast<float>(-static_cast<double>(spec_.negatives) * chance[v] * u);
      norm += chance[v] * u * u;
    }
  }
  // One over a bound of the curvature where a text's words are as long as the drawn ones.
  rate_ = 1 / (spec_.shrink + 0.25 * (1 + static_cast<double>(spec_.negatives)) * norm);
}

std::vector<double> DocumentSpace::infer(std::span<const int32_t> ids) const {
  const size_t width = spec_.width;
  std::vector<double> d(width, 0);
  std::vector<double> slope(listed_);
  std::vector<double> step(width);
  for (size_t s = 0; s < spec_.steps; ++s) {
    for (size_t i = 0; i < width; ++i) step[i] = -spec_.shrink * d[i];
    for (const int32_t id : ids) {
      const float* u = vectors_.data() + static_cast<size_t>(id) * width;
      const double pull = (1 - sigmoid(dot(d, u, width))) / static_cast<double>(ids.size());
      for (size_t i = 0; i < width; ++i) step[i] += pull * static_cast<double>(u[i]);
    }
    for (size_t v = 0; v < listed_; ++v) slope[v] = sigmoid(dot(d, vectors_.data() + v * width, width));
    for (size_t i = 0; i < width; ++i) step[i] += dot(slope, pushed_.data() + i * listed_, listed_);
    for (size_t i = 0; i < width; ++i) d[i] += rate_ * step[i];
  }
  return d;
}

double DocumentSpace::objective(std::span<const int32_t> ids, std::span<const double> d) const {
  const size_t width = spec_.width;
  double value = -0.5 * spec_.shrink * std::inner_product(d.begin(), d.end(), d.begin(), 0.0);
  for (const int32_t id : ids) {
    value += log_sigmoid(dot(d, vectors_.data() + static_cast<size_t>(id) * width, width)) / static_cast<double>(ids.size());
  }
  for (size_t v = 0; v < listed_; ++v) {
    const float* u = vectors_.data() + v * width;
    // k p_v back from -k p_v u_v, along the largest number of u_v.
    const auto most = static_cast<size_t>(std::max_element(u, u + width, [](float a, float b) { return std::fabs(a) < std::fabs(b); }) - u);
    if (u[most] == 0) continue;
    value += static_cast<double>(-pushed_[most * listed_ + v]) / static_cast<double>(u[most]) * log_sigmoid(-dot(d, u, width));
  }
  return value;
}

NodeId DocumentSpace::lower(PlanBuilder& builder, const TextNodes& nodes, size_t length) const {
  const size_t width = spec_.width;
  const auto columns = static_cast<uint32_t>(width);
  const NodeId words = builder.embed(nodes.ids, vectors_, columns);
  builder.name(words, "vectors of the words");
  const std::vector<float> listed(vectors_.begin(), vectors_.begin() + static_cast<std::ptrdiff_t>(listed_ * width));
  std::vector<int32_t> each_word;    // d once a word
  std::vector<int32_t> each_number;  // a word's number once a column
  for (size_t t = 0; t < length; ++t) {
    for (size_t i = 0; i < width; ++i) {
      each_word.push_back(static_cast<int32_t>(i));
      each_number.push_back(static_cast<int32_t>(t));
    }
  }
  NodeId d = builder.affine(nodes.count, std::vector<float>(width, 0), std::vector<float>(width, 0), columns);
  for (size_t s = 0; s < spec_.steps; ++s) {
    const NodeId products = builder.multiply(words, builder.select(d, each_word));
    const NodeId fits = builder.activate(builder.convolve(products, std::vector<float>(width, 1), {0.0F}, static_cast<uint32_t>(length)), "sigmoid");
    const NodeId misses = builder.scale(fits, std::vector<float>(length, 1), std::vector<float>(length, -1));
    const NodeId pull = builder.pool(builder.multiply(words, builder.select(misses, each_number)), nodes.present, "mean");
    const NodeId drawn = builder.activate(builder.affine(d, listed, std::vector<float>(listed_, 0), static_cast<uint32_t>(listed_)), "sigmoid");
    const NodeId push = builder.affine(drawn, pushed_, std::vector<float>(width, 0), columns);
    d = builder.sum({d, pull, push}, {static_cast<float>(1 - rate_ * spec_.shrink), static_cast<float>(rate_), static_cast<float>(rate_)});
  }
  builder.name(d, "vector of the text");
  return d;
}

DocumentSpace train_documents(std::span<const std::vector<int32_t>> texts, size_t levels, const DocumentSpec& spec, const Context& context) {
  const size_t width = spec.width;
  const auto chance = chances(texts, levels);
  std::vector<double> reach(levels, 0);  // summed, to draw by
  std::partial_sum(chance.begin(), chance.end(), reach.begin());
  const auto unlisted = static_cast<int32_t>(levels - 1);
  Random random(context.seed(), "documents");
  std::vector<float> vectors(levels * width, 0);
  std::vector<float> documents(texts.size() * width);
  for (float& value : documents) value = static_cast<float>((random.uniform() - 0.5) / static_cast<double>(width));
  std::vector<float> change(width);
  for (size_t epoch = 0; epoch < spec.epochs && reach.back() > 0; ++epoch) {
    const auto order = random.permutation(texts.size());
    for (size_t i = 0; i < order.size(); ++i) {
      if (i % kTextsPerCheck == 0) context.check_cancelled();
      const double done =
          (static_cast<double>(epoch) + static_cast<double>(i) / static_cast<double>(order.size())) / static_cast<double>(spec.epochs);
      const double rate = spec.learning_rate * std::max(0.01, 1 - done);
      float* d = documents.data() + order[i] * width;
      for (const int32_t word : texts[order[i]]) {
        if (word == unlisted) continue;
        std::fill(change.begin(), change.end(), 0.0F);
        for (size_t k = 0; k <= spec.negatives; ++k) {
          int32_t id = word;
          if (k > 0) {
            const auto found = std::upper_bound(reach.begin(), reach.end(), random.uniform() * reach.back());
            id = static_cast<int32_t>(std::min(found - reach.begin(), static_cast<std::ptrdiff_t>(levels - 2)));
            if (id == word) continue;
          }
          float* u = vectors.data() + static_cast<size_t>(id) * width;
          const auto step = static_cast<float>(rate * ((k == 0 ? 1.0 : 0.0) - sigmoid(dot(d, u, width))));
          for (size_t c = 0; c < width; ++c) change[c] += step * u[c];
          for (size_t c = 0; c < width; ++c) u[c] += step * d[c];
        }
        for (size_t c = 0; c < width; ++c) d[c] += change[c];
      }
    }
  }
  return {spec, std::move(vectors), chance};
}

}  // namespace obligor::text
