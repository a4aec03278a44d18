// The fits of dbn and sdae: layers trained one upon the other, then a network that starts from them.
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/denoise.h"
#include "zoo/belief/rbm.h"
#include "zoo/net/fused_network.h"
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

  belief::PretrainOptions options;
  options.epochs = 0;
  options.steps = static_cast<size_t>(params.integer("pretrain_steps"));
  options.rate = params.real("pretrain_rate");
  options.weight_cost = params.real("weight_cost");
  Json errors = Json::array();
  const auto pretrained = [&] {
    Random random(context.seed(), "pre-training");
    std::vector<float> rows(input.train.features.begin(), input.train.features.end());
    std::vector<net::NamedArray> arrays;
    for (size_t l = 0; l < shape.layers && options.steps > 0 && shape.width > 0; ++l) {
      Layer layer = belief::make_layer(rows, l == 0 ? shape.width : shape.hidden, shape.hidden, random);
      const std::vector<double> curve = belief::pretrain(layer, rows, options, make_gradient(random), random, context);
      errors.push_back({{"layer", l + 1}, {"first_error", curve.front()}, {"last_error", curve.back()}});
      if (l + 1 < shape.layers) rows = belief::encode(layer, rows);
      if (shape.activation == net::Activation::kTanh) to_tanh(layer, l > 0);
      arrays.push_back({fmt::format("weight:{}", l), {}, std::move(layer.weights)});
      arrays.push_back({fmt::format("bias:{}", l), {}, std::move(layer.hidden_bias)});
    }
    return arrays;
  };
  auto network = net::make_network(shape, context, net::find_engine(params.text("engine")), pretrained);
  FitResult result = net::train(std::move(network), input, params, context, name);
  result.report.details["pretraining"] = std::move(errors);
  return result;
}

}  // namespace

FitResult fit_dbn(const FitInput& input, const Params& params, const Context& context) {
  const int steps = static_cast<int>(params.integer("cd_steps"));
  return fit_stack(input, params, context, "dbn",
                   [steps](Random& random) { return belief::ContrastiveDivergence(steps, belief::Reconstruction::kMean, random); });
}

FitResult fit_sdae(const FitInput& input, const Params& params, const Context& context) {
  const double share = params.real("corruption");
  return fit_stack(input, params, context, "sdae", [share](Random& random) { return belief::Denoising(share, random); });
}

}  // namespace obligor
