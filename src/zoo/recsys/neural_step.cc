#include "zoo/recsys/neural_step.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/random.h"

namespace obligor::recsys {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

// Rows of `width` values from padded rows `stride` apart, or the other way round.
void unpad(const float* from, size_t stride, size_t rows, size_t width, std::vector<float>& to) {
  to.resize(rows * width);
  for (size_t r = 0; r < rows; ++r) std::copy_n(from + r * stride, width, to.begin() + static_cast<std::ptrdiff_t>(r * width));
}

void pad(const std::vector<float>& from, size_t rows, size_t width, float* to, size_t stride) {
  for (size_t r = 0; r < rows; ++r) std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(r * width), width, to + r * stride);
}

}  // namespace

NeuralStep::NeuralStep(NeuralShape shape, uint64_t seed)
    : shape_(std::move(shape)),
      kernels_(kernels()),
      adam_(kBeta1, kBeta2, kEpsilon),
      factors_(padded(shape_.factors)),
      embedding_(padded(shape_.embedding)) {
  const auto make = [&](Table& table, size_t rows) {
    table.width = embedding_ + factors_;
    table.rows = Floats(rows * 3 * table.width);
    table.last.assign(rows, 0);
    table.slot.assign(rows, 0);
    table.stamp.assign(rows, 0);
  };
  make(customers_, shape_.customers);
  make(products_, shape_.products);
  size_t total = 0;
  size_t in = 2 * embedding_;
  if (embedding_ > 0) {
    for (const size_t width : shape_.layers) {
      Layer layer;
      layer.in = in;
      layer.out = padded(width);
      layer.weight = total;
      layer.bias = total + layer.in * layer.out;
      layer.transpose = Floats(layer.in * layer.out);
      total = layer.bias + layer.out;
      in = layer.out;
      layers_.push_back(std::move(layer));
    }
  }
  top_ = in;
  head_ = total;
  total += factors_ + top_ + kPad;
  for (Floats* flat : {&dense_, &dense_gradient_, &dense_first_, &dense_second_}) *flat = Floats(total);
  start(seed);
}

// Embeddings normal; the tower uniform after Glorot & Bengio (2010), the head after LeCun, as the authors' program has it.
void NeuralStep::start(uint64_t seed) {
  Random random(seed, "neural_cf");
  NeuralWeights weights;
  const auto normals = [&](std::vector<float>& values, size_t count) {
    values.resize(count);
    for (auto& value : values) value = static_cast<float>(shape_.start_deviation * random.normal());
  };
  const auto uniform = [&](std::vector<float>& values, size_t count, double bound) {
    values.resize(count);
    for (auto& value : values) value = static_cast<float>(bound * (2 * random.uniform() - 1));
  };
  normals(weights.customer_product, shape_.customers * shape_.factors);
  normals(weights.product_product, shape_.products * shape_.factors);
  normals(weights.customer_tower, shape_.customers * shape_.embedding);
  normals(weights.product_tower, shape_.products * shape_.embedding);
  size_t in = 2 * shape_.embedding;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const size_t out = shape_.layers[l];
    NeuralWeights::Layer layer;
    uniform(layer.weight, in * out, std::sqrt(6.0 / static_cast<double>(in + out)));
    layer.bias.assign(out, 0.0F);
    weights.layers.push_back(std::move(layer));
    in = out;
  }
  const size_t head = shape_.factors + in;
  uniform(weights.head, head, std::sqrt(3.0 / static_cast<double>(head)));
  set_weights(weights);
}

void NeuralStep::make_room(size_t batch) {
  if (batch <= room_) return;
  room_ = batch;
  for (Table* table : {&customers_, &products_}) table->gradient = Floats(batch * table->width);
  input_ = Floats(batch * 2 * embedding_);
  input_delta_ = Floats(batch * 2 * embedding_);
  crossed_ = Floats(batch * factors_);
  log_odds_ = Floats(batch);
  for (auto& layer : layers_) {
    layer.output = Floats(batch * layer.out);
    layer.delta = Floats(batch * layer.out);
  }
}

