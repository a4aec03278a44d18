// The fit of conv_autoencoder: filters from unlabelled rows, then the loop of zoo/net/training.h. No torch here.
#include "zoo/sequence/conv_autoencoder.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/training.h"
#include "zoo/sequence/filters.h"
#include "zoo/sequence/network.h"

namespace obligor {
namespace {

// Rows whose labels are used, apart from the others.
struct Labelled {
  std::vector<float> features;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  Batch batch;
};

Labelled draw_labelled(const Batch& from, std::span<const uint8_t> target, std::span<const double> weight, double share, Random& random) {
  std::vector<uint32_t> chosen = random.permutation(from.rows);
  chosen.resize(std::min(from.rows, static_cast<size_t>(std::ceil(share * static_cast<double>(from.rows)))));
  std::sort(chosen.begin(), chosen.end());
  Labelled out;
  for (const uint32_t row : chosen) {
    const auto cells = from.features.subspan(row * from.width, from.width);
    out.features.insert(out.features.end(), cells.begin(), cells.end());
    out.target.push_back(target[row]);
    if (!weight.empty()) out.weight.push_back(weight[row]);
  }
  out.batch.rows = chosen.size();
  out.batch.width = from.width;
  out.batch.features = out.features;
  return out;
}

bool has_both(const std::vector<uint8_t>& target) {
  const auto bad = std::count(target.begin(), target.end(), 1);
  return bad > 0 && static_cast<size_t>(bad) < target.size();
}

}  // namespace

FitResult fit_conv_autoencoder(const FitInput& input, const Params& params, const Context& context) {
  const auto whole = [&](std::string_view name) { return static_cast<size_t>(params.integer(name)); };
  if (input.train.width == 0) throw Error(ErrorCode::kData, "model 'conv_autoencoder': no column is left to read");
  sequence::Shape shape;
  shape.encoder = sequence::Encoder::kConvolution;
  shape.pool = sequence::Pool::kAll;
  shape.inputs = {{0, input.train.width, 1, false}};
  shape.layers = whole("layers");
  shape.hidden = whole("hidden");
  shape.taps = whole("taps");
  shape.head = whole("head");
  shape.dropout = params.real("dropout");
  auto network = std::make_unique<sequence::SequenceNetwork>(shape, context);

  Json errors = Json::array();
  if (whole("pretrain_steps") > 0) {
    sequence::FilterOptions options;
    options.layers = shape.layers;
    options.filters = shape.hidden;
    options.taps = shape.taps;
    options.steps = whole("pretrain_steps");
    options.rate = params.real("pretrain_rate");
    options.corruption = params.real("corruption");
    const std::vector<sequence::FilterLayer> layers = sequence::pretrain_filters(input.train, options, context);
    for (size_t l = 0; l < layers.size(); ++l) {
      network->set(sequence::name_of(0, l, "W"), layers[l].weights);
      network->set(sequence::name_of(0, l, "b"), layers[l].bias);
      errors.push_back({{"layer", l + 1}, {"first_error", layers[l].first_error}, {"last_error", layers[l].last_error}});
    }
  }

  const double share = params.real("labelled");
  FitInput labelled_input = input;
  Labelled train;
  Labelled valid;
  if (share < 1) {
    Random random(context.seed(), "labelled rows");
    train = draw_labelled(input.train, input.target, input.weight, share, random);
    valid = draw_labelled(input.valid, input.valid_target, input.valid_weight, share, random);
    for (const auto* part : {&train, &valid}) {
      if (part->batch.rows == 0 || has_both(part->target)) continue;
      throw Error(ErrorCode::kData,
                  fmt::format("model 'conv_autoencoder': labelled = {} leaves {} rows of one class only; raise it", share, part->batch.rows));
    }
    labelled_input.train = train.batch;
    labelled_input.target = train.target;
    labelled_input.weight = train.weight;
    labelled_input.valid = valid.batch;
    labelled_input.valid_target = valid.target;
    labelled_input.valid_weight = valid.weight;
  }
  FitResult result = net::train(std::move(network), labelled_input, params, context, "conv_autoencoder");
  result.report.details["pretraining"] = std::move(errors);
  result.report.details["labelled_rows"] = labelled_input.train.rows;
  return result;
}

}  // namespace obligor
