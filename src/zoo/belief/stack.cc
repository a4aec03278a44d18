// The fits of dbn and sdae: layers trained one upon the other, then a network that starts from them.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/denoise.h"
#include "zoo/belief/rbm.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

using belief::Layer;

// tanh units that compute the same: s(z) = (1 + tanh(z / 2)) / 2, so that a layer's weights are halved, and halved again where what it reads
// is a tanh t instead of s = (1 + t) / 2, whose constant half goes into the bias.
void to_tanh(Layer& layer, bool reads_tanh) {
  for (size_t h = 0; h < layer.hidden; ++h) {
    float* w = layer.weights.data() + h * layer.visible;
    double shift = static_cast<double>(layer.hidden_bias[h]) / 2;
    for (size_t v = 0; v < layer.visible; ++v) {
      if (reads_tanh) shift += static_cast<double>(w[v]) / 4;
      w[v] *= reads_tanh ? 0.25F : 0.5F;
    }
    layer.hidden_bias[h] = static_cast<float>(shift);
  }
}

template <typename MakeGradient>
FitResult fit_stack(const FitInput& input, const Params& params, const Context& context, std::string_view name, const MakeGradient& make_gradient) {
  net::NetworkShape shape;
  shape.width = input.train.width;
  shape.layers = static_cast<size_t>(params.integer("layers"));
  shape.hidden = static_cast<size_t>(params.integer("hidden"));
  shape.activation = net::find_activation(params.text("activation"));
  shape.dropout = params.real("dropout");
  auto network = std::make_unique<net::Network>(shape, context);

  belief::PretrainOptions options;
  options.epochs = 0;
  options.steps = static_cast<size_t>(params.integer("pretrain_steps"));
  options.rate = params.real("pretrain_rate");
  options.weight_cost = params.real("weight_cost");
  Random random(context.seed(), "pre-training");
  const auto gradient = make_gradient(random);
  std::vector<float> rows(input.train.features.begin(), input.train.features.end());
  Json errors = Json::array();
  for (size_t l = 0; l < shape.layers && options.steps > 0 && shape.width > 0; ++l) {
    Layer layer = belief::make_layer(rows, l == 0 ? shape.width : shape.hidden, shape.hidden, random);
    const std::vector<double> curve = belief::pretrain(layer, rows, options, gradient, random, context);
    errors.push_back({{"layer", l + 1}, {"first_error", curve.front()}, {"last_error", curve.back()}});
    if (l + 1 < shape.layers) rows = belief::encode(layer, rows);
    if (shape.activation == net::Activation::kTanh) to_tanh(layer, l > 0);
    network->set(fmt::format("weight:{}", l), layer.weights);
    network->set(fmt::format("bias:{}", l), layer.hidden_bias);
  }
  FitResult result = net::train(std::move(network), input, params, context, name);
  result.report.details["pretraining"] = std::move(errors);
  return result;
}

}  // namespace

FitResult fit_dbn(const FitInput& input, const Params& params, const Context& context) {
  const int steps = static_cast<int>(params.integer("cd_steps"));
  return fit_stack(input, params, context, "dbn", [steps](Random& random) {
    return [steps, &random](const Layer& layer, std::span<const float> batch) {
      return belief::contrastive_divergence(layer, batch, steps, belief::Reconstruction::kMean, random);
    };
  });
}

FitResult fit_sdae(const FitInput& input, const Params& params, const Context& context) {
  const double share = params.real("corruption");
  return fit_stack(input, params, context, "sdae", [share](Random& random) {
    return [share, &random](const Layer& layer, std::span<const float> batch) {
      return belief::denoise_gradient(layer, batch, belief::corrupted(batch, share, random));
    };
  });
}

}  // namespace obligor
