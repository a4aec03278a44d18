#include "zoo/recsys/autorec_step.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace obligor::recsys {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

float activate(Hidden hidden, float x) {
  switch (hidden) {
    case Hidden::kSigmoid: return 1 / (1 + std::exp(-x));
    case Hidden::kTanh: return std::tanh(x);
    case Hidden::kRelu: return std::max(x, 0.0F);
    case Hidden::kIdentity: return x;
  }
  return x;
}

// By the activation's value.
float slope(Hidden hidden, float y) {
  switch (hidden) {
    case Hidden::kSigmoid: return y * (1 - y);
    case Hidden::kTanh: return 1 - y * y;
    case Hidden::kRelu: return y > 0 ? 1.0F : 0.0F;
    case Hidden::kIdentity: return 1;
  }
  return 1;
}

}  // namespace

AutorecStep::AutorecStep(AutorecShape shape, double mean, uint64_t seed) : shape_(shape), kernels_(kernels()), width_(padded(shape.hidden)) {
  decoder_ = shape.entries * width_;
  encoder_bias_ = 2 * decoder_;
  decoder_bias_ = encoder_bias_ + width_;
  const size_t total = decoder_bias_ + padded(shape.entries);
  for (Floats* flat : {&values_, &gradient_, &first_, &second_}) *flat = Floats(total);
  units_ = Floats(width_);
  delta_ = Floats(width_);
  Random random(seed, "autorec start");
  const double bound = std::sqrt(6.0 / static_cast<double>(shape.entries + shape.hidden));
  for (const size_t table : {encoder_, decoder_}) {
    for (size_t e = 0; e < shape.entries; ++e) {
      for (size_t k = 0; k < shape.hidden; ++k) values_.data()[table + e * width_ + k] = static_cast<float>(bound * (2 * random.uniform() - 1));
    }
  }
  std::fill_n(values_.data() + decoder_bias_, shape.entries, static_cast<float>(mean));
}

float AutorecStep::decay(size_t batch) const {
  return static_cast<float>(shape_.l2 * static_cast<double>(batch) / static_cast<double>(std::max<size_t>(1, shape_.vectors)));
}

void AutorecStep::encode_padded(std::span<const uint32_t> entries, std::span<const float> values, float* units) const {
  std::copy_n(values_.data() + encoder_bias_, width_, units);
  for (size_t i = 0; i < entries.size(); ++i) kernels_.axpy(values[i], values_.data() + encoder_ + entries[i] * width_, units, width_);
  for (size_t k = 0; k < shape_.hidden; ++k) units[k] = activate(shape_.activation, units[k]);
  std::fill(units + shape_.hidden, units + width_, 0.0F);
}

void AutorecStep::encode(std::span<const uint32_t> entries, std::span<const float> values, std::span<float> units) const {
  Floats padded_units(width_);
  encode_padded(entries, values, padded_units.data());
  std::copy_n(padded_units.data(), shape_.hidden, units.begin());
}

// The gradient of the squared errors, into gradient_.
double AutorecStep::accumulate(const Lists& vectors, std::span<const uint32_t> batch) {
  gradient_.clear();
  double squares = 0;
  for (const uint32_t vector : batch) {
    const auto entries = vectors.of(vector);
    const auto values = vectors.values_of(vector);
    encode_padded(entries, values, units_.data());
    delta_.clear();
    for (size_t i = 0; i < entries.size(); ++i) {
      const float* weight = values_.data() + decoder_ + entries[i] * width_;
      const float error = kernels_.dot(weight, units_.data(), width_) + values_.data()[decoder_bias_ + entries[i]] - values[i];
      squares += static_cast<double>(error) * static_cast<double>(error);
      kernels_.axpy(2 * error, units_.data(), gradient_.data() + decoder_ + entries[i] * width_, width_);
      kernels_.axpy(2 * error, weight, delta_.data(), width_);
      gradient_.data()[decoder_bias_ + entries[i]] += 2 * error;
    }
    for (size_t k = 0; k < shape_.hidden; ++k) delta_.data()[k] *= slope(shape_.activation, units_.data()[k]);
    kernels_.axpy(1, delta_.data(), gradient_.data() + encoder_bias_, width_);
    for (size_t i = 0; i < entries.size(); ++i) kernels_.axpy(values[i], delta_.data(), gradient_.data() + encoder_ + entries[i] * width_, width_);
  }
  return squares;
}

double AutorecStep::adam_step(const Lists& vectors, std::span<const uint32_t> batch, double rate) {
  const double squares = accumulate(vectors, batch);
  const AdamRate now = adam_rate(rate, static_cast<double>(++steps_), kBeta1, kBeta2, kEpsilon);
  const auto part = [&](size_t from, size_t count, float by) {
    kernels_.adam(values_.data() + from, first_.data() + from, second_.data() + from, gradient_.data() + from, count, by, now);
  };
  part(0, encoder_bias_, decay(batch.size()));
  part(encoder_bias_, values_.size() - encoder_bias_, 0);
  return squares;
}

AutorecGradient AutorecStep::copy(const Floats& from) const {
  AutorecGradient result;
  const auto table = [&](size_t offset, std::vector<float>& to) {
    for (size_t e = 0; e < shape_.entries; ++e) {
      const float* row = from.data() + offset + e * width_;
      to.insert(to.end(), row, row + shape_.hidden);
    }
  };
  table(encoder_, result.encoder);
  table(decoder_, result.decoder);
  result.encoder_bias.assign(from.data() + encoder_bias_, from.data() + encoder_bias_ + shape_.hidden);
  result.decoder_bias.assign(from.data() + decoder_bias_, from.data() + decoder_bias_ + shape_.entries);
  return result;
}

AutorecGradient AutorecStep::gradient(const Lists& vectors, std::span<const uint32_t> batch) {
  (void)accumulate(vectors, batch);
  kernels_.axpy(decay(batch.size()), values_.data(), gradient_.data(), encoder_bias_);
  return copy(gradient_);
}

AutorecGradient AutorecStep::weights() const { return copy(values_); }

std::vector<float> AutorecStep::output_weights() const { return copy(values_).decoder; }

std::vector<float> AutorecStep::output_bias() const { return copy(values_).decoder_bias; }

}  // namespace obligor::recsys
