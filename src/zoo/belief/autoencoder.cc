#include "zoo/belief/autoencoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "metric/roc.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/matrix-inl.h"
#include "zoo/belief/units-inl.h"

namespace obligor {
namespace belief {

// What a batch leaves behind in each layer, for the diagnosis.
struct LayerNotes {
  std::vector<double> signal;
  std::vector<double> saturation;
};

namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;
constexpr double kFloorShare = 0.1;  // of the median error
constexpr size_t kTile = 1024;

// As model/diagnosis.h defines it.
double flat_share(const Matrix& y, Unit unit) {
  if (unit == Unit::kRelu) return static_cast<double>((y.colwise().maxCoeff().array() <= 0).count()) / static_cast<double>(y.cols());
  const auto flat_cells = unit == Unit::kTanh ? (y.array().square() > 0.98F).count() : (y.array() * (1 - y.array()) < 0.005F).count();
  return static_cast<double>(flat_cells) / static_cast<double>(y.size());
}

void note_epoch(Learning& learning, const std::vector<std::string>& layers, const std::vector<double>& norms, const LayerNotes& notes) {
  if (learning.gradient_norm.empty()) {
    for (size_t l = 0; l < layers.size(); ++l) {
      learning.gradient_norm.emplace_back(layers[l], std::vector<double>{});
      if (l + 1 == layers.size()) break;  // the output has no activation
      learning.signal.emplace_back(layers[l], std::vector<double>{});
      learning.saturation.emplace_back(layers[l], std::vector<double>{});
    }
  }
  for (size_t l = 0; l < layers.size(); ++l) learning.gradient_norm[l].second.push_back(norms[l]);
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    learning.signal[l].second.push_back(notes.signal[l]);
    learning.saturation[l].second.push_back(notes.saturation[l]);
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

double Reconstructor::gradient(std::span<const float> rows, std::vector<float>& out, LayerNotes* notes) const {
  const size_t layers = offsets_.size();
  const std::span<const float> all(parameters_);
  const auto weight = [&](size_t l) { return matrix(all.subspan(weights_at(l), widths_[l] * widths_[l + 1]), widths_[l]); };
  std::vector<Matrix> outputs{matrix(rows, widths_[0])};
  for (size_t l = 0; l < layers; ++l) {
    const RowMap bias(parameters_.data() + biases_at(l), index_of(widths_[l + 1]));
    Matrix z = (outputs.back() * weight(l).transpose()).rowwise() + bias;
    if (is_active(l)) activate(z, unit_);
    outputs.push_back(std::move(z));
  }
  const Matrix difference = outputs.back() - outputs.front();
  const auto cells = static_cast<double>(difference.size());
  out.resize(parameters_.size());
  if (notes != nullptr) *notes = {std::vector<double>(layers - 1), std::vector<double>(layers - 1)};
  Matrix d = difference * static_cast<float>(2 / cells);
  for (size_t l = layers; l-- > 0;) {
    if (l + 1 < layers) {
      if (is_active(l)) times_slope(d, outputs[l + 1], unit_);
      if (notes != nullptr) {
        notes->signal[l] = static_cast<double>(d.norm()) / std::sqrt(static_cast<double>(d.size())) * static_cast<double>(d.rows());
        notes->saturation[l] = is_active(l) ? flat_share(outputs[l + 1], unit_) : 0;
      }
    }
    Eigen::Map<Matrix>(out.data() + weights_at(l), index_of(widths_[l + 1]), index_of(widths_[l])).noalias() = d.transpose() * outputs[l];
    Eigen::Map<Eigen::RowVectorXf>(out.data() + biases_at(l), index_of(widths_[l + 1])) = d.colwise().sum();
    if (l > 0) d = d * weight(l);
  }
  return static_cast<double>(difference.squaredNorm()) / cells;
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
      if (!is_active(l)) continue;
      if (unit_ == Unit::kTanh) a = a.array().tanh().matrix();
      else if (unit_ == Unit::kRelu) a = a.cwiseMax(0.0);
      else a = (1 / (1 + (-a.array()).exp())).matrix();
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
  const size_t layers = offsets_.size();
  std::vector<std::string> names;
  for (size_t l = 0; l < layers; ++l) names.push_back(l + 1 < layers ? fmt::format("layer {}", l + 1) : std::string("head"));
  std::vector<double> first(parameters_.size());
  std::vector<double> second(parameters_.size());
  std::vector<float> down;
  std::vector<float> batch;
  std::vector<float> best = parameters_;
  double best_loss = std::numeric_limits<double>::infinity();
  size_t best_epoch = 0;
  double correct1 = 1;
  double correct2 = 1;
  for (size_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::vector<uint32_t> order = random.permutation(n);
    double loss = 0;
    for (size_t begin = 0; begin < n; begin += options.batch) {
      context.check_cancelled();
      const size_t end = std::min(n, begin + options.batch);
      batch.clear();
      for (size_t i = begin; i < end; ++i) {
        const auto one = rows.subspan(order[i] * width, width);
        batch.insert(batch.end(), one.begin(), one.end());
      }
      LayerNotes notes;
      loss += gradient(batch, down, begin == 0 ? &notes : nullptr) * static_cast<double>(end - begin) / static_cast<double>(n);
      if (begin == 0) {
        std::vector<double> norms;
        for (size_t l = 0; l < layers; ++l) {
          double squares = 0;
          for (size_t i = weights_at(l); i < biases_at(l) + widths_[l + 1]; ++i)
            squares += static_cast<double>(down[i]) * static_cast<double>(down[i]);
          norms.push_back(std::sqrt(squares));
        }
        note_epoch(learning, names, norms, notes);
      }
      correct1 *= kBeta1;
      correct2 *= kBeta2;
      for (size_t i = 0; i < parameters_.size(); ++i) {
        const auto g = static_cast<double>(down[i]);
        first[i] = kBeta1 * first[i] + (1 - kBeta1) * g;
        second[i] = kBeta2 * second[i] + (1 - kBeta2) * g * g;
        const double step = first[i] / (1 - correct1) / (std::sqrt(second[i] / (1 - correct2)) + kEpsilon);
        const auto value = static_cast<double>(parameters_[i]);
        parameters_[i] = static_cast<float>(value - options.rate * (step + options.decay * value));
      }
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
    double total = 0;
    const size_t held = held_back.size() / width;
    for (const double error : errors({.rows = held, .width = width, .features = held_back, .codes = {}})) total += error;
    learning.valid_loss.push_back(total / static_cast<double>(held));
    if (learning.valid_loss.back() < best_loss - 1e-7) {
      best_loss = learning.valid_loss.back();
      best_epoch = epoch;
      best = parameters_;
    } else if (epoch - best_epoch >= options.patience) {
      break;
    }
  }
  if (!held_back.empty()) parameters_ = best;
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