void NeuralStep::catch_up(Table& table, uint32_t row) {
  if (table.last[row] == adam_.step()) return;
  // Without a step so far the moments are 0 and there is nothing to miss.
  if (table.last[row] > 0) kernels_.settle(table.row(row), table.width, adam_.missed(table.last[row]), adam_.epsilon());
  table.last[row] = adam_.step();
}

void NeuralStep::catch_up_all() {
  for (Table* table : {&customers_, &products_}) {
    for (size_t row = 0; row < table->last.size(); ++row) catch_up(*table, static_cast<uint32_t>(row));
  }
}

// Each row of the batch gets its slot; a row that occurs more than once has one slot.
void NeuralStep::gather(Table& table, std::span<const uint32_t> ids) {
  table.touched.clear();
  table.slots.resize(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint32_t id = ids[i];
    if (table.stamp[id] != stamp_) {
      table.stamp[id] = stamp_;
      table.slot[id] = static_cast<uint32_t>(table.touched.size());
      table.touched.push_back(id);
      catch_up(table, id);
    }
    table.slots[i] = table.slot[id];
  }
}

void NeuralStep::forward(std::span<const uint32_t> customer, std::span<const uint32_t> product) {
  const size_t batch = customer.size();
  make_room(batch);
  ++stamp_;
  gather(customers_, customer);
  gather(products_, product);
  for (size_t b = 0; b < batch; ++b) {
    const float* p = customers_.row(customer[b]);
    const float* q = products_.row(product[b]);
    if (embedding_ > 0) {
      float* to = input_.data() + b * 2 * embedding_;
      std::copy_n(p, embedding_, to);
      std::copy_n(q, embedding_, to + embedding_);
    }
    if (factors_ > 0) kernels_.multiply(p + embedding_, q + embedding_, crossed_.data() + b * factors_, factors_);
  }
  const float* in = input_.data();
  for (auto& layer : layers_) {
    kernels_.product({batch, layer.out, layer.in, in, layer.in, 1, dense_.data() + layer.weight, layer.out, layer.output.data(), layer.out,
                      dense_.data() + layer.bias, true});
    in = layer.output.data();
  }
  const float* head = dense_.data() + head_;
  for (size_t b = 0; b < batch; ++b) {
    float z = head[factors_ + top_];
    if (factors_ > 0) z += kernels_.dot(head, crossed_.data() + b * factors_, factors_);
    if (top_ > 0) z += kernels_.dot(head + factors_, in + b * top_, top_);
    log_odds_.data()[b] = z;
  }
}

void NeuralStep::backward_tower(size_t batch) {
  for (size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const float* in = l > 0 ? layers_[l - 1].output.data() : input_.data();
    kernels_.rectify_gradient(layer.output.data(), layer.delta.data(), batch * layer.out);
    float* bias = dense_gradient_.data() + layer.bias;
    for (size_t b = 0; b < batch; ++b) kernels_.axpy(1, layer.delta.data() + b * layer.out, bias, layer.out);
    kernels_.product({layer.in, layer.out, batch, in, 1, layer.in, layer.delta.data(), layer.out, dense_gradient_.data() + layer.weight, layer.out,
                      nullptr, false});
    const float* weight = dense_.data() + layer.weight;
    for (size_t i = 0; i < layer.in; ++i) {
      for (size_t o = 0; o < layer.out; ++o) layer.transpose.data()[o * layer.in + i] = weight[i * layer.out + o];
    }
    float* to = l > 0 ? layers_[l - 1].delta.data() : input_delta_.data();
    kernels_.product({batch, layer.in, layer.out, layer.delta.data(), layer.out, 1, layer.transpose.data(), layer.in, to, layer.in, nullptr, false});
  }
}

