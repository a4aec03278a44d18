#include "zoo/net/fused_network.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/fold.h"
#include "zoo/net/fused_layers.h"
#include "zoo/net/fused_step.h"
#include "zoo/net/start.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::net {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr size_t kTileRows = 256;  // of prediction
constexpr size_t kRoom = 16;       // a kernel's last vector may read beyond what it was asked for

template <typename N>
std::unique_ptr<Trainable> started(const NetworkShape& shape, const Context& context, const NetworkStart& start) {
  auto network = std::make_unique<N>(shape, context);
  if (start) {
    for (const NamedArray& array : start()) network->set(array.name, array.values);
  }
  return network;
}

}  // namespace

bool has_fused_step(const NetworkShape& shape) { return shape.activation != Activation::kGelu; }

std::unique_ptr<Trainable> make_network(const NetworkShape& shape, const Context& context, Engine engine, const NetworkStart& start) {
  const bool fused = has_fused_step(shape) && context.device() == Device::kCpu;
  if (engine == Engine::kFused && !fused) {
    throw Error(ErrorCode::kUnsupported,
                "engine 'fused': it has no gelu and no device but the CPU; set engine to auto or torch, or choose another activation");
  }
  if (engine == Engine::kTorch || !fused) return started<Network>(shape, context, start);
  return started<FusedNetwork>(shape, context, start);
}

struct FusedNetwork::Impl {
  NetworkShape shape;
  uint64_t seed = 0;
  Start start;  // `values` are the parameters from there on
  std::vector<float> gradient, first, second;
  std::vector<std::vector<float>> mean, variance;  // by layer, with batch norm
  uint64_t steps = 0;

  Source source;
  std::vector<float> target, weight;
  std::vector<uint32_t> order;
  std::unique_ptr<Tape> tape;
  FusedLayers layers;
  double loss_sum = 0;
  double loss_rows = 0;

  struct Kept {
    std::vector<float> values;
    std::vector<std::vector<float>> mean, variance;
  };
  std::optional<Kept> kept;

  Impl(NetworkShape given, const Context& context) : shape(std::move(given)), seed(derive_seed(context.seed(), "network dropout")) {
    Random random(context.seed(), "network");
    start = start_network(shape, random);
    start.values.resize(start.values.size() + kRoom);
    if (shape.batch_norm) {
      mean.assign(shape.layers, std::vector<float>(shape.members * shape.hidden, 0.0F));
      variance.assign(shape.layers, std::vector<float>(shape.members * shape.hidden, 1.0F));
    }
  }

  [[nodiscard]] size_t total() const { return start.values.size() - kRoom; }

  [[nodiscard]] FusedWeights weights(bool training) {
    FusedWeights out;
    out.at = [this, training](std::string_view name) -> Weight {
      const Part* part = start.find(name);
      if (part == nullptr) return {};
      return {start.values.data() + part->offset, training ? gradient.data() + part->offset : nullptr};
    };
    for (size_t l = 0; l < mean.size(); ++l) out.statistics.emplace_back(mean[l].data(), variance[l].data());
    return out;
  }

  [[nodiscard]] std::vector<NamedArray> arrays(const std::vector<float>& values) const {
    std::vector<NamedArray> out;
    for (const Part& part : start.parts) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(part.offset);
      out.push_back({part.name, part.dims, {begin, begin + static_cast<std::ptrdiff_t>(part.count)}});
    }
    return out;
  }
};

FusedNetwork::FusedNetwork(const NetworkShape& shape, const Context& context) : impl_(std::make_unique<Impl>(shape, context)) {}
FusedNetwork::~FusedNetwork() = default;

void FusedNetwork::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) {
  Impl& self = *impl_;
  check_batch(batch, self.shape);
  self.source = {batch, 0, {}};
  self.target.assign(target.begin(), target.end());
  self.weight = mean_one_weights(weight, batch.rows);
  for (auto* values : {&self.gradient, &self.first, &self.second}) values->assign(self.start.values.size(), 0.0F);
  self.tape = std::make_unique<Tape>(largest_batch, true);
  self.layers = build_layers(*self.tape, self.shape, self.weights(true), self.source, self.seed);
}

void FusedNetwork::set_order(std::span<const uint32_t> order) { impl_->order.assign(order.begin(), order.end()); }

void FusedNetwork::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  const size_t rows = end - begin;
  const size_t members = self.shape.members;
  self.source.order = std::span(self.order).subspan(begin, rows);
  self.tape->forward(rows);
  const float* z = self.tape->value(self.layers.logits);
  float* d = self.tape->gradient(self.layers.logits);
  const float share = 1 / static_cast<float>(rows * members);
  double loss = 0;
  for (size_t r = 0; r < rows; ++r) {
    const size_t row = self.order[begin + r];
    double of_row = 0;
    for (size_t e = 0; e < members; ++e, ++z, ++d) of_row += log_loss_of(*z, self.target[row], self.weight[row] * share, *d);
    loss += of_row * static_cast<double>(self.weight[row]);
  }
  self.loss_sum += loss / static_cast<double>(members);
  self.loss_rows += static_cast<double>(rows);
  self.tape->backward(rows);
}

