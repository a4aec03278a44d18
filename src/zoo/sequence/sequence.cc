// The fits: a shape from the parameters and the groups of the input, the loop of zoo/net/training.h. No torch here.
#include "zoo/sequence/sequence.h"

#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/net/training.h"
#include "zoo/sequence/network.h"

namespace obligor {
namespace {

using sequence::Encoder;
using sequence::Pool;
using sequence::Shape;

size_t whole(const Params& params, std::string_view name) { return static_cast<size_t>(params.integer(name)); }

Pool find_pool(std::string_view name) {
  if (name == "attention") return Pool::kAttention;
  if (name == "max") return Pool::kMax;
  return name == "mean" ? Pool::kMean : Pool::kLast;
}

// Where the sequences stand; without one every column is of the one step.
void find_inputs(const FitInput& input, Shape& shape) {
  std::vector<uint8_t> taken(input.train.width, 0);
  for (const FeatureGroup& group : input.groups) {
    if (group.kind != FeatureGroup::Kind::kSequence) continue;
    shape.inputs.push_back({group.first, group.steps, group.channels, true});
    for (size_t c = 0; c < group.width(); ++c) taken[group.first + c] = 1;
  }
  if (shape.inputs.empty()) {
    shape.inputs.push_back({0, 1, input.train.width, false});
    return;
  }
  for (size_t c = 0; c < taken.size(); ++c) {
    if (taken[c] == 0) shape.plain.push_back(static_cast<int32_t>(c));
  }
}

FitResult fit(Encoder encoder, const FitInput& input, const Params& params, const Context& context, std::string_view name, double start = 0) {
  Shape shape;
  shape.start = start;
  shape.encoder = encoder;
  find_inputs(input, shape);
  shape.layers = whole(params, "layers");
  shape.hidden = whole(params, "hidden");
  shape.head = whole(params, "head");
  shape.dropout = params.real("dropout");
  if (params.has("both_ways")) shape.both_ways = params.flag("both_ways");
  if (params.has("bptt")) shape.bptt = whole(params, "bptt");
  if (params.has("foresight")) shape.foresight = params.real("foresight");
  if (params.has("taps")) shape.taps = whole(params, "taps");
  if (params.has("heads")) {
    shape.heads = whole(params, "heads");
    if (shape.hidden % shape.heads != 0) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("model '{}': hidden = {} is no multiple of heads = {}; every head reads as many numbers of a token", name, shape.hidden,
                              shape.heads));
    }
  }
  if (params.has("form") && params.text("form") == "image") shape.encoder = Encoder::kImage;
  shape.pool = params.has("pool") ? find_pool(params.text("pool")) : Pool::kAttention;
  if (shape.encoder == Encoder::kImage && shape.pool == Pool::kLast) {
    throw Error(ErrorCode::kInvalid, fmt::format("model '{}': form = image has no last step; pool is max, mean or attention with it", name));
  }
  FitResult result = net::train(std::make_unique<sequence::SequenceNetwork>(shape, context), input, params, context, name);
  if (!shape.inputs.front().has_presence) {
    result.report.notes.emplace_back(
        "no sequence is declared, so all columns were read as one step; declare one with --sequence (docs/sequences.md)");
  }
  return result;
}

}  // namespace

FitResult fit_rnn(const FitInput& input, const Params& params, const Context& context) { return fit(Encoder::kTanh, input, params, context, "rnn"); }
FitResult fit_lstm(const FitInput& input, const Params& params, const Context& context) {
  return fit(Encoder::kLstm, input, params, context, "lstm");
}
FitResult fit_gru(const FitInput& input, const Params& params, const Context& context) { return fit(Encoder::kGru, input, params, context, "gru"); }
FitResult fit_lstm_fraud(const FitInput& input, const Params& params, const Context& context) {
  // Training begins at the base rate: else its first steps are spent on learning that fraud is rare.
  double mass = 0;
  double bad = 0;
  for (size_t r = 0; r < input.target.size(); ++r) {
    const double w = input.weight.empty() ? 1 : input.weight[r];
    mass += w;
    bad += w * input.target[r];
  }
  return fit(Encoder::kLstm, input, params, context, "lstm_fraud", bad > 0 && bad < mass ? std::log(bad / (mass - bad)) : 0);
}
FitResult fit_network_lstm(const FitInput& input, const Params& params, const Context& context) {
  return fit(Encoder::kLstm, input, params, context, "network_lstm");
}
FitResult fit_attention_lstm(const FitInput& input, const Params& params, const Context& context) {
  return fit(Encoder::kLstm, input, params, context, "attention_lstm");
}
FitResult fit_cnn(const FitInput& input, const Params& params, const Context& context) {
  return fit(Encoder::kConvolution, input, params, context, "cnn");
}
FitResult fit_transformer(const FitInput& input, const Params& params, const Context& context) {
  return fit(Encoder::kTransformer, input, params, context, "transformer");
}

}  // namespace obligor
