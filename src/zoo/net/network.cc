#include "zoo/net/network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/flat-inl.h"
#include "zoo/net/fold.h"
#include "zoo/net/start.h"

namespace obligor::net {
namespace {

using at::Tensor;

constexpr double kNormEpsilon = 1e-5;
constexpr double kNormMomentum = 0.1;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;

template <typename F>
auto in_torch(const F& work) {
  return in_torch_with<c10::InferenceMode>(work);  // the gradients are written by hand
}

// d loss / d z from d loss / d act(z), where y = act(z).
Tensor activate_backward(const Tensor& gradient, const Tensor& z, const Tensor& y, Activation activation) {
  switch (activation) {
    case Activation::kRelu: return at::threshold_backward(gradient, y, 0);
    case Activation::kSelu: return at::elu_backward(gradient, kSeluAlpha, kSeluScale, 1, false, z);
    case Activation::kTanh: return at::tanh_backward(gradient, y);
    case Activation::kGelu: return at::gelu_backward(gradient, z);
    case Activation::kSilu: return at::silu_backward(gradient, z);
    case Activation::kSigmoid: return at::sigmoid_backward(gradient, y);
  }
  return gradient;
}

// A parameter: its place in the flat tensors and its view into each.
struct Parameter {
  std::string name;
  size_t layer = 0;  // 0-based; `layers` for the head
  std::vector<int64_t> shape;
  Tensor value;
  Tensor gradient;
};

// What a layer leaves behind for the way back.
struct Trace {
  Tensor raw;   // before batch norm; B x (E h)
  Tensor mean;  // of the batch
  Tensor inverse_deviation;
  Tensor z;     // before the activation
  Tensor y;     // after it
  Tensor mask;  // 0 or 1 / (1 - dropout)
  Tensor out;   // what the next layer reads
};

}  // namespace

std::string_view activation_name(Activation activation) {
  constexpr std::array<std::string_view, 6> kNames{"relu", "selu", "tanh", "gelu", "silu", "sigmoid"};
  return kNames[static_cast<size_t>(activation)];
}

Activation find_activation(std::string_view name) {
  for (const auto activation :
       {Activation::kRelu, Activation::kSelu, Activation::kTanh, Activation::kGelu, Activation::kSilu, Activation::kSigmoid}) {
    if (activation_name(activation) == name) return activation;
  }
  const std::vector<std::string> known{"relu", "selu", "tanh", "gelu", "silu", "sigmoid"};
  throw unknown_name("activation", name, known);
}

Engine find_engine(std::string_view name) {
  const std::vector<std::string> known{"auto", "fused", "torch"};
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] == name) return static_cast<Engine>(i);
  }
  throw unknown_name("engine", name, known);
}

WeightStart find_weight_start(std::string_view name) {
  const std::vector<std::string> known{"default", "glorot", "he", "lecun"};
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] == name) return static_cast<WeightStart>(i);
  }
  throw unknown_name("starting weights", name, known);
}

struct Network::Impl {
  NetworkShape shape;
  at::Device device = at::kCPU;
  int64_t inputs = 0;  // width of the first layer's input
  int64_t members = 1;
  int64_t hidden = 0;

  std::vector<Parameter> parameters;
  std::vector<size_t> tables, weights, biases, norms;
  size_t head = 0;
  size_t head_bias = 0;
  std::optional<size_t> input_scale;
  int64_t decayed = 0;  // the first so many of the flat tensors
  Tensor flat, gradient, first_moment, second_moment, steps;
  std::vector<Tensor> running_mean, running_variance;  // by layer, with batch norm
  std::vector<Tensor> kept;

  Tensor features, codes, target, weight, order;
  Tensor mask_pool;
  Random random;

  std::vector<LayerState>* watched = nullptr;  // where the next way back leaves what it sees

  // Of the last batch.
  LossMean loss;

  Impl(NetworkShape given, const Context& context) : shape(std::move(given)), device(device_of(context)), random(context.seed(), "network") {
    inputs = size_of(inputs_of(shape));
    members = size_of(shape.members);
    hidden = size_of(shape.hidden);
    allocate();
  }

