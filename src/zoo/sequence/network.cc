#include "zoo/sequence/network.h"

#include <algorithm>

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/flat-inl.h"
#include "zoo/sequence/body-inl.h"
#include "zoo/sequence/lower.h"

namespace obligor::sequence {
namespace {

using at::Tensor;
using net::size_of;

// Values of the encoders in a tile of prediction.
constexpr size_t kTileValues = size_t{1} << 21U;

template <typename F>
auto in_torch(const F& work) {
  return net::in_torch_with<c10::NoGradGuard>(work);
}

}  // namespace

struct SequenceNetwork::Impl {
  Shape shape;
  at::Device device = at::kCPU;
  at::Generator dropout;
  std::vector<Declaration> declared;
  std::vector<Tensor> gradient_of;        // by declaration, views of `gradient`
  std::map<std::string, Tensor> weights;  // leaves, views of `flat`
  int64_t decayed = 0;                    // the first so many of the flat tensors
  Tensor flat, gradient, first_moment, second_moment, steps, kept;
  Tensor features, target, weight, order;
  net::LossMean loss;
  Tensor before_hidden;  // of the last watched batch
  bool watches = false;

  Impl(Shape given, const Context& context)
      : shape(std::move(given)),
        device(net::device_of(context)),
        dropout(at::detail::createCPUGenerator(derive_seed(context.seed(), "sequence dropout"))) {
    Random random(context.seed(), "sequence");
    declared = declare(shape, random);
    in_torch([&] {
      int64_t total = 0;
      for (const auto& parameter : declared) {
        total += size_of(parameter.start.size());
        if (parameter.decayed) decayed = total;
      }
      flat = at::empty({total}, at::kFloat);
      int64_t begin = 0;
      for (auto& parameter : declared) {
        std::copy(parameter.start.begin(), parameter.start.end(), flat.data_ptr<float>() + begin);
        begin += size_of(parameter.start.size());
      }
      flat = flat.to(device);
      gradient = at::zeros_like(flat);
      first_moment = at::zeros_like(flat);
      second_moment = at::zeros_like(flat);
      steps = at::zeros({1}, flat.options());
      loss.start(flat.options());
      begin = 0;
      for (auto& parameter : declared) {
        const int64_t count = size_of(parameter.start.size());
        Tensor leaf = flat.narrow(0, begin, count).view(parameter.dims).detach();
        gradient_of.push_back(gradient.narrow(0, begin, count).view(parameter.dims));
        leaf.set_requires_grad(true);
        leaf.mutable_grad() = gradient_of.back();
        weights[parameter.name] = leaf;
        begin += count;
        parameter.start = {};
      }
    });
  }
};

SequenceNetwork::SequenceNetwork(const Shape& shape, const Context& context) : impl_(std::make_unique<Impl>(shape, context)) {}
SequenceNetwork::~SequenceNetwork() = default;

void SequenceNetwork::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t /*largest_batch*/) {
  Impl& self = *impl_;
  in_torch([&] {
    self.features = net::rows_tensor(batch, 0, batch.rows, self.device);
    self.target = net::row_values(std::vector<float>(target.begin(), target.end()), self.device);
    self.weight = net::row_values(net::mean_one_weights(weight, batch.rows), self.device);
  });
}

void SequenceNetwork::forget_data() {
  Impl& self = *impl_;
  for (Tensor* tensor : {&self.features, &self.target, &self.weight, &self.order, &self.gradient, &self.first_moment, &self.second_moment,
                         &self.steps, &self.kept, &self.before_hidden}) {
    tensor->reset();
  }
  self.gradient_of.clear();
  in_torch([&] {
    for (auto& [name, leaf] : self.weights) {
      leaf.mutable_grad().reset();
      leaf.set_requires_grad(false);
    }
  });
}

void SequenceNetwork::set_order(std::span<const uint32_t> order) {
  in_torch([&] { impl_->order = net::index_tensor(order, impl_->device); });
}

void SequenceNetwork::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  net::in_torch_with<net::WithGradient>([&] {
    const Tensor index = self.order.narrow(0, size_of(begin), size_of(end - begin));
    self.gradient.zero_();
    Tensor seen;
    Tensor foresight;
    const Pass pass{self.shape, self.weights, &self.dropout, self.shape.foresight > 0 ? &foresight : nullptr, self.watches ? &seen : nullptr};
    const Tensor logits = forward(pass, self.features.index_select(0, index));
    if (seen.defined() && seen.requires_grad()) {
      seen.retain_grad();
      self.before_hidden = seen;
    }
    Tensor loss = at::binary_cross_entropy_with_logits(logits, self.target.index_select(0, index), self.weight.index_select(0, index));
    if (foresight.defined()) loss = loss + self.shape.foresight * foresight;
    loss.backward();
    self.loss.add(loss, end - begin);
  });
}

