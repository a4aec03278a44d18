// The fits of ann and dnn: a shape from the parameters, the loop of training.h, the arithmetic of fused_network.cc or network.cc. No torch here.
#include "zoo/net/net.h"

#include "zoo/net/fused_network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

using net::NetworkShape;

NetworkShape shared_shape(const FitInput& input, const Params& params) {
  NetworkShape shape;
  shape.width = input.train.width;
  shape.embedding = static_cast<size_t>(params.integer("embedding"));
  if (shape.embedding > 0) shape.code_levels.assign(input.code_levels.begin(), input.code_levels.end());
  shape.hidden = static_cast<size_t>(params.integer("hidden"));
  shape.members = static_cast<size_t>(params.integer("ensemble"));
  shape.activation = net::find_activation(params.text("activation"));
  shape.dropout = params.real("dropout");
  shape.start = net::find_weight_start(params.text("init"));
  shape.start_scale = params.real("init_scale");
  return shape;
}

FitResult fit(const FitInput& input, const NetworkShape& shape, const Params& params, const Context& context, std::string_view name) {
  return net::train(net::make_network(shape, context, net::find_engine(params.text("engine"))), input, params, context, name);
}

}  // namespace

FitResult fit_ann(const FitInput& input, const Params& params, const Context& context) {
  return fit(input, shared_shape(input, params), params, context, "ann");
}

FitResult fit_dnn(const FitInput& input, const Params& params, const Context& context) {
  NetworkShape shape = shared_shape(input, params);
  shape.layers = static_cast<size_t>(params.integer("layers"));
  shape.batch_norm = params.text("norm") == "batch";
  shape.residual = params.flag("residual");
  return fit(input, shape, params, context, "dnn");
}

}  // namespace obligor