std::vector<LayerState> FusedNetwork::watched_gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  gradients(begin, end);
  std::vector<LayerState> states = layer_states(self.shape);
  for (const Part& part : self.start.parts) {
    double& norm = states[part.layer].gradient_norm;
    norm = std::hypot(norm, length(std::span(self.gradient).subspan(part.offset, part.count)));
  }
  const size_t rows = end - begin;
  for (size_t l = 0; l < self.shape.layers; ++l) {
    watch(*self.tape, self.layers.z[l], self.shape.activation, rows, rows * self.shape.members, states[l]);
  }
  return states;
}

void FusedNetwork::clip(double limit) {
  Impl& self = *impl_;
  const double norm = length(self.gradient);
  if (norm <= limit) return;
  const auto factor = static_cast<float>(limit / norm);
  for (float& value : self.gradient) value *= factor;
}

void FusedNetwork::update(double learning_rate, double weight_decay) {
  Impl& self = *impl_;
  ++self.steps;
  const auto& kernels = step_kernels();
  const auto pass = [&](size_t begin, size_t end, double decay) {
    if (begin >= end) return;
    kernels.adamw(end - begin, adam_step(learning_rate, decay, self.steps), self.gradient.data() + begin, self.first.data() + begin,
                  self.second.data() + begin, self.start.values.data() + begin);
  };
  pass(0, self.start.decayed, weight_decay);
  pass(self.start.decayed, self.total(), 0);
}

double FusedNetwork::take_loss() {
  Impl& self = *impl_;
  const double mean = self.loss_rows > 0 ? self.loss_sum / self.loss_rows : 0;
  self.loss_sum = 0;
  self.loss_rows = 0;
  return mean;
}

void FusedNetwork::keep() { impl_->kept = Impl::Kept{impl_->start.values, impl_->mean, impl_->variance}; }

void FusedNetwork::restore() {
  Impl& self = *impl_;
  if (!self.kept) return;
  // In place: the tape knows where they are.
  std::copy(self.kept->values.begin(), self.kept->values.end(), self.start.values.begin());
  for (size_t l = 0; l < self.mean.size(); ++l) {
    std::copy(self.kept->mean[l].begin(), self.kept->mean[l].end(), self.mean[l].begin());
    std::copy(self.kept->variance[l].begin(), self.kept->variance[l].end(), self.variance[l].begin());
  }
}

void FusedNetwork::forget_data() {
  Impl& self = *impl_;
  self.tape.reset();
  for (auto* values : {&self.gradient, &self.first, &self.second, &self.target, &self.weight}) *values = {};
  self.source = {};
  self.order = {};
  self.kept.reset();
}

std::vector<double> FusedNetwork::predict(const Batch& batch) const {
  // The tape of a prediction only reads the weights.
  Impl& self = *impl_;
  check_batch(batch, self.shape);
  const size_t members = self.shape.members;
  Source source{batch, 0, {}};
  Tape tape(std::min(kTileRows, std::max<size_t>(batch.rows, 1)), false);
  const Slot out = build_layers(tape, self.shape, self.weights(false), source, 0).logits;
  std::vector<double> p(batch.rows);
  for (size_t begin = 0; begin < batch.rows; begin += tape.largest()) {
    const size_t rows = std::min(tape.largest(), batch.rows - begin);
    source.first = begin;
    tape.forward(rows);
    const float* z = tape.value(out);
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (size_t e = 0; e < members; ++e) sum += 1 / (1 + std::exp(-static_cast<double>(*z++)));
      p[begin + r] = sum / static_cast<double>(members);
    }
  }
  return p;
}

std::vector<NamedArray> FusedNetwork::parameters() const {
  const Impl& self = *impl_;
  std::vector<NamedArray> out = self.arrays(self.start.values);
  const std::vector<int64_t> dims{static_cast<int64_t>(self.shape.members), static_cast<int64_t>(self.shape.hidden)};
  for (size_t l = 0; l < self.mean.size(); ++l) {
    out.push_back({fmt::format("mean:{}", l), dims, self.mean[l]});
    out.push_back({fmt::format("variance:{}", l), dims, self.variance[l]});
  }
  return out;
}

void FusedNetwork::set(std::string_view name, std::span<const float> values) {
  Start& start = impl_->start;
  const Part* part = start.find(name);
  if (part == nullptr || part->count != values.size()) {
    throw Error(ErrorCode::kInternal, fmt::format("network: no parameter '{}' of {} values", name, values.size()));
  }
  std::copy(values.begin(), values.end(), start.values.begin() + static_cast<std::ptrdiff_t>(part->offset));
}

std::vector<NamedArray> FusedNetwork::last_gradients() const { return impl_->arrays(impl_->gradient); }

Lowered FusedNetwork::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_network(impl_->shape, parameters(), kNormEpsilon, builder, inputs);
}

}  // namespace obligor::net