  void allocate() {
    in_torch([&] {
      const Start start = start_network(shape, random);
      flat = at::empty({size_of(start.values.size())}, at::kFloat);
      std::copy(start.values.begin(), start.values.end(), flat.data_ptr<float>());
      flat = flat.to(device);
      decayed = size_of(start.decayed);
      gradient = at::zeros_like(flat);
      first_moment = at::zeros_like(flat);
      second_moment = at::zeros_like(flat);
      steps = at::zeros({1}, flat.options());
      for (const Part& part : start.parts) {
        const auto view = [&](const Tensor& t) { return t.narrow(0, size_of(part.offset), size_of(part.count)).view(part.dims); };
        parameters.push_back({part.name, part.layer, part.dims, view(flat), view(gradient)});
      }
      const auto id = [&](std::string_view name) { return static_cast<size_t>(&start.part(name) - start.parts.data()); };
      for (size_t k = 0; k < shape.code_levels.size(); ++k) tables.push_back(id(fmt::format("embedding:{}", k)));
      for (size_t l = 0; l < shape.layers; ++l) {
        weights.push_back(id(fmt::format("weight:{}", l)));
        biases.push_back(id(fmt::format("bias:{}", l)));
        if (shape.batch_norm) norms.push_back(id(fmt::format("norm:{}", l)));
      }
      head = id("head");
      head_bias = id("head_bias");
      if (members > 1) input_scale = id("input_scale");
      if (shape.batch_norm) {
        for (size_t l = 0; l < shape.layers; ++l) {
          running_mean.push_back(at::zeros({members * hidden}, flat.options()));
          running_variance.push_back(at::ones({members * hidden}, flat.options()));
        }
      }
      loss.start(flat.options());
    });
  }

  [[nodiscard]] const Tensor& value(size_t id) const { return parameters[id].value; }

  // Rows x inputs: the numbers, then the embeddings.
  [[nodiscard]] Tensor embed(const Tensor& numbers, const Tensor& row_codes) const {
    if (tables.empty()) return numbers;
    std::vector<Tensor> parts{numbers};
    for (size_t k = 0; k < tables.size(); ++k) parts.push_back(value(tables[k]).index_select(0, row_codes.select(1, size_of(k))));
    return at::cat(parts, 1);
  }

  [[nodiscard]] Tensor stacked_weight() const {
    if (!input_scale) return value(weights[0]);
    return (value(weights[0]).unsqueeze(0) * value(*input_scale).unsqueeze(1)).view({members * hidden, inputs});
  }

  Tensor draw_mask(int64_t count) {
    const auto room = static_cast<uint64_t>(mask_pool.numel() - count);
    // Whole cache lines; the pool is far longer than a mask, so that two layers seldom see the same one.
    const auto offset = static_cast<int64_t>(random.below(room / 16 + 1) * 16);
    return mask_pool.narrow(0, offset, count);
  }

  // Logits, members x rows. `traces` is null in prediction.
  Tensor forward(const Tensor& x, std::vector<Trace>* traces) const {
    const int64_t rows = x.size(0);
    Tensor in = x;
    for (size_t l = 0; l < shape.layers; ++l) {
      Trace local;
      Trace& trace = traces != nullptr ? (*traces)[l] : local;
      const Tensor bias = value(biases[l]).view({members * hidden});
      if (l == 0) {
        const Tensor w = stacked_weight();
        trace.z = shape.batch_norm ? at::mm(in, w.t()) : at::addmm(bias, in, w.t());
      } else {
        trace.z = at::mm(in.view({rows * members, hidden}), value(weights[l]).t()).view({rows, members * hidden});
        if (!shape.batch_norm) trace.z.add_(bias);
      }
      if (shape.batch_norm) {
        // A batch of one row has no variance: it is normalised by what is known so far.
        const bool training = traces != nullptr && rows > 1;
        trace.raw = trace.z;
        std::tie(trace.z, trace.mean, trace.inverse_deviation) = at::native_batch_norm(
            trace.raw, value(norms[l]).view({members * hidden}), bias, running_mean[l], running_variance[l], training, kNormMomentum, kNormEpsilon);
      }
      trace.y = activate(trace.z, shape.activation);
      trace.out = trace.mask.defined() ? trace.y * trace.mask.view({rows, members * hidden}) : trace.y;
      if (shape.residual && l > 0) trace.out = trace.out + in;
      in = trace.out;
    }
    return at::bmm(in.view({rows, members, hidden}).transpose(0, 1), value(head).unsqueeze(2)).squeeze(2).add_(value(head_bias).unsqueeze(1));
  }

