// The fits: a shape from the parameters, the loop of zoo/net/training.h, the arithmetic of fused.cc or network.cc. No torch here.
#include "zoo/field/field.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/field/fused.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

using field::FieldShape;
using field::Kind;
using field::NumbersAs;

size_t whole(const Params& params, std::string_view name) { return static_cast<size_t>(params.integer(name)); }

// What most networks read, where the row has it.
FieldShape shape_of(Kind kind, const FitInput& input, const Params& params) {
  FieldShape shape;
  shape.kind = kind;
  const bool fields = params.has("numbers_as");
  const auto numbers_as = fields ? field::find_numbers_as(params.text("numbers_as")) : NumbersAs::kDirect;
  shape.space = field::fit_space(input, numbers_as, whole(params, "bins"));
  shape.embedding = fields ? whole(params, "embedding") : 1;
  if (fields) {
    shape.start_deviation = params.real("start");
    const std::string& optimiser = params.text("optimiser");
    if (optimiser == "adagrad") shape.optimiser = field::Optimiser::kAdagrad;
    if (optimiser == "adam") shape.optimiser = field::Optimiser::kAdam;
    shape.layers_decay = params.text("decays") == "all";
  }
  if (params.has("field_dropout")) shape.field_dropout = params.real("field_dropout");
  if (params.has("dropout")) shape.dropout = params.real("dropout");
  if (params.has("hidden")) shape.hidden.assign(params.has("layers") ? whole(params, "layers") : 1, whole(params, "hidden"));
  if (params.has("activation")) shape.activation = net::find_activation(params.text("activation"));
  if (params.has("norm")) shape.batch_norm = params.text("norm") == "batch";
  if (params.has("loss")) shape.square_loss = params.text("loss") == "square";
  if (params.has("blocks")) shape.blocks = whole(params, "blocks");
  shape.linear = kind == Kind::kFm || kind == Kind::kNfm || kind == Kind::kDeepFm || kind == Kind::kAfm;
  return shape;
}

FitResult fit(const FieldShape& shape, const FitInput& input, const Params& params, const Context& context, std::string_view name) {
  const auto engine = params.has("engine") ? net::find_engine(params.text("engine")) : net::Engine::kAuto;
  return net::train(field::make_network(shape, context, engine), input, params, context, name);
}

size_t widened(size_t units, double widening) { return std::max<size_t>(1, static_cast<size_t>(std::lround(static_cast<double>(units) * widening))); }

// The fields that alone say most, at most `most`, in their order.
std::vector<int64_t> strongest_fields(const FitInput& input, size_t most) {
  const auto strengths = field::column_strengths(input);  // number fields or bins first, then codes: the order of the fields
  std::vector<int64_t> order(strengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return strengths[static_cast<size_t>(a)] > strengths[static_cast<size_t>(b)]; });
  order.resize(std::min(order.size(), most));
  std::sort(order.begin(), order.end());
  return order;
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

FitResult fit_wide_deep(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kWideDeep, input, params);
  shape.crosses = field::choose_crosses(input, whole(params, "crosses"));
  shape.wide_ftrl = params.text("wide_optimiser") == "ftrl";
  shape.ftrl = {params.real("wide_rate"), params.real("wide_l1"), params.real("wide_l2")};
  FitResult result = fit(shape, input, params, context, "wide_deep");
  Json crosses = Json::array();
  for (const field::Cross& cross : shape.crosses.pairs) {
    const auto name = [&](const field::CoarseColumn& column) {
      return column.is_number ? input.feature_names[column.index] : fmt::format("category {}", column.index + 1);
    };
    crosses.push_back({{"first", name(cross.first)}, {"second", name(cross.second)}, {"cells", cross.levels - 1}, {"strength", cross.strength}});
  }
  result.report.details["crosses"] = std::move(crosses);
  return result;
}

FitResult fit_deep_crossing(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kDeepCrossing, input, params);
  shape.raw_levels = whole(params, "raw_levels");
  return fit(shape, input, params, context, "deep_crossing");
}

FitResult fit_pnn(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kPnn, input, params);
  shape.inner = params.text("product") != "outer";
  shape.outer = params.text("product") != "inner";
  return fit(shape, input, params, context, "pnn");
}

FitResult fit_afm(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kAfm, input, params);
  shape.attention = whole(params, "attention");
  shape.attended = strongest_fields(input, whole(params, "fields"));
  return fit(shape, input, params, context, "afm");
}

FitResult fit_dcn_v2(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kDcnV2, input, params);
  shape.rank = whole(params, "rank");
  shape.parallel = params.text("structure") == "parallel";
  return fit(shape, input, params, context, "dcn_v2");
}

FitResult fit_resnet(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kResNet, input, params);
  shape.feed_forward = widened(shape.hidden.front(), params.real("widening"));
  shape.field_dropout = params.real("residual_dropout");
  return fit(shape, input, params, context, "resnet");
}

FitResult fit_tabm(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kTabM, input, params);
  shape.members = whole(params, "members");
  return fit(shape, input, params, context, "tabm");
}

FitResult fit_ft_transformer(const FitInput& input, const Params& params, const Context& context) {
  FieldShape shape = shape_of(Kind::kFtTransformer, input, params);
  shape.heads = whole(params, "heads");
  if (shape.embedding % shape.heads != 0) {
    throw Error(ErrorCode::kInvalid, fmt::format("model 'ft_transformer': embedding {} is not a multiple of heads {}; set heads to a divisor of it",
                                                 shape.embedding, shape.heads));
  }
  shape.feed_forward = widened(shape.embedding, params.real("widening"));
  shape.field_dropout = params.real("attention_dropout");
  shape.number_bias = shape.space.numbers_as == NumbersAs::kValue;
  return fit(shape, input, params, context, "ft_transformer");
}

}  // namespace obligor
