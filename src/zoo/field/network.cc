#include "zoo/field/network.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/field/body-inl.h"
#include "zoo/field/lower.h"
#include "zoo/net/flat-inl.h"
#include "zoo/net/lazy_table.h"

namespace obligor::field {
namespace {

using net::kEpsilon;
using net::size_of;

// Values of the fields in a tile of prediction.
constexpr size_t kTileValues = size_t{1} << 20U;

template <typename F>
auto in_torch(const F& work) {
  return net::in_torch_with<c10::NoGradGuard>(work);
}

struct Parameter {
  Declaration declared;
  Tensor leaf;      // a view of `flat` that autograd follows
  Tensor gradient;  // its gradient, a view of `gradient`
};

// A joint table too large for dense gradients. It stays in the memory of the CPU, and a batch takes its rows to the device.
struct RowTable {
  explicit RowTable(net::LazyTable given) : rows(std::move(given)) {}
  net::LazyTable rows;
  Tensor values;   // a view of them
  Tensor touched;  // rows of the last batch, each once
  Tensor gradient;
  [[nodiscard]] Tensor pick(const Tensor& wanted, at::Device device) const { return values.index_select(0, wanted.cpu()).to(device); }
};

}  // namespace

struct FieldNetwork::Impl {
  FieldShape shape;
  at::Device device = at::kCPU;
  Random random;
  at::Generator generator;
  Layout layout;

  std::vector<Parameter> parameters;
  std::map<std::string, Tensor> weights;  // leaves, running statistics
  int64_t decayed = 0;                    // the first so many of the flat tensors
  int64_t wide_begin = 0;                 // the wide part stands last
  Tensor flat, gradient, first_moment, second_moment, steps;
  std::optional<RowTable> table;
  Tensor low, inverse;  // of the pieces: width x pieces
  std::vector<Tensor> kept;

  Tensor features, codes, crosses, target, weight, order;
  net::LossMean loss;
  std::vector<Watched>* watched = nullptr;  // where the next pass leaves what its activations saw

  Impl(FieldShape given, const Context& context)
      : shape(std::move(given)),
        device(net::device_of(context)),
        random(context.seed(), "fields"),
        generator(at::detail::createCPUGenerator(derive_seed(context.seed(), "field dropout"))),
        layout(layout_of(shape)),
        decayed(size_of(layout.decayed)),
        wide_begin(size_of(layout.wide_begin)) {
    if (shape.embedding < 1 || shape.space.fields() + shape.space.width < 1) throw Error(ErrorCode::kInternal, "fields: an empty shape");
    allocate();
  }

  void allocate() {
    in_torch([&] {
      const auto total = size_of(layout.total);
      const std::vector<float> start = start_values(shape, layout, random);
      flat = at::empty({total}, at::kFloat);
      std::copy(start.begin(), start.end(), flat.data_ptr<float>());
      flat = flat.to(device);
      gradient = at::zeros_like(flat);
      first_moment = at::full_like(flat, shape.optimiser == Optimiser::kAdagrad ? kEpsilon : 0.0);
      second_moment = at::zeros_like(flat);
      if (shape.wide_ftrl) first_moment.narrow(0, wide_begin, total - wide_begin).zero_();
      steps = at::zeros({1}, flat.options());
      for (size_t p = 0; p < layout.parameters.size(); ++p) {
        const Declaration& d = layout.parameters[p];
        const auto part = [&](const Tensor& t) {
          const size_t end = p + 1 < layout.offsets.size() ? layout.offsets[p + 1] : layout.total;
          return t.narrow(0, size_of(layout.offsets[p]), size_of(end - layout.offsets[p])).view(d.dims);
        };
        Parameter parameter{d, part(flat).detach(), part(gradient)};
        parameter.leaf.set_requires_grad(true);
        parameter.leaf.mutable_grad() = parameter.gradient;
        weights[d.name] = parameter.leaf;
        parameters.push_back(std::move(parameter));
      }
      for (const auto& [name, width] : layout.norms) {
        weights[name + ".mean"] = at::zeros({width}, flat.options());
        weights[name + ".variance"] = at::ones({width}, flat.options());
      }
      if (shape.space.code_fields() > 0 && table_by_row(shape)) {
        table.emplace(net::LazyTable(start_table(shape, random), shape.columns(), lazy_rule(shape)));
        const std::vector<int64_t> dims{size_of(shape.space.table_rows()), size_of(shape.columns())};
        table->values = at::from_blob(table->rows.data(), dims, at::kFloat);
      }
      if (shape.space.numbers_as == NumbersAs::kPiecewise) {
        const auto pieces = shape.space.pieces();
        low = at::zeros({size_of(shape.space.width), size_of(pieces)}, at::kFloat);
        inverse = at::zeros_like(low);
        for (size_t c = 0; c < shape.space.width; ++c) {
          const auto& edges = shape.space.edges[c];
          for (size_t t = 0; t + 1 < edges.size(); ++t) {
            low.data_ptr<float>()[c * pieces + t] = edges[t];
            inverse.data_ptr<float>()[c * pieces + t] = static_cast<float>(1 / (static_cast<double>(edges[t + 1]) - static_cast<double>(edges[t])));
          }
        }
        low = low.to(device);
        inverse = inverse.to(device);
      }
      loss.start(flat.options());
    });
  }