  void backward(const Tensor& x, const Tensor& row_codes, const Tensor& d_logits, const std::vector<Trace>& traces) {
    const int64_t rows = x.size(0);
    const auto in_of = [&](size_t l) { return l == 0 ? x : traces[l - 1].out; };
    const auto grad = [&](size_t id) -> Tensor { return parameters[id].gradient; };
    const Tensor last = traces.back().out.view({rows, members, hidden});
    grad(head).copy_(at::bmm(d_logits.unsqueeze(1), last.transpose(0, 1)).squeeze(1));
    grad(head_bias).copy_(d_logits.sum(1));
    Tensor d_out = (d_logits.t().contiguous().unsqueeze(2) * value(head)).view({rows, members * hidden});
    for (size_t l = shape.layers; l-- > 0;) {
      const Trace& trace = traces[l];
      const Tensor d_y = trace.mask.defined() ? d_out * trace.mask.view({rows, members * hidden}) : d_out;
      Tensor d_z = activate_backward(d_y, trace.z, trace.y, shape.activation);
      if (watched != nullptr) {
        LayerState& state = (*watched)[l];
        state.active = true;
        state.signal = root_mean_square(d_z) * static_cast<double>(rows * members);  // d_z is of the mean over rows and members
        state.saturation = flat_share(trace.z, shape.activation);
      }
      if (shape.batch_norm) {
        const auto [d_raw, d_gain, d_bias] =
            at::native_batch_norm_backward(d_z, trace.raw, value(norms[l]).view({members * hidden}), running_mean[l], running_variance[l], trace.mean,
                                           trace.inverse_deviation, rows > 1, kNormEpsilon, {true, true, true});
        grad(norms[l]).view({members * hidden}).copy_(d_gain);
        grad(biases[l]).view({members * hidden}).copy_(d_bias);
        d_z = d_raw;
      } else {
        Tensor d_bias = grad(biases[l]).view({members * hidden});
        at::sum_out(d_bias, d_z, 0);
      }
      if (l == 0) {
        first_layer_backward(x, row_codes, d_z);
        continue;
      }
      const Tensor d_flat = d_z.view({rows * members, hidden});
      Tensor d_weight = grad(weights[l]);
      at::mm_out(d_weight, d_flat.t(), in_of(l).view({rows * members, hidden}));
      const Tensor d_in = at::mm(d_flat, value(weights[l])).view({rows, members * hidden});
      d_out = shape.residual && l > 0 ? d_in + d_out : d_in;
    }
  }

  void first_layer_backward(const Tensor& x, const Tensor& row_codes, const Tensor& d_z) {
    Tensor d_weight = parameters[weights[0]].gradient;
    if (input_scale) {
      const Tensor product = at::mm(d_z.t(), x).view({members, hidden, inputs});
      Tensor d_scale = parameters[*input_scale].gradient;
      at::sum_out(d_weight, product * value(*input_scale).unsqueeze(1), 0);
      at::sum_out(d_scale, product * value(weights[0]).unsqueeze(0), 1);
    } else {
      at::mm_out(d_weight, d_z.t(), x);
    }
    if (tables.empty()) return;
    const auto numbers = size_of(shape.width);
    const Tensor d_embedded = at::mm(d_z, stacked_weight().narrow(1, numbers, inputs - numbers));
    for (size_t k = 0; k < tables.size(); ++k) {
      Tensor table = parameters[tables[k]].gradient;
      table.zero_();
      table.index_add_(0, row_codes.select(1, size_of(k)), d_embedded.narrow(1, size_of(k * shape.embedding), size_of(shape.embedding)));
    }
  }
};

