#include "zoo/field/fused.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/field/fused_bodies.h"
#include "zoo/field/lower.h"
#include "zoo/field/network.h"
#include "zoo/net/fused_step.h"
#include "zoo/net/lazy_table.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::field {
namespace {

constexpr float kAdagradStart = net::LazyTable::kAdagradStart;
constexpr size_t kTileRows = 256;  // of prediction

}  // namespace

bool has_fused_step(const FieldShape& shape) {
  const bool relu = shape.kind == Kind::kResNet || shape.kind == Kind::kDeepCrossing || shape.kind == Kind::kFtTransformer;
  return relu || shape.hidden.empty() || shape.activation != net::Activation::kGelu;
}

std::unique_ptr<net::Trainable> make_network(const FieldShape& shape, const Context& context, Engine engine) {
  const bool fused = has_fused_step(shape) && context.device() == Device::kCpu;
  if (engine == Engine::kFused && !fused) {
    throw Error(ErrorCode::kUnsupported,
                "engine 'fused': it has no gelu and no device but the CPU; set engine to auto or torch, or choose another activation");
  }
  if (engine == Engine::kTorch || !fused) return std::make_unique<FieldNetwork>(shape, context);
  return std::make_unique<FusedFieldNetwork>(shape, context);
}

struct FusedFieldNetwork::Impl {
  FieldShape shape;
  uint64_t seed = 0;
  Layout layout;
  std::vector<float> flat, gradient, first, second;
  std::optional<net::LazyTable> alone;  // a joint table of many rows
  std::map<std::string, std::vector<float>> running;
  uint64_t steps = 0;

  // Of the training data.
  std::vector<float> numbers;
  std::vector<int32_t> codes, crosses;
  std::vector<float> target, weight;
  std::vector<uint32_t> order;
  TouchedRows rows, wide_rows, cross_rows;
  Source source;
  std::unique_ptr<net::Tape> tape;
  FusedBody body;
  double loss_sum = 0;
  double loss_rows = 0;

  struct Kept {
    std::vector<float> flat, table;
    std::map<std::string, std::vector<float>> running;
  };
  std::optional<Kept> kept;

  Impl(FieldShape given, const Context& context)
      : shape(std::move(given)), seed(derive_seed(context.seed(), "field dropout")), layout(layout_of(shape)) {
    if (shape.embedding < 1 || shape.space.fields() + shape.space.width < 1) throw Error(ErrorCode::kInternal, "fields: an empty shape");
    Random random(context.seed(), "fields");
    flat = start_values(shape, layout, random);
    for (const auto& [name, width] : layout.norms) {
      running[name + ".mean"].assign(static_cast<size_t>(width), 0.0F);
      running[name + ".variance"].assign(static_cast<size_t>(width), 1.0F);
    }
    if (shape.space.code_fields() > 0 && table_by_row(shape)) alone.emplace(start_table(shape, random), shape.columns(), lazy_rule(shape));
    pad(flat);
  }

  // A kernel's last vector may read beyond what it was asked for, so arrays end with some room.
  static void pad(std::vector<float>& values) { values.resize(values.size() + 16, 0.0F); }

  [[nodiscard]] float* table() {
    if (shape.space.code_fields() == 0) return nullptr;
    return alone ? alone->data() : flat.data() + layout.offset("table");
  }
  // A table that stands alone, every row as it is now; else empty.
  [[nodiscard]] std::vector<float> whole_table() {
    if (!alone) return {};
    alone->catch_up_all();
    return {alone->values().begin(), alone->values().end()};
  }
  [[nodiscard]] FusedWeights weights() {
    return {flat.data(), gradient.empty() ? nullptr : gradient.data(), table(), &running, &rows, &wide_rows, &cross_rows};
  }