  // The field vectors of some rows; `looked_up` are those of the codes.
  [[nodiscard]] Inputs inputs(const Tensor& numbers, const Tensor& row_codes, const Tensor& row_crosses, const Tensor& looked_up) const {
    std::vector<Tensor> parts;
    if (shape.space.number_fields() > 0) {
      const Tensor& v = weights.at("numbers");
      if (shape.space.numbers_as == NumbersAs::kPiecewise) {
        // Within what float32 holds, so that a piece that is not there (inverse 0) stays 0.
        const Tensor pieces = ((numbers.clamp(-3e38, 3e38).unsqueeze(2) - low) * inverse).clamp(0, 1);
        parts.push_back(at::bmm(pieces.transpose(0, 1), v).transpose(0, 1) + weights.at("numbers.bias"));
      } else {
        parts.push_back(numbers.unsqueeze(2) * v.squeeze(1));
        if (shape.number_bias) parts.back() = parts.back() + weights.at("numbers.bias");
      }
    }
    if (looked_up.defined()) parts.push_back(looked_up);
    if (parts.empty()) parts.push_back(at::zeros({numbers.size(0), 0, size_of(shape.columns())}, numbers.options()));
    const Tensor all = parts.size() == 1 ? parts[0] : at::cat(parts, 1);
    const Tensor& intercept = weights.at("intercept");
    Inputs in;
    in.numbers = numbers;
    in.codes = row_codes;
    in.crosses = row_crosses;
    in.vectors = shape.linear ? all.narrow(2, 0, size_of(shape.embedding)) : all;
    in.linear = shape.linear ? all.select(2, size_of(shape.embedding)).sum(1) + intercept : intercept.expand({numbers.size(0)});
    return in;
  }

  [[nodiscard]] Tensor spread(const Tensor& rows_by_columns, int64_t rows) const {
    return rows_by_columns.view({rows, size_of(shape.space.code_fields()), size_of(shape.columns())});
  }

  void update_rows(double rate, double decay) {
    RowTable& t = *table;
    const Tensor gradient_rows = t.gradient.cpu().contiguous();
    const auto* g = gradient_rows.data_ptr<float>();
    const auto* row = t.touched.data_ptr<int64_t>();
    t.rows.begin(rate, decay);
    for (int64_t i = 0; i < t.touched.numel(); ++i) t.rows.update(static_cast<size_t>(row[i]), g + i * gradient_rows.size(1));
    t.rows.end();
  }