Network::Network(const NetworkShape& shape, const Context& context) : impl_(std::make_unique<Impl>(shape, context)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

namespace {

Tensor codes_of(const Batch& batch, size_t begin, size_t rows, const NetworkShape& shape, at::Device device) {
  Tensor out = at::empty({size_of(rows), size_of(shape.code_levels.size())}, at::kLong);
  auto* data = out.data_ptr<int64_t>();
  for (size_t r = 0; r < rows; ++r) {
    for (size_t k = 0; k < shape.code_levels.size(); ++k) *data++ = batch.codes[k][begin + r];
  }
  return out.to(device);
}

}  // namespace

void Network::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) {
  Impl& self = *impl_;
  check_batch(batch, self.shape);
  in_torch([&] {
    self.features = rows_tensor(batch, 0, batch.rows, self.device).clone();
    if (!self.tables.empty()) self.codes = codes_of(batch, 0, batch.rows, self.shape, self.device);
    const auto options = at::TensorOptions().dtype(at::kFloat);
    self.target = row_values(std::vector<float>(target.begin(), target.end()), self.device);
    self.weight = row_values(mean_one_weights(weight, batch.rows), self.device);
    if (self.shape.dropout > 0) {
      const double keep_share = 1 - self.shape.dropout;
      const int64_t mask = size_of(largest_batch) * self.members * self.hidden;
      Tensor pool = at::empty({std::max<int64_t>(4 * mask, 1 << 20)}, options);
      auto* data = pool.data_ptr<float>();
      const auto limit = static_cast<uint32_t>(std::lround(keep_share * 65536));
      const auto kept_value = static_cast<float>(1 / keep_share);
      for (int64_t i = 0; i < pool.numel();) {
        uint64_t bits = self.random.next();
        for (int part = 0; part < 4 && i < pool.numel(); ++part, bits >>= 16U) data[i++] = (bits & 0xFFFFU) < limit ? kept_value : 0.0F;
      }
      self.mask_pool = pool.to(self.device);
    }
  });
}

void Network::forget_data() {
  Impl& self = *impl_;
  for (Tensor* tensor : {&self.features, &self.codes, &self.target, &self.weight, &self.order, &self.mask_pool, &self.gradient, &self.first_moment,
                         &self.second_moment, &self.steps}) {
    tensor->reset();
  }
  for (auto& parameter : self.parameters) parameter.gradient.reset();
  self.kept.clear();
}

void Network::set_order(std::span<const uint32_t> order) {
  in_torch([&] { impl_->order = index_tensor(order, impl_->device); });
}

void Network::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  in_torch([&] {
    const int64_t rows = size_of(end - begin);
    const Tensor index = self.order.narrow(0, size_of(begin), rows);
    const Tensor row_codes = self.tables.empty() ? Tensor() : self.codes.index_select(0, index);
    const Tensor x = self.embed(self.features.index_select(0, index), row_codes);
    const Tensor y = self.target.index_select(0, index).unsqueeze(0).expand({self.members, rows});
    const Tensor w = self.weight.index_select(0, index).unsqueeze(0);
    std::vector<Trace> traces(self.shape.layers);
    if (self.shape.dropout > 0) {
      for (auto& trace : traces) trace.mask = self.draw_mask(rows * self.members * self.hidden);
    }
    const Tensor logits = self.forward(x, &traces);
    self.loss.add(at::binary_cross_entropy_with_logits(logits, y, w.expand({self.members, rows})), end - begin);
    const Tensor d_logits = at::sigmoid(logits).sub_(y).mul_(w * (1.0 / static_cast<double>(rows * self.members)));
    self.backward(x, row_codes, d_logits, traces);
  });
}

std::vector<LayerState> Network::watched_gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  std::vector<LayerState> states = layer_states(self.shape);
  self.watched = &states;
  gradients(begin, end);
  self.watched = nullptr;
  in_torch([&] {
    for (const auto& parameter : self.parameters) {
      double& norm = states[parameter.layer].gradient_norm;
      norm = std::hypot(norm, parameter.gradient.norm().item<double>());
    }
  });
  return states;
}