  void start_training(size_t largest_batch) {
    const bool adagrad = shape.optimiser == Optimiser::kAdagrad;
    gradient.assign(flat.size(), 0.0F);
    first.assign(flat.size(), adagrad ? kAdagradStart : 0.0F);
    second.assign(flat.size(), 0.0F);
    if (shape.wide_ftrl) std::fill(first.begin() + static_cast<std::ptrdiff_t>(layout.wide_begin), first.end(), 0.0F);
    const size_t columns = shape.columns();
    if (shape.space.code_fields() > 0) {
      float* whole = alone ? nullptr : gradient.data() + layout.offset("table");
      rows.prepare(shape.space.table_rows(), columns, whole, largest_batch * shape.space.code_fields());
    }
    if (alone) alone->restart();
    if (layout.has("wide.table"))
      wide_rows.prepare(shape.space.table_rows(), 1, gradient.data() + layout.offset("wide.table"), shape.space.table_rows());
    if (layout.has("wide.crosses")) cross_rows.prepare(shape.crosses.rows, 1, gradient.data() + layout.offset("wide.crosses"), shape.crosses.rows);
    tape = std::make_unique<net::Tape>(largest_batch, true);
    body = build_fused(*tape, shape, layout, weights(), source, seed);
  }

  void update_dense(size_t begin, size_t end, double rate, double decay) {
    if (begin >= end) return;
    const auto& kernels = net::step_kernels();
    if (shape.optimiser == Optimiser::kAdagrad) {
      kernels.adagrad(end - begin, static_cast<float>(rate), static_cast<float>(rate * decay), gradient.data() + begin, first.data() + begin,
                      flat.data() + begin);
      return;
    }
    const auto step = shape.optimiser == Optimiser::kAdam ? net::adam_l2_step(rate, decay, steps) : net::adam_step(rate, decay, steps);
    kernels.adamw(end - begin, step, gradient.data() + begin, first.data() + begin, second.data() + begin, flat.data() + begin);
  }

  void update_rows(double rate, double decay) {
    alone->begin(rate, decay);
    for (size_t i = 0; i < rows.rows().size(); ++i) alone->update(rows.rows()[i], rows.gradient(i));
    alone->end();
  }

  // McMahan et al., KDD 2013, algorithm 1: z in the first moments, the sum of squares in the second. A coordinate without a gradient
  // stays what it is.
  void lead(size_t at) {
    const auto rate = static_cast<float>(shape.ftrl.rate);
    const float g = gradient[at];
    const float before = std::sqrt(second[at]);
    second[at] += g * g;
    const float after = std::sqrt(second[at]);
    first[at] += g - (after - before) / rate * flat[at];
    const float size = std::max(std::fabs(first[at]) - static_cast<float>(shape.ftrl.l1), 0.0F);
    flat[at] = size == 0 ? 0.0F : -std::copysign(size, first[at]) / ((after + 1) / rate + static_cast<float>(shape.ftrl.l2));
  }

  void update_wide() {
    const auto touched = [&](const char* name, const TouchedRows& those) {
      if (!layout.has(name)) return;
      const size_t begin = layout.offset(name);
      for (const uint32_t row : those.rows()) lead(begin + row);
    };
    if (layout.has("wide.numbers")) {
      const size_t begin = layout.offset("wide.numbers");
      for (size_t c = 0; c < shape.space.width; ++c) lead(begin + c);
    }
    touched("wide.table", wide_rows);
    touched("wide.crosses", cross_rows);
  }

  template <typename F>
  void each_array(const F& f) const {
    for (size_t p = 0; p < layout.parameters.size(); ++p) {
      const size_t end = p + 1 < layout.offsets.size() ? layout.offsets[p + 1] : layout.total;
      f(layout.parameters[p], layout.offsets[p], end - layout.offsets[p]);
    }
  }
};

FusedFieldNetwork::FusedFieldNetwork(const FieldShape& shape, const Context& context) : impl_(std::make_unique<Impl>(shape, context)) {}
FusedFieldNetwork::~FusedFieldNetwork() = default;

void FusedFieldNetwork::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t largest_batch) {
  Impl& self = *impl_;
  self.numbers.assign(batch.features.begin(), batch.features.end());
  self.codes = table_rows(self.shape.space, batch, 0, batch.rows);
  self.crosses = cross_rows(self.shape.crosses, batch, 0, batch.rows);
  self.target.assign(target.begin(), target.end());
  self.weight = net::mean_one_weights(weight, batch.rows);
  self.start_training(largest_batch);
}

void FusedFieldNetwork::set_order(std::span<const uint32_t> order) { impl_->order.assign(order.begin(), order.end()); }

