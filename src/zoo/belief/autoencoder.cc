#include "zoo/belief/autoencoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "metric/roc.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/chain.h"
#include "zoo/belief/matrix-inl.h"
#include "zoo/belief/units-inl.h"
#include "zoo/net/fused_step.h"

namespace obligor {
namespace belief {

namespace {

constexpr double kFloorShare = 0.1;  // of the median error
constexpr size_t kTile = 1024;

void note_epoch(Learning& learning, const std::vector<net::LayerState>& states) {
  if (learning.gradient_norm.empty()) {
    for (const net::LayerState& state : states) {
      learning.gradient_norm.emplace_back(state.layer, std::vector<double>{});
      if (!state.active) continue;
      learning.signal.emplace_back(state.layer, std::vector<double>{});
      learning.saturation.emplace_back(state.layer, std::vector<double>{});
    }
  }
  for (size_t l = 0; l < states.size(); ++l) {
    learning.gradient_norm[l].second.push_back(states[l].gradient_norm);
    if (!states[l].active) continue;  // the head, the last
    learning.signal[l].second.push_back(states[l].signal);
    learning.saturation[l].second.push_back(states[l].saturation);
  }
}

}  // namespace

Unit find_unit(std::string_view name) { return name == "tanh" ? Unit::kTanh : name == "relu" ? Unit::kRelu : Unit::kSigmoid; }

Reconstructor::Reconstructor(std::vector<size_t> widths, Unit unit, Random& random, size_t linear)
    : widths_(std::move(widths)), unit_(unit), linear_(linear) {
  for (size_t l = 0; l + 1 < widths_.size(); ++l) {
    offsets_.push_back(parameters_.size());
    const double bound = std::sqrt(6.0 / static_cast<double>(std::max<size_t>(1, widths_[l] + widths_[l + 1])));
    for (size_t i = 0; i < widths_[l] * widths_[l + 1]; ++i) parameters_.push_back(static_cast<float>(bound * (2 * random.uniform() - 1)));
    parameters_.insert(parameters_.end(), widths_[l + 1], 0.0F);
  }
}

double Reconstructor::gradient(std::span<const float> rows, std::vector<float>& out) {
  const size_t n = rows.size() / widths_.front();
  out.resize(parameters_.size());
  Chain chain(widths_, unit_, linear_, parameters_, out, n);
  std::copy(rows.begin(), rows.end(), chain.input());
  chain.forward(n);
  const double loss = chain.reconstruction_slope(n);
  chain.backward(n);
  return loss;
}

std::vector<double> Reconstructor::errors(const Batch& batch) const {
  const size_t width = widths_.front();
  std::vector<double> out;
  out.reserve(batch.rows);
  for (size_t begin = 0; begin < batch.rows; begin += kTile) {
    const size_t count = std::min(kTile, batch.rows - begin);
    const Eigen::MatrixXd x = matrix(batch.features.subspan(begin * width, count * width), width).cast<double>();
    Eigen::MatrixXd a = x;
    for (size_t l = 0; l < offsets_.size(); ++l) {
      const std::span<const float> all(parameters_);
      const Eigen::MatrixXd w = matrix(all.subspan(weights_at(l), widths_[l] * widths_[l + 1]), widths_[l]).cast<double>();
      const Eigen::RowVectorXd bias = RowMap(parameters_.data() + biases_at(l), index_of(widths_[l + 1])).cast<double>();
      a = ((a * w.transpose()).rowwise() + bias).eval();
      if (is_active(l)) activate(a, unit_);
    }
    const Eigen::VectorXd error = (a - x).rowwise().squaredNorm() / static_cast<double>(width);
    out.insert(out.end(), error.data(), error.data() + error.size());
  }
  return out;
}

NodeId Reconstructor::lower(PlanBuilder& builder, NodeId features) const {
  NodeId a = features;
  for (size_t l = 0; l < offsets_.size(); ++l) {
    const auto from = [&](size_t at) { return parameters_.begin() + static_cast<std::ptrdiff_t>(at); };
    const size_t end = biases_at(l) + widths_[l + 1];
    a = builder.affine(a, {from(weights_at(l)), from(biases_at(l))}, {from(biases_at(l)), from(end)}, static_cast<uint32_t>(widths_[l + 1]));
    if (is_active(l)) a = builder.activate(a, unit_name(unit_));
  }
  const NodeId difference = builder.sum({features, a}, {1.0F, -1.0F});
  const auto share = static_cast<float>(1 / static_cast<double>(widths_.front()));
  return builder.affine(builder.multiply(difference, difference), std::vector<float>(widths_.front(), share), {0.0F}, 1);
}

void Reconstructor::train(std::span<const float> rows, std::span<const float> held_back, const ReconstructOptions& options, Random& random,
                          const Context& context, Learning& learning) {
  const size_t width = widths_.front();
  const size_t n = rows.size() / width;
  std::vector<float> first(parameters_.size());
  std::vector<float> second(parameters_.size());
  std::vector<float> down(parameters_.size());
  Chain chain(widths_, unit_, linear_, parameters_, down, std::clamp<size_t>(options.batch, 1, std::max<size_t>(n, 1)));
  const auto held_back_loss = [&] {
    const size_t held = held_back.size() / width;
    double total = 0;
    for (size_t begin = 0; begin < held; begin += chain.largest()) {
      const size_t count = std::min(chain.largest(), held - begin);
      std::copy_n(held_back.data() + begin * width, count * width, chain.input());
      chain.forward(count);
      total += chain.reconstruction_error(count) * static_cast<double>(count);
    }
    return total / static_cast<double>(held);
  };
  std::vector<float> best = parameters_;
  double best_loss = std::numeric_limits<double>::infinity();
  size_t best_epoch = 0;
  uint64_t steps = 0;
  for (size_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::vector<uint32_t> order = random.permutation(n);
    double loss = 0;
    for (size_t begin = 0; begin < n; begin += chain.largest()) {
      context.check_cancelled();
      const size_t count = std::min(n - begin, chain.largest());
      float* to = chain.input();
      for (size_t i = begin; i < begin + count; ++i) to = std::copy_n(rows.data() + order[i] * width, width, to);
      chain.forward(count);
      loss += chain.reconstruction_slope(count) * static_cast<double>(count) / static_cast<double>(n);
      chain.backward(count);
      if (begin == 0) note_epoch(learning, chain.watch(count));
      net::step_kernels().adamw(parameters_.size(), net::adam_step(options.rate, options.decay, ++steps), down.data(), first.data(), second.data(),
                                parameters_.data());
    }
    if (!std::isfinite(loss)) {
      throw Error(ErrorCode::kNumeric, fmt::format("model 'autoencoder': the loss is no longer finite in epoch {}; lower learning_rate (now {}), or "
                                                   "prepare the numbers by quantiles (numbers = quantile)",
                                                   epoch + 1, options.rate));
    }
    learning.epoch.push_back(static_cast<double>(epoch + 1));
    learning.train_loss.push_back(loss);
    learning.learning_rate.push_back(options.rate);
    if (held_back.empty()) continue;
    learning.valid_loss.push_back(held_back_loss());
    if (learning.valid_loss.back() < best_loss - 1e-7) {
      best_loss = learning.valid_loss.back();
      best_epoch = epoch;
      best = parameters_;
    } else if (epoch - best_epoch >= options.patience) {
      break;
    }
  }
  if (!held_back.empty()) parameters_ = std::move(best);
}

ErrorScale::ErrorScale(std::span<const double> error, std::span<const uint8_t> target, std::span<const double> weight) {
  std::vector<double> sorted(error.begin(), error.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  per_floor = static_cast<double>(static_cast<float>(1 / std::max(kFloorShare * *middle, 1e-6)));
  std::vector<double> measure;
  measure.reserve(error.size());
  for (const double e : error) measure.push_back(std::log1p(e * per_floor));
  calibration = anomaly::calibrate(measure, target, weight);
}

double ErrorScale::probability(double error) const { return calibration.probability(std::log1p(error * per_floor)); }

NodeId ErrorScale::lower(PlanBuilder& builder, NodeId error) const {
  const NodeId times = builder.affine(error, {static_cast<float>(per_floor)}, {0.0F}, 1);
  return calibration.lower(builder, builder.activate(times, "log"));  // ln(1 + x)
}

}  // namespace belief

namespace {

using belief::ErrorScale;
using belief::Reconstructor;

class AutoencoderModel final : public Model {
 public:
  AutoencoderModel(Reconstructor net, ErrorScale scale) : net_(std::move(net)), scale_(scale) {}
  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores{ScoreKind::kProbability, net_.errors(batch)};
    for (double& value : scores.values) value = scale_.probability(value);
    return scores;
  }
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    return {scale_.lower(builder, net_.lower(builder, inputs.features)), ScoreKind::kLogOdds};
  }