void Network::clip(double limit) {
  Impl& self = *impl_;
  in_torch([&] { clip_to(self.gradient, limit); });
}

void Network::update(double learning_rate, double weight_decay) {
  Impl& self = *impl_;
  in_torch([&] {
    adamw_step({self.flat, self.gradient, self.first_moment, self.second_moment, self.steps}, self.decayed, self.flat.numel(), learning_rate,
               weight_decay);
  });
}

double Network::take_loss() {
  return in_torch([&] { return impl_->loss.take(); });
}

std::vector<double> Network::predict(const Batch& batch) const {
  const Impl& self = *impl_;
  check_batch(batch, self.shape);
  std::vector<double> out(batch.rows);
  in_torch([&] {
    const size_t tile = std::clamp<size_t>((size_t{1} << 19U) / (self.shape.members * self.shape.hidden), 64, 8192);
    for (size_t begin = 0; begin < batch.rows; begin += tile) {
      const size_t rows = std::min(tile, batch.rows - begin);
      const Tensor row_codes = self.tables.empty() ? Tensor() : codes_of(batch, begin, rows, self.shape, self.device);
      const Tensor logits = self.forward(self.embed(rows_tensor(batch, begin, rows, self.device), row_codes), nullptr);
      const Tensor p = at::sigmoid(logits.to(at::kDouble)).mean(0).cpu().contiguous();
      std::copy_n(p.data_ptr<double>(), rows, out.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  });
  return out;
}

void Network::keep() {
  Impl& self = *impl_;
  in_torch([&] {
    self.kept.clear();
    self.kept.push_back(self.flat.clone());
    for (size_t l = 0; l < self.running_mean.size(); ++l) {
      self.kept.push_back(self.running_mean[l].clone());
      self.kept.push_back(self.running_variance[l].clone());
    }
  });
}

void Network::restore() {
  Impl& self = *impl_;
  if (self.kept.empty()) return;
  in_torch([&] {
    self.flat.copy_(self.kept[0]);
    for (size_t l = 0; l < self.running_mean.size(); ++l) {
      self.running_mean[l].copy_(self.kept[1 + 2 * l]);
      self.running_variance[l].copy_(self.kept[2 + 2 * l]);
    }
  });
}

std::vector<NamedArray> Network::parameters() const {
  return in_torch([&] {
    std::vector<NamedArray> out;
    for (const auto& parameter : impl_->parameters) out.push_back(named_array(parameter.name, parameter.shape, parameter.value));
    for (size_t l = 0; l < impl_->running_mean.size(); ++l) {
      out.push_back(named_array(fmt::format("mean:{}", l), {impl_->members, impl_->hidden}, impl_->running_mean[l]));
      out.push_back(named_array(fmt::format("variance:{}", l), {impl_->members, impl_->hidden}, impl_->running_variance[l]));
    }
    return out;
  });
}

void Network::set(std::string_view name, std::span<const float> values) {
  for (const auto& parameter : impl_->parameters) {
    if (parameter.name != name || static_cast<size_t>(parameter.value.numel()) != values.size()) continue;
    in_torch([&] {
      const Tensor given = at::empty(parameter.value.sizes(), at::kFloat);
      std::copy(values.begin(), values.end(), given.data_ptr<float>());
      Tensor(parameter.value).copy_(given);
    });
    return;
  }
  throw Error(ErrorCode::kInternal, fmt::format("network: no parameter '{}' of {} values", name, values.size()));
}

std::vector<NamedArray> Network::last_gradients() const {
  return in_torch([&] {
    std::vector<NamedArray> out;
    for (const auto& parameter : impl_->parameters) out.push_back(named_array(parameter.name, parameter.shape, parameter.gradient));
    return out;
  });
}

Lowered Network::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_network(impl_->shape, parameters(), kNormEpsilon, builder, inputs);
}

}  // namespace obligor::net