double NeuralStep::backward(std::span<const float> label) {
  const size_t batch = label.size();
  dense_gradient_.clear();
  for (Table* table : {&customers_, &products_}) std::fill_n(table->gradient.data(), table->touched.size() * table->width, 0.0F);
  const float* head = dense_.data() + head_;
  float* head_gradient = dense_gradient_.data() + head_;
  const float* top = layers_.empty() ? input_.data() : layers_.back().output.data();
  float* top_delta = layers_.empty() ? input_delta_.data() : layers_.back().delta.data();
  double loss = 0;
  for (size_t b = 0; b < batch; ++b) {
    const float z = log_odds_.data()[b];
    const float e = std::exp(-std::fabs(z));
    loss += static_cast<double>(std::max(z, 0.0F) - z * label[b] + std::log1p(e));
    const float p = z >= 0 ? 1 / (1 + e) : e / (1 + e);
    const float delta = (p - label[b]) / static_cast<float>(batch);
    log_odds_.data()[b] = delta;
    head_gradient[factors_ + top_] += delta;
    if (factors_ > 0) kernels_.axpy(delta, crossed_.data() + b * factors_, head_gradient, factors_);
    if (top_ > 0) {
      kernels_.axpy(delta, top + b * top_, head_gradient + factors_, top_);
      std::fill_n(top_delta + b * top_, top_, 0.0F);
      kernels_.axpy(delta, head + factors_, top_delta + b * top_, top_);
    }
  }
  backward_tower(batch);
  for (size_t b = 0; b < batch; ++b) {
    float* to_customer = customers_.gradient.data() + customers_.slots[b] * customers_.width;
    float* to_product = products_.gradient.data() + products_.slots[b] * products_.width;
    if (embedding_ > 0) {
      const float* from = input_delta_.data() + b * 2 * embedding_;
      kernels_.axpy(1, from, to_customer, embedding_);
      kernels_.axpy(1, from + embedding_, to_product, embedding_);
    }
    if (factors_ > 0) {
      const float* p = customers_.row(customers_.touched[customers_.slots[b]]) + embedding_;
      const float* q = products_.row(products_.touched[products_.slots[b]]) + embedding_;
      kernels_.multiply_add(log_odds_.data()[b], head, q, to_customer + embedding_, factors_);
      kernels_.multiply_add(log_odds_.data()[b], head, p, to_product + embedding_, factors_);
    }
  }
  return loss / static_cast<double>(batch);
}

double NeuralStep::adam_step(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label, double rate) {
  forward(customer, product);
  const double loss = backward(label);
  const AdamRate now = adam_.begin(rate);
  for (Table* table : {&customers_, &products_}) {
    for (size_t s = 0; s < table->touched.size(); ++s) {
      kernels_.adam_row(table->row(table->touched[s]), table->gradient.data() + s * table->width, table->width, now);
      table->last[table->touched[s]] = adam_.step() + 1;
    }
  }
  kernels_.adam(dense_.data(), dense_first_.data(), dense_second_.data(), dense_gradient_.data(), dense_.size(), 0, now);
  adam_.end();
  return loss;
}

double NeuralStep::plain_step(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label, double rate) {
  forward(customer, product);
  const double loss = backward(label);
  const auto step = static_cast<float>(-rate);
  for (Table* table : {&customers_, &products_}) {
    for (size_t s = 0; s < table->touched.size(); ++s) {
      kernels_.axpy(step, table->gradient.data() + s * table->width, table->row(table->touched[s]), table->width);
    }
  }
  kernels_.axpy(step, dense_gradient_.data(), dense_.data(), dense_.size());
  return loss;
}