 private:
  Reconstructor net_;
  ErrorScale scale_;
};

std::vector<float> rows_of(const Batch& batch, std::span<const uint8_t> target, bool goods_only) {
  std::vector<float> out;
  for (size_t r = 0; r < batch.rows; ++r) {
    if (goods_only && target[r] != 0) continue;
    const auto row = batch.features.subspan(r * batch.width, batch.width);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace

FitResult fit_autoencoder(const FitInput& input, const Params& params, const Context& context) {
  const auto bad = static_cast<size_t>(std::count(input.target.begin(), input.target.end(), 1));
  if (bad == 0 || bad == input.train.rows) {
    throw Error(ErrorCode::kData, "model 'autoencoder': the training rows hold one class only; both are needed");
  }
  if (input.train.width == 0) throw Error(ErrorCode::kData, "model 'autoencoder': no column is left to reconstruct");
  const bool goods_only = params.text("fit_on") == "goods";
  const auto hidden = static_cast<size_t>(params.integer("hidden"));
  const auto layers = static_cast<size_t>(params.integer("layers"));
  std::vector<size_t> widths{input.train.width};
  widths.insert(widths.end(), layers, hidden);
  widths.push_back(static_cast<size_t>(params.integer("code")));
  widths.insert(widths.end(), layers, hidden);
  widths.push_back(input.train.width);
  const belief::Unit unit = belief::find_unit(params.text("activation"));

  belief::ReconstructOptions options;
  options.epochs = static_cast<size_t>(params.integer("epochs"));
  options.batch = static_cast<size_t>(params.integer("batch"));
  options.patience = static_cast<size_t>(params.integer("patience"));
  options.rate = params.real("learning_rate");
  options.decay = params.real("weight_decay");
  Random random(context.seed(), "autoencoder");
  Reconstructor net(widths, unit, random);
  FitResult result;
  Learning learning;
  net.train(rows_of(input.train, input.target, goods_only), rows_of(input.valid, input.valid_target, goods_only), options, random, context, learning);

  const std::vector<double> errors = net.errors(input.train);
  const ErrorScale scale(errors, input.target, input.weight);
  double sums[2] = {0, 0};
  for (size_t r = 0; r < errors.size(); ++r) sums[input.target[r]] += errors[r];
  result.report.details["epochs"] = learning.epoch.size();
  result.report.details["mean_error"] = {{"goods", sums[0] / static_cast<double>(input.train.rows - bad)},
                                         {"bads", sums[1] / static_cast<double>(bad)}};
  result.report.details["calibration"] = {{"slope", scale.calibration.slope}, {"offset", scale.calibration.offset}, {"floor", 1 / scale.per_floor}};
  if (scale.calibration.reversed) {
    result.report.notes.emplace_back(
        "autoencoder: on the training rows a larger reconstruction error does not mean more risk; the score keeps its order");
  }
  result.report.learning.push_back(std::move(learning));
  result.model = std::make_unique<AutoencoderModel>(std::move(net), scale);
  return result;
}

}  // namespace obligor