  // What training changes: parameters, running statistics.
  template <typename F>
  void each_state(const F& f) {
    f(flat);
    if (table) {
      table->rows.catch_up_all();
      f(table->values);
    }
    for (const auto& [name, width] : layout.norms) {
      f(weights.at(name + ".mean"));
      f(weights.at(name + ".variance"));
    }
  }

  [[nodiscard]] Tensor numbers_of(const Batch& batch, size_t begin, size_t rows) const { return net::rows_tensor(batch, begin, rows, device); }

  [[nodiscard]] Tensor whole_numbers(const std::vector<int32_t>& values, size_t rows) const {
    Tensor out = at::empty({size_of(rows), rows == 0 ? 0 : size_of(values.size() / rows)}, at::kInt);
    std::copy(values.begin(), values.end(), out.data_ptr<int32_t>());
    return out.to(device);
  }

  [[nodiscard]] Tensor codes_of(const Batch& batch, size_t begin, size_t rows) const {
    return whole_numbers(table_rows(shape.space, batch, begin, rows), rows);
  }

  [[nodiscard]] Tensor crosses_of(const Batch& batch, size_t begin, size_t rows) const {
    return whole_numbers(cross_rows(shape.crosses, batch, begin, rows), rows);
  }

  // Follow the regularised leader over the wide part: z in the first moments, the sum of squares in the second.
  void update_wide() {
    const int64_t count = flat.numel() - wide_begin;
    if (count == 0) return;
    const auto part = [&](const Tensor& t) { return t.narrow(0, wide_begin, count); };
    Tensor w = part(flat);
    const Tensor g = part(gradient);
    Tensor z = part(first_moment);
    Tensor n = part(second_moment);
    const Tensor before = n.sqrt();
    n.addcmul_(g, g);
    const Tensor after = n.sqrt();
    z.add_(g - (after - before) * w / shape.ftrl.rate);
    const Tensor size = (z.abs() - shape.ftrl.l1).clamp_min(0);
    w.copy_(-z.sign() * size / ((after + 1) / shape.ftrl.rate + shape.ftrl.l2));
  }

  // Values that a row needs in a forward pass, roughly: how large a tile of prediction may be.
  [[nodiscard]] size_t row_values() const {
    size_t widest = shape.space.width + shape.space.fields() * shape.columns() * (shape.kind == Kind::kFtTransformer ? 8 : 1);
    for (const size_t units : shape.hidden) widest = std::max(widest, units * shape.members);
    return std::max(widest, shape.attended.size() * shape.attended.size() / 2 * shape.embedding) + 1;
  }
};

FieldNetwork::FieldNetwork(const FieldShape& shape, const Context& context) : impl_(std::make_unique<Impl>(shape, context)) {}
FieldNetwork::~FieldNetwork() = default;

void FieldNetwork::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t /*largest_batch*/) {
  Impl& self = *impl_;
  in_torch([&] {
    self.features = self.numbers_of(batch, 0, batch.rows);
    self.codes = self.codes_of(batch, 0, batch.rows);
    self.crosses = self.crosses_of(batch, 0, batch.rows);
    self.target = net::row_values(std::vector<float>(target.begin(), target.end()), self.device);
    self.weight = net::row_values(net::mean_one_weights(weight, batch.rows), self.device);
  });
}

void FieldNetwork::forget_data() {
  Impl& self = *impl_;
  for (Tensor* tensor : {&self.features, &self.codes, &self.crosses, &self.target, &self.weight, &self.order, &self.gradient, &self.first_moment,
                         &self.second_moment, &self.steps}) {
    tensor->reset();
  }
  in_torch([&] {
    for (auto& parameter : self.parameters) {
      parameter.gradient.reset();
      parameter.leaf.mutable_grad().reset();
      parameter.leaf.set_requires_grad(false);
    }
  });
  if (self.table) {
    self.table->rows.forget();
    self.table->gradient.reset();
    self.table->touched.reset();
  }
  self.kept.clear();
}

void FieldNetwork::set_order(std::span<const uint32_t> order) {
  in_torch([&] { impl_->order = net::index_tensor(order, impl_->device); });
}