std::vector<net::LayerState> SequenceNetwork::watched_gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  self.watches = true;
  gradients(begin, end);
  self.watches = false;
  std::vector<net::LayerState> states;
  in_torch([&] {
    // From the inputs to the head, which is declared among the first; several sequences share the names of their layers.
    for (const bool is_head : {false, true}) {
      for (size_t p = 0; p < self.declared.size(); ++p) {
        const std::string& layer = self.declared[p].layer;
        if ((layer == "hidden" || layer == "head") != is_head) continue;
        double& norm = net::state_of(states, layer).gradient_norm;
        norm = std::hypot(norm, self.gradient_of[p].norm().item<double>());
      }
    }
    if (self.before_hidden.defined() && self.before_hidden.grad().defined()) {
      net::LayerState& state = net::state_of(states, "hidden");
      state.active = true;
      state.signal = net::root_mean_square(self.before_hidden.grad()) * static_cast<double>(end - begin);
      state.saturation = net::flat_share(self.before_hidden.detach(), net::Activation::kRelu);
    }
    self.before_hidden.reset();
  });
  return states;
}

void SequenceNetwork::clip(double limit) {
  in_torch([&] { net::clip_to(impl_->gradient, limit); });
}

void SequenceNetwork::update(double learning_rate, double weight_decay) {
  Impl& self = *impl_;
  in_torch([&] {
    net::adamw_step({self.flat, self.gradient, self.first_moment, self.second_moment, self.steps}, self.decayed, self.flat.numel(), learning_rate,
                    weight_decay);
  });
}

double SequenceNetwork::take_loss() {
  return in_torch([&] { return impl_->loss.take(); });
}

void SequenceNetwork::keep() {
  in_torch([&] { impl_->kept = impl_->flat.clone(); });
}

void SequenceNetwork::restore() {
  if (!impl_->kept.defined()) return;
  in_torch([&] { impl_->flat.copy_(impl_->kept); });
}

std::vector<double> SequenceNetwork::predict(const Batch& batch) const {
  const Impl& self = *impl_;
  std::vector<double> out(batch.rows);
  in_torch([&] {
    std::map<std::string, Tensor> wide;
    for (const auto& [name, tensor] : self.weights) wide[name] = tensor.detach().to(at::kDouble);
    size_t row_values = self.shape.joined() + self.shape.head;
    for (const Input& input : self.shape.inputs) row_values += input.steps * (self.shape.encoded() * 8 + input.channels);
    const size_t tile = std::clamp<size_t>(kTileValues / row_values, 16, 4096);
    // Rows with as many steps go through together, so that few absent ones are computed.
    Tensor there = at::zeros({size_of(batch.rows)}, at::kLong);
    const Tensor columns = net::rows_tensor(batch, 0, batch.rows, at::kCPU);
    for (const Input& input : self.shape.inputs) {
      if (input.has_presence) there += columns.narrow(1, size_of(input.first + input.steps * input.channels), size_of(input.steps)).gt(0).sum(1);
    }
    const Tensor order = at::argsort(there, true, 0, false);
    for (size_t begin = 0; begin < batch.rows; begin += tile) {
      const size_t rows = std::min(tile, batch.rows - begin);
      const Tensor chosen = order.narrow(0, size_of(begin), size_of(rows));
      const Tensor logits = forward({self.shape, wide}, columns.index_select(0, chosen).to(self.device).to(at::kDouble));
      const Tensor p = at::sigmoid(logits).cpu().contiguous();
      for (size_t r = 0; r < rows; ++r) out[static_cast<size_t>(chosen.data_ptr<int64_t>()[r])] = p.data_ptr<double>()[r];
    }
  });
  return out;
}

std::vector<net::NamedArray> SequenceNetwork::parameters() const {
  return in_torch([&] {
    std::vector<net::NamedArray> out;
    for (const auto& [name, tensor] : impl_->weights) out.push_back(net::named_array(name, tensor.sizes().vec(), tensor));
    return out;
  });
}

std::vector<float> SequenceNetwork::gradient() const {
  return in_torch([&] { return net::named_array("", {}, impl_->gradient).values; });
}

void SequenceNetwork::set(const std::string& name, std::span<const float> values) {
  const auto found = impl_->weights.find(name);
  if (found == impl_->weights.end() || found->second.numel() != size_of(values.size())) {
    throw Error(ErrorCode::kInternal, fmt::format("sequence network: no parameter '{}' of {} numbers", name, values.size()));
  }
  in_torch([&] {
    const at::Tensor given = at::tensor(at::ArrayRef<float>(values.data(), values.size()), at::kFloat);
    found->second.copy_(given.view(found->second.sizes()));
  });
}

Lowered SequenceNetwork::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_network(impl_->shape, parameters(), builder, inputs);
}

}  // namespace obligor::sequence
