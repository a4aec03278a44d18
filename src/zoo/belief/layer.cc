#include "zoo/belief/layer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/belief/pretrain_kernels.h"
#include "zoo/net/fused_step.h"

namespace obligor::belief {
namespace {

constexpr double kStartDeviation = 0.01;
constexpr float kEarlyMomentum = 0.5F;
constexpr float kMomentum = 0.9F;
constexpr size_t kEarlyEpochs = 5;
constexpr double kNumberShare = 0.1;  // of the rate, where some visible units are numbers

}  // namespace

Layer make_layer(std::span<const float> rows, size_t width, size_t hidden, Random& random) {
  Layer layer;
  layer.visible = width;
  layer.hidden = hidden;
  layer.is_number.assign(width, 0);
  layer.visible_bias.assign(width, 0);
  layer.hidden_bias.assign(hidden, 0);
  for (size_t i = 0; i < hidden * width; ++i) layer.weights.push_back(static_cast<float>(kStartDeviation * random.normal()));
  const size_t n = width == 0 ? 0 : rows.size() / width;
  for (size_t c = 0; c < width; ++c) {
    double mean = 0;
    for (size_t r = 0; r < n; ++r) {
      const float x = rows[r * width + c];
      // What lies within [0, 1] is read as a probability: a flag, a category's column, a unit of the layer below.
      if (x < 0 || x > 1) layer.is_number[c] = 1;
      mean += static_cast<double>(x) / static_cast<double>(n);
    }
    const double p = std::clamp(mean, 0.01, 0.99);
    layer.visible_bias[c] = static_cast<float>(layer.is_number[c] > 0 ? mean : std::log(p / (1 - p)));
  }
  return layer;
}

void encode(const Layer& layer, size_t n, const float* rows, float* hidden_rows) {
  net::product(false, true, n, layer.hidden, layer.visible, rows, layer.weights.data(), hidden_rows, false);
  net::step_kernels().unit(net::Activation::kSigmoid, n, layer.hidden, layer.hidden_bias.data(), {}, hidden_rows, hidden_rows);
}

void decode(const Layer& layer, size_t n, const float* hidden_rows, float* rows) {
  net::product(false, false, n, layer.visible, layer.hidden, hidden_rows, layer.weights.data(), rows, false);
  pretrain_kernels().visible(n, layer.visible, layer.visible_bias.data(), layer.is_number.data(), rows);
}

std::vector<float> encode(const Layer& layer, std::span<const float> rows) {
  net::products_on_one_thread();
  const size_t n = layer.visible == 0 ? 0 : rows.size() / layer.visible;
  std::vector<float> out(n * layer.hidden);
  encode(layer, n, rows.data(), out.data());
  return out;
}

std::vector<float> decode(const Layer& layer, std::span<const float> hidden_rows) {
  net::products_on_one_thread();
  const size_t n = hidden_rows.size() / layer.hidden;
  std::vector<float> out(n * layer.visible);
  decode(layer, n, hidden_rows.data(), out.data());
  return out;
}

std::vector<double> pretrain(Layer& layer, std::span<const float> rows, const PretrainOptions& options, const BatchGradient& gradient, Random& random,
                             const Context& context) {
  const size_t n = layer.visible == 0 ? 0 : rows.size() / layer.visible;
  if (n == 0) return {};
  const bool numbers = std::find(layer.is_number.begin(), layer.is_number.end(), 1.0F) != layer.is_number.end();
  const auto rate = static_cast<float>(options.rate * (numbers ? kNumberShare : 1));
  const auto cost = static_cast<float>(options.weight_cost);
  std::vector<float> weights_step(layer.weights.size());
  std::vector<float> visible_step(layer.visible_bias.size());
  std::vector<float> hidden_step(layer.hidden_bias.size());
  const auto move = [&](std::vector<float>& values, std::vector<float>& step, const std::vector<float>& down, float momentum, float decay) {
    pretrain_kernels().descend(values.size(), momentum, rate, decay, down.data(), step.data(), values.data());
  };
  net::products_on_one_thread();
  const size_t batches = (n + options.batch - 1) / options.batch;
  const size_t epochs = options.epochs > 0 ? options.epochs : std::clamp<size_t>(options.steps / batches, 5, 200);
  std::vector<double> errors;
  std::vector<float> batch;
  LayerGradient down;
  for (size_t epoch = 0; epoch < epochs; ++epoch) {
    const float momentum = epoch < kEarlyEpochs ? kEarlyMomentum : kMomentum;
    const std::vector<uint32_t> order = random.permutation(n);
    double error = 0;
    for (size_t begin = 0; begin < n; begin += options.batch) {
      context.check_cancelled();
      const size_t end = std::min(n, begin + options.batch);
      batch.clear();
      for (size_t i = begin; i < end; ++i) {
        const auto row = rows.subspan(order[i] * layer.visible, layer.visible);
        batch.insert(batch.end(), row.begin(), row.end());
      }
      gradient(layer, batch, down);
      error += down.error * static_cast<double>(end - begin) / static_cast<double>(n);
      move(layer.weights, weights_step, down.weights, momentum, cost);
      move(layer.visible_bias, visible_step, down.visible_bias, momentum, 0);
      move(layer.hidden_bias, hidden_step, down.hidden_bias, momentum, 0);
    }
    if (!std::isfinite(error)) {
      throw Error(ErrorCode::kNumeric,
                  fmt::format("pre-training: the reconstruction is no longer finite in epoch {}; lower pretrain_rate (now {}), or "
                              "prepare the numbers by quantiles (numbers = quantile)",
                              epoch + 1, options.rate));
    }
    errors.push_back(error);
  }
  return errors;
}

}  // namespace obligor::belief