void NeuralStep::score(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<float> log_odds) {
  constexpr size_t kTile = 1024;
  for (size_t first = 0; first < customer.size(); first += kTile) {
    const size_t count = std::min(kTile, customer.size() - first);
    forward(customer.subspan(first, count), product.subspan(first, count));
    std::copy_n(log_odds_.data(), count, log_odds.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

NeuralWeights NeuralStep::gradient(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label) {
  forward(customer, product);
  (void)backward(label);
  // The gradients take the place of the weights for the copy, and give it back.
  NeuralWeights kept = weights();
  const auto place = [](Table& table) {
    for (size_t r = 0; r < table.last.size(); ++r) std::fill_n(table.row(r), table.width, 0.0F);
    for (size_t s = 0; s < table.touched.size(); ++s) std::copy_n(table.gradient.data() + s * table.width, table.width, table.row(table.touched[s]));
  };
  place(customers_);
  place(products_);
  std::swap(dense_, dense_gradient_);
  NeuralWeights result = weights();
  std::swap(dense_, dense_gradient_);
  for (const auto& [table, tower, product_part] :
       {std::tuple{&customers_, &kept.customer_tower, &kept.customer_product}, std::tuple{&products_, &kept.product_tower, &kept.product_product}}) {
    pad(*tower, table->last.size(), shape_.embedding, table->row(0), 3 * table->width);
    pad(*product_part, table->last.size(), shape_.factors, table->row(0) + embedding_, 3 * table->width);
  }
  return result;
}

NeuralWeights NeuralStep::weights() {
  catch_up_all();
  NeuralWeights weights;
  const auto tables = [&](Table& table, std::vector<float>& tower, std::vector<float>& product) {
    unpad(table.row(0), 3 * table.width, table.last.size(), shape_.embedding, tower);
    unpad(table.row(0) + embedding_, 3 * table.width, table.last.size(), shape_.factors, product);
  };
  tables(customers_, weights.customer_tower, weights.customer_product);
  tables(products_, weights.product_tower, weights.product_product);
  // The first layer reads two padded halves, the others one.
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const size_t out = shape_.layers[l];
    const size_t halves = l == 0 ? 2 : 1;
    const size_t in = l == 0 ? shape_.embedding : shape_.layers[l - 1];
    NeuralWeights::Layer copy;
    copy.weight.resize(out * in * halves);
    for (size_t half = 0; half < halves; ++half) {
      for (size_t i = 0; i < in; ++i) {
        const float* from = dense_.data() + layer.weight + (half * embedding_ + i) * layer.out;
        for (size_t o = 0; o < out; ++o) copy.weight[o * in * halves + half * in + i] = from[o];
      }
    }
    unpad(dense_.data() + layer.bias, 0, 1, out, copy.bias);
    weights.layers.push_back(std::move(copy));
  }
  const float* head = dense_.data() + head_;
  weights.head.assign(head, head + shape_.factors);
  if (layers_.empty()) {
    for (size_t half = 0; half < 2; ++half) {
      const float* from = head + factors_ + half * embedding_;
      weights.head.insert(weights.head.end(), from, from + shape_.embedding);
    }
  } else {
    weights.head.insert(weights.head.end(), head + factors_, head + factors_ + shape_.layers.back());
  }
  weights.bias = head[factors_ + top_];
  return weights;
}

void NeuralStep::set_weights(const NeuralWeights& weights) {
  adam_ = LazyAdam(kBeta1, kBeta2, kEpsilon);
  for (Table* table : {&customers_, &products_}) {
    table->rows.clear();
    std::fill(table->last.begin(), table->last.end(), 0U);
  }
  for (Floats* flat : {&dense_, &dense_first_, &dense_second_}) flat->clear();
  const auto tables = [&](Table& table, const std::vector<float>& tower, const std::vector<float>& product) {
    pad(tower, table.last.size(), shape_.embedding, table.row(0), 3 * table.width);
    pad(product, table.last.size(), shape_.factors, table.row(0) + embedding_, 3 * table.width);
  };
  tables(customers_, weights.customer_tower, weights.customer_product);
  tables(products_, weights.product_tower, weights.product_product);
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const size_t out = shape_.layers[l];
    const size_t halves = l == 0 ? 2 : 1;
    const size_t in = l == 0 ? shape_.embedding : shape_.layers[l - 1];
    for (size_t half = 0; half < halves; ++half) {
      for (size_t i = 0; i < in; ++i) {
        float* to = dense_.data() + layer.weight + (half * embedding_ + i) * layer.out;
        for (size_t o = 0; o < out; ++o) to[o] = weights.layers[l].weight[o * in * halves + half * in + i];
      }
    }
    std::copy(weights.layers[l].bias.begin(), weights.layers[l].bias.end(), dense_.data() + layer.bias);
  }
  float* head = dense_.data() + head_;
  const float* from = weights.head.data();
  std::copy_n(from, shape_.factors, head);
  if (layers_.empty()) {
    for (size_t half = 0; half < 2; ++half) {
      std::copy_n(from + shape_.factors + half * shape_.embedding, shape_.embedding, head + factors_ + half * embedding_);
    }
  } else {
    std::copy_n(from + shape_.factors, shape_.layers.back(), head + factors_);
  }
  head[factors_ + top_] = weights.bias;
}

}  // namespace obligor::recsys