void FusedFieldNetwork::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  const size_t rows = end - begin;
  self.source = {self.numbers.data(), self.codes.data(), self.crosses.data(), self.order.data() + begin};
  self.rows.begin_batch();
  self.wide_rows.begin_batch();
  self.cross_rows.begin_batch();
  if (self.alone) {
    const size_t fields = self.shape.space.code_fields();
    for (const uint32_t row : std::span(self.order).subspan(begin, rows)) {
      for (size_t f = 0; f < fields; ++f) self.alone->catch_up(static_cast<size_t>(self.codes[row * fields + f]));
    }
  }
  self.tape->forward(rows);
  const float* z = self.tape->value(self.body.logits);
  float* d = self.tape->gradient(self.body.logits);
  double loss = 0;
  const size_t members = self.shape.members;
  const float share = 1.0F / static_cast<float>(rows * members);
  for (size_t i = 0; i < rows * members; ++i) {
    const size_t row = self.order[begin + i / members];
    const float y = self.target[row];
    const float w = self.weight[row];
    if (self.shape.square_loss) {
      const float gap = z[i] - (2 * y - 1);
      loss += static_cast<double>(w * gap * gap);
      d[i] = 2 * gap * w * share;
      continue;
    }
    loss += static_cast<double>(w) * net::log_loss_of(z[i], y, w * share, d[i]);
  }
  self.loss_sum += loss / static_cast<double>(members);
  self.loss_rows += static_cast<double>(rows);
  self.tape->backward(rows);
}

void FusedFieldNetwork::update(double learning_rate, double weight_decay) {
  Impl& self = *impl_;
  ++self.steps;
  const size_t own = self.shape.wide_ftrl ? self.layout.wide_begin : self.layout.total;
  self.update_dense(0, self.layout.decayed, learning_rate, weight_decay);
  self.update_dense(self.layout.decayed, own, learning_rate, 0);
  if (self.shape.wide_ftrl) self.update_wide();
  if (self.alone) self.update_rows(learning_rate, weight_decay);
}

double FusedFieldNetwork::take_loss() {
  Impl& self = *impl_;
  const double mean = self.loss_rows > 0 ? self.loss_sum / self.loss_rows : 0;
  self.loss_sum = 0;
  self.loss_rows = 0;
  return mean;
}

std::vector<net::LayerState> FusedFieldNetwork::watched_gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  gradients(begin, end);
  std::vector<net::LayerState> states;
  const auto add = [&](const std::string& layer, const float* values, size_t count) {
    double& norm = net::state_of(states, layer).gradient_norm;
    norm = std::hypot(norm, net::length({values, count}));
  };
  if (self.alone) {
    for (size_t i = 0; i < self.rows.rows().size(); ++i) add("fields", self.rows.gradient(i), self.shape.columns());
  }
  for (const std::string& layer : self.layout.layers) {
    self.each_array([&](const Declaration& d, size_t first, size_t count) {
      if (d.layer == layer) add(layer, self.gradient.data() + first, count);
    });
  }
  const size_t rows = end - begin;
  for (const WatchedSlot& seen : self.body.watched) {
    net::LayerState& state = net::state_of(states, seen.layer);
    if (seen.pairs != nullptr) {
      state.active = true;
      state.signal = seen.pairs->slope_size(rows) * static_cast<double>(rows);
      state.saturation = std::max(state.saturation, seen.pairs->flat_share(rows));
    } else {
      net::watch(*self.tape, seen.z, seen.activation, rows, rows * self.shape.members, state);
    }
  }
  return states;
}

void FusedFieldNetwork::clip(double limit) {
  Impl& self = *impl_;
  const size_t columns = self.shape.columns();
  double norm = net::length(self.gradient);
  const size_t alone = self.alone ? self.rows.rows().size() : 0;
  for (size_t i = 0; i < alone; ++i) norm = std::hypot(norm, net::length({self.rows.gradient(i), columns}));
  if (norm <= limit) return;
  const auto factor = static_cast<float>(limit / norm);
  for (float& value : self.gradient) value *= factor;
  for (size_t i = 0; i < alone; ++i) {
    for (size_t c = 0; c < columns; ++c) self.rows.gradient(i)[c] *= factor;
  }
}

