// The fits: a shape from the parameters, the loop of zoo/net/training.h, the arithmetic of network.cc. No torch here.
#include "zoo/field/field.h"

#include <memory>

#include "zoo/field/network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

using field::FieldShape;
using field::Kind;

FieldShape shape_of(Kind kind, const FitInput& input, const Params& params) {
  FieldShape shape;
  shape.kind = kind;
  shape.space = field::fit_space(input, field::find_numbers_as(params.text("numbers_as")), static_cast<size_t>(params.integer("bins")));
  shape.embedding = static_cast<size_t>(params.integer("embedding"));
  shape.field_dropout = params.real("field_dropout");
  shape.start_deviation = params.real("start");
  shape.optimiser = params.text("optimiser") == "adagrad" ? field::Optimiser::kAdagrad : field::Optimiser::kAdamW;
  if (params.has("layers")) {
    shape.hidden.assign(static_cast<size_t>(params.integer("layers")), static_cast<size_t>(params.integer("hidden")));
    shape.activation = net::find_activation(params.text("activation"));
    shape.batch_norm = params.text("norm") == "batch";
    shape.dropout = params.real("dropout");
  }
  return shape;
}

FitResult fit(const FieldShape& shape, const FitInput& input, const Params& params, const Context& context, std::string_view name) {
  return net::train(std::make_unique<field::FieldNetwork>(shape, context), input, params, context, name);
}

}  // namespace

FitResult fit_fm(const FitInput& input, const Params& params, const Context& context) {
  return fit(shape_of(Kind::kFm, input, params), input, params, context, "fm");
}

FitResult fit_nfm(const FitInput& input, const Params& params, const Context& context) {
  return fit(shape_of(Kind::kNfm, input, params), input, params, context, "nfm");
}

FitResult fit_deepfm(const FitInput& input, const Params& params, const Context& context) {
  return fit(shape_of(Kind::kDeepFm, input, params), input, params, context, "deepfm");
}

}  // namespace obligor