void FieldNetwork::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  net::in_torch_with<net::WithGradient>([&] {
    const int64_t rows = size_of(end - begin);
    const Tensor index = self.order.narrow(0, size_of(begin), rows);
    const Tensor numbers = self.features.index_select(0, index);
    self.gradient.zero_();
    Tensor row_codes;
    Tensor looked_up;
    Tensor touched;
    if (self.shape.space.code_fields() > 0) {
      row_codes = self.codes.index_select(0, index).to(at::kLong);
      if (self.table) {
        Tensor places;
        std::tie(self.table->touched, places) = at::_unique(row_codes.flatten(), true, true);
        self.table->touched = self.table->touched.cpu();
        const auto* row = self.table->touched.data_ptr<int64_t>();
        for (int64_t i = 0; i < self.table->touched.numel(); ++i) self.table->rows.catch_up(static_cast<size_t>(row[i]));
        touched = self.table->pick(self.table->touched, self.device).set_requires_grad(true);
        looked_up = self.spread(touched.index_select(0, places), rows);
      } else {
        looked_up = self.spread(self.weights.at("table").index_select(0, row_codes.flatten()), rows);
      }
    }
    const Tensor row_crosses = self.crosses.index_select(0, index).to(at::kLong);
    const Weights weights(self.weights, &self.generator, self.watched);
    const Tensor logits = forward(self.shape, weights, self.inputs(numbers, row_codes, row_crosses, looked_up));
    Tensor y = self.target.index_select(0, index);
    Tensor w = self.weight.index_select(0, index);
    if (logits.dim() == 2) {
      y = y.unsqueeze(1).expand_as(logits);
      w = w.unsqueeze(1).expand_as(logits);
    }
    const Tensor loss = self.shape.square_loss ? ((logits - (2 * y - 1)).square() * w).mean() : at::binary_cross_entropy_with_logits(logits, y, w);
    loss.backward();
    if (self.table) self.table->gradient = touched.grad();
    self.loss.add(loss, end - begin);
  });
}

std::vector<net::LayerState> FieldNetwork::watched_gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  std::vector<Watched> watched;
  self.watched = &watched;
  gradients(begin, end);
  self.watched = nullptr;
  std::vector<net::LayerState> states;
  in_torch([&] {
    const auto add = [&](const std::string& layer, const Tensor& gradient) {
      double& norm = net::state_of(states, layer).gradient_norm;
      norm = std::hypot(norm, gradient.norm().item<double>());
    };
    // From the inputs to the head, whatever the order of the flat tensor.
    if (self.table) add("fields", self.table->gradient);
    for (const std::string& layer : self.layout.layers) {
      for (const auto& parameter : self.parameters) {
        if (parameter.declared.layer == layer) add(layer, parameter.gradient);
      }
    }
    const auto terms = static_cast<double>((end - begin) * self.shape.members);  // of the mean that the loss is
    for (const Watched& seen : watched) {
      if (!seen.z.grad().defined()) continue;
      net::LayerState& state = net::state_of(states, seen.layer);
      state.active = true;
      // Of the activations of one layer the last is the one next to the head.
      state.signal = net::root_mean_square(seen.z.grad()) * terms;
      state.saturation = std::max(state.saturation, net::flat_share(seen.z.detach(), seen.activation));
    }
  });
  return states;
}

void FieldNetwork::clip(double limit) {
  Impl& self = *impl_;
  in_torch([&] {
    auto norm = self.gradient.norm().item<double>();
    if (self.table) norm = std::hypot(norm, self.table->gradient.norm().item<double>());
    if (norm <= limit) return;
    self.gradient.mul_(limit / norm);
    if (self.table) self.table->gradient.mul_(limit / norm);
  });
}