void FusedFieldNetwork::keep() {
  Impl& self = *impl_;
  self.kept = Impl::Kept{self.flat, self.whole_table(), self.running};
}

void FusedFieldNetwork::restore() {
  Impl& self = *impl_;
  if (!self.kept) return;
  std::copy(self.kept->flat.begin(), self.kept->flat.end(), self.flat.begin());
  if (self.alone) self.alone->set_values(self.kept->table);
  for (const auto& [name, values] : self.kept->running) std::copy(values.begin(), values.end(), self.running.at(name).begin());
}

void FusedFieldNetwork::forget_data() {
  Impl& self = *impl_;
  self.tape.reset();
  for (auto* values : {&self.gradient, &self.first, &self.second, &self.numbers, &self.target, &self.weight}) *values = {};
  self.codes = {};
  self.crosses = {};
  self.order = {};
  self.rows = {};
  self.wide_rows = {};
  self.cross_rows = {};
  if (self.alone) self.alone->forget();
  self.kept.reset();
}

std::vector<double> FusedFieldNetwork::predict(const Batch& batch) const {
  // The tape of a prediction only reads the weights.
  Impl& self = *impl_;
  if (self.alone) self.alone->catch_up_all();
  FusedWeights weights = self.weights();
  weights.gradient = nullptr;
  Source source;
  net::Tape tape(std::min(kTileRows, std::max<size_t>(batch.rows, 1)), false);
  const net::Slot out = build_fused(tape, self.shape, self.layout, weights, source, 0).logits;
  std::vector<double> p(batch.rows);
  for (size_t begin = 0; begin < batch.rows; begin += tape.largest()) {
    const size_t rows = std::min(tape.largest(), batch.rows - begin);
    const std::vector<int32_t> codes = table_rows(self.shape.space, batch, begin, rows);
    const std::vector<int32_t> crosses = cross_rows(self.shape.crosses, batch, begin, rows);
    source = {batch.features.data() + begin * batch.width, codes.data(), crosses.data(), nullptr};
    tape.forward(rows);
    const size_t members = self.shape.members;
    for (size_t i = 0; i < rows * members; ++i) {
      const auto z = static_cast<double>(tape.value(out)[i]);
      const double of_member = self.shape.square_loss ? (1 + std::clamp(z, -1.0, 1.0)) / 2 : 1 / (1 + std::exp(-z));
      p[begin + i / members] += of_member / static_cast<double>(members);
    }
  }
  return p;
}

namespace {

std::vector<int64_t> table_shape(const FieldShape& shape) {
  return {static_cast<int64_t>(shape.space.table_rows()), static_cast<int64_t>(shape.columns())};
}

}  // namespace

std::vector<net::NamedArray> FusedFieldNetwork::parameters() const {
  Impl& self = *impl_;
  std::vector<net::NamedArray> out;
  self.each_array([&](const Declaration& d, size_t begin, size_t count) {
    out.push_back({d.name, d.dims, {self.flat.data() + begin, self.flat.data() + begin + count}});
  });
  for (const auto& [name, values] : self.running) out.push_back({name, {static_cast<int64_t>(values.size())}, values});
  if (self.alone) out.push_back({"table", table_shape(self.shape), self.whole_table()});
  return out;
}

std::vector<net::NamedArray> FusedFieldNetwork::last_gradients() const {
  Impl& self = *impl_;
  std::vector<net::NamedArray> out;
  self.each_array([&](const Declaration& d, size_t begin, size_t count) {
    out.push_back({d.name, d.dims, {self.gradient.data() + begin, self.gradient.data() + begin + count}});
  });
  if (!self.alone) return out;
  const size_t columns = self.shape.columns();
  net::NamedArray table{"table", table_shape(self.shape), std::vector<float>(self.shape.space.table_rows() * columns)};
  for (size_t i = 0; i < self.rows.rows().size(); ++i) {
    std::copy_n(self.rows.gradient(i), columns, table.values.data() + self.rows.rows()[i] * columns);
  }
  out.push_back(std::move(table));
  return out;
}

Lowered FusedFieldNetwork::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_network(impl_->shape, parameters(), kNormEpsilon, builder, inputs);
}

}  // namespace obligor::field