void FieldNetwork::update(double learning_rate, double weight_decay) {
  Impl& self = *impl_;
  in_torch([&] {
    const int64_t own = self.shape.wide_ftrl ? self.wide_begin : self.flat.numel();
    if (self.shape.wide_ftrl) self.update_wide();
    if (self.shape.optimiser == Optimiser::kAdagrad) {
      if (weight_decay > 0) self.flat.narrow(0, 0, self.decayed).mul_(1 - learning_rate * weight_decay);
      const Tensor g = self.gradient.narrow(0, 0, own);
      Tensor squares = self.first_moment.narrow(0, 0, own);
      squares.addcmul_(g, g);
      self.flat.narrow(0, 0, own).addcdiv_(g, squares.sqrt(), -learning_rate);
    } else {
      net::adamw_step({self.flat, self.gradient, self.first_moment, self.second_moment, self.steps}, self.decayed, own, learning_rate, weight_decay,
                      self.shape.optimiser == Optimiser::kAdam ? net::AdamKind::kL2 : net::AdamKind::kDecoupled);
    }
    if (self.table) self.update_rows(learning_rate, weight_decay);
  });
}

double FieldNetwork::take_loss() {
  return in_torch([&] { return impl_->loss.take(); });
}

std::vector<double> FieldNetwork::predict(const Batch& batch) const {
  Impl& self = *impl_;
  std::vector<double> out(batch.rows);
  if (self.table) self.table->rows.catch_up_all();
  in_torch([&] {
    const size_t tile = std::clamp<size_t>(kTileValues / self.row_values(), 16, 4096);
    const Weights weights(self.weights, nullptr);
    for (size_t begin = 0; begin < batch.rows; begin += tile) {
      const size_t rows = std::min(tile, batch.rows - begin);
      const Tensor row_codes = self.codes_of(batch, begin, rows).to(at::kLong);
      const Tensor row_crosses = self.crosses_of(batch, begin, rows).to(at::kLong);
      Tensor looked_up;
      if (self.shape.space.code_fields() > 0) {
        const Tensor flat = row_codes.flatten();
        looked_up = self.spread(self.table ? self.table->pick(flat, self.device) : self.weights.at("table").index_select(0, flat), size_of(rows));
      }
      const Tensor logits = forward(self.shape, weights, self.inputs(self.numbers_of(batch, begin, rows), row_codes, row_crosses, looked_up));
      Tensor p = logits.to(at::kDouble);
      p = self.shape.square_loss ? (p.clamp(-1, 1) + 1) / 2 : at::sigmoid(p);
      if (p.dim() == 2) p = p.mean(1);
      p = p.cpu().contiguous();
      std::copy_n(p.data_ptr<double>(), rows, out.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  });
  return out;
}

void FieldNetwork::keep() {
  Impl& self = *impl_;
  in_torch([&] {
    self.kept.clear();
    self.each_state([&](const Tensor& state) { self.kept.push_back(state.detach().clone()); });
  });
}

void FieldNetwork::restore() {
  Impl& self = *impl_;
  if (self.kept.empty()) return;
  in_torch([&] {
    size_t next = 0;
    self.each_state([&](Tensor& state) { state.copy_(self.kept[next++]); });
  });
}

std::vector<net::NamedArray> FieldNetwork::parameters() const {
  Impl& self = *impl_;
  if (self.table) self.table->rows.catch_up_all();
  return in_torch([&] {
    std::vector<net::NamedArray> out;
    for (const auto& [name, tensor] : self.weights) out.push_back(net::named_array(name, tensor.sizes().vec(), tensor));
    if (self.table) out.push_back(net::named_array("table", self.table->values.sizes().vec(), self.table->values));
    return out;
  });
}

std::vector<net::NamedArray> FieldNetwork::last_gradients() const {
  return in_torch([&] {
    std::vector<net::NamedArray> out;
    for (const auto& parameter : impl_->parameters) {
      out.push_back(net::named_array(parameter.declared.name, parameter.declared.dims, parameter.gradient));
    }
    return out;
  });
}

Lowered FieldNetwork::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_network(impl_->shape, parameters(), kNormEpsilon, builder, inputs);
}

}  // namespace obligor::field
