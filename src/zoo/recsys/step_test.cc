// The written-out training steps against libtorch's gradients, brute force and Adam over whole tables.
#include <cmath>
#include <functional>
#include <optional>
#include <string>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "core/instruction_set.h"
#include "core/random.h"
#include "zoo/recsys/autorec_step.h"
#include "zoo/recsys/neural_step.h"
#include "zoo/recsys/recsys_test_data.h"

namespace obligor::recsys {
namespace {

using at::Tensor;

struct Batch {
  std::vector<uint32_t> customer, product;
  std::vector<float> label;
};

Batch random_batch(const NeuralShape& shape, size_t rows, Random& random) {
  Batch batch;
  for (size_t i = 0; i < rows; ++i) {
    batch.customer.push_back(static_cast<uint32_t>(random.below(shape.customers)));
    batch.product.push_back(static_cast<uint32_t>(random.below(shape.products)));
    batch.label.push_back(static_cast<float>(random.below(2)));
  }
  return batch;
}

Tensor leaf(const std::vector<float>& values, std::vector<int64_t> dims) {
  Tensor tensor = at::tensor(values, at::kFloat).to(at::kDouble).view(dims).clone();
  tensor.set_requires_grad(true);
  return tensor;
}

void expect_close(const std::vector<float>& ours, const Tensor& theirs, const std::string& what) {
  if (ours.empty()) return;
  const Tensor flat = theirs.contiguous().view({-1});
  ASSERT_EQ(static_cast<int64_t>(ours.size()), flat.numel()) << what;
  const double largest = flat.abs().max().item<double>();
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(ours[i]), flat[static_cast<int64_t>(i)].item<double>(), 1e-5 * std::max(largest, 1e-3)) << what << ' ' << i;
  }
}

Tensor codes(const std::vector<uint32_t>& ids) {
  std::vector<int64_t> wide(ids.begin(), ids.end());
  return at::tensor(wide, at::kLong);
}

void expect_gradient_of_autograd(NeuralShape shape, size_t rows) {
  c10::AutoGradMode with(true);
  Random random(11, "gradient");
  shape.start_deviation = 0.5;
  NeuralStep net(shape, 3);
  const Batch batch = random_batch(shape, rows, random);
  // Away from the start, where some gradients vanish.
  for (int step = 0; step < 3; ++step) (void)net.adam_step(batch.customer, batch.product, batch.label, 0.01);
  const NeuralWeights w = net.weights();
  const NeuralWeights g = net.gradient(batch.customer, batch.product, batch.label);

  const auto customers = static_cast<int64_t>(shape.customers);
  const auto products = static_cast<int64_t>(shape.products);
  const auto factors = static_cast<int64_t>(shape.factors);
  const auto embedding = static_cast<int64_t>(shape.embedding);
  std::vector<Tensor> parts;
  Tensor p, q, pt, qt;
  const Tensor c = codes(batch.customer);
  const Tensor i = codes(batch.product);
  if (factors > 0) {
    p = leaf(w.customer_product, {customers, factors});
    q = leaf(w.product_product, {products, factors});
    parts.push_back(p.index_select(0, c) * q.index_select(0, i));
  }
  std::vector<Tensor> weights, biases;
  if (embedding > 0) {
    pt = leaf(w.customer_tower, {customers, embedding});
    qt = leaf(w.product_tower, {products, embedding});
    Tensor x = at::cat({pt.index_select(0, c), qt.index_select(0, i)}, 1);
    for (const auto& layer : w.layers) {
      const auto out = static_cast<int64_t>(layer.bias.size());
      weights.push_back(leaf(layer.weight, {out, static_cast<int64_t>(layer.weight.size()) / out}));
      biases.push_back(leaf(layer.bias, {out}));
      x = at::relu(at::linear(x, weights.back(), biases.back()));
    }
    parts.push_back(x);
  }
  const Tensor head = leaf(w.head, {static_cast<int64_t>(w.head.size())});
  const Tensor bias = leaf({w.bias}, {1});
  const Tensor z = at::mv(at::cat(parts, 1), head) + bias;
  const Tensor loss = at::binary_cross_entropy_with_logits(z, at::tensor(batch.label, at::kFloat).to(at::kDouble));
  loss.backward();
  if (factors > 0) {
    expect_close(g.customer_product, p.grad(), "p");
    expect_close(g.product_product, q.grad(), "q");
  }
  if (embedding > 0) {
    expect_close(g.customer_tower, pt.grad(), "p'");
    expect_close(g.product_tower, qt.grad(), "q'");
    for (size_t l = 0; l < weights.size(); ++l) {
      expect_close(g.layers[l].weight, weights[l].grad(), "weight");
      expect_close(g.layers[l].bias, biases[l].grad(), "bias");
    }
  }
  expect_close(g.head, head.grad(), "head");
  expect_close({g.bias}, bias.grad(), "bias of the head");
  EXPECT_NEAR(net.adam_step(batch.customer, batch.product, batch.label, 0.0), loss.item<double>(), 1e-5);
}

// Widths that fill registers and widths that do not, on every instruction set of the machine; rows of a batch repeat.
TEST(NeuralStep, GradientIsThatOfAutograd) {
  for (const auto set : present_sets()) {
    use_set(set);
    expect_gradient_of_autograd({.customers = 20, .products = 15, .factors = 8, .embedding = 32, .layers = {32, 16, 8}}, 64);
    expect_gradient_of_autograd({.customers = 9, .products = 7, .factors = 5, .embedding = 20, .layers = {11, 5}}, 37);
    expect_gradient_of_autograd({.customers = 9, .products = 7, .factors = 0, .embedding = 80, .layers = {70, 33}}, 21);
    expect_gradient_of_autograd({.customers = 9, .products = 7, .factors = 3, .embedding = 0, .layers = {}}, 10);
    expect_gradient_of_autograd({.customers = 9, .products = 7, .factors = 3, .embedding = 4, .layers = {}}, 10);
  }
  use_set(std::nullopt);
}

// Adam over all rows of all tables, each step, from the gradients of a network of its own: what touching few rows must equal.
TEST(NeuralStep, AdamOnTouchedRowsIsAdamOnWholeTables) {
  const NeuralShape shape{.customers = 300, .products = 200, .factors = 6, .embedding = 12, .layers = {12, 6}};
  NeuralStep lazy(shape, 3);
  NeuralStep whole(shape, 3);
  Random random(4, "batches");
  NeuralWeights x = whole.weights();
  const auto each = [](NeuralWeights& w, const std::function<void(std::vector<float>&)>& visit) {
    for (auto* part : {&w.customer_product, &w.product_product, &w.customer_tower, &w.product_tower, &w.head}) visit(*part);
    for (auto& layer : w.layers) {
      visit(layer.weight);
      visit(layer.bias);
    }
    std::vector<float> bias{w.bias};
    visit(bias);
    w.bias = bias[0];
  };
  const auto flat = [&](NeuralWeights w) {
    std::vector<float> values;
    each(w, [&](std::vector<float>& part) { values.insert(values.end(), part.begin(), part.end()); });
    return values;
  };
  std::vector<double> value;
  for (const float one : flat(x)) value.push_back(static_cast<double>(one));
  const std::vector<double> start = value;
  std::vector<double> first(value.size());
  std::vector<double> second(value.size());
  constexpr double kRate = 0.003;
  for (int step = 1; step <= 400; ++step) {
    // Rows of the first third alone for a long while, so that the others miss hundreds of steps.
    NeuralShape some = shape;
    if (step > 20 && step < 380) {
      some.customers = 100;
      some.products = 60;
    }
    const Batch batch = random_batch(some, 8, random);
    const auto gradient = flat(whole.gradient(batch.customer, batch.product, batch.label));
    const double rate = kRate * std::sqrt(1 - std::pow(0.999, step)) / (1 - std::pow(0.9, step));
    for (size_t i = 0; i < value.size(); ++i) {
      const auto g = static_cast<double>(gradient[i]);
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.999 * second[i] + 0.001 * g * g;
      value[i] -= rate * first[i] / (std::sqrt(second[i]) + 1e-8);
    }
    size_t at = 0;
    each(x, [&](std::vector<float>& part) {
      for (float& one : part) one = static_cast<float>(value[at++]);
    });
    whole.set_weights(x);
    (void)lazy.adam_step(batch.customer, batch.product, batch.label, kRate);
  }
  const auto reached = flat(lazy.weights());
  double moved = 0;
  double apart = 0;
  for (size_t i = 0; i < reached.size(); ++i) {
    moved = std::max(moved, std::fabs(value[i] - start[i]));
    apart = std::max(apart, std::fabs(static_cast<double>(reached[i]) - value[i]));
  }
  EXPECT_GT(moved, 0.1);
  EXPECT_LT(apart, 2e-4 * moved);  // float32 in the one, float64 moments in the other, over 400 steps that feed on each other
}

// The sums that a row misses, term by term in float64; also where the gradient is so small that epsilon matters.
TEST(LazyAdam, WhatARowMissesIsTheSumOfItsSteps) {
  for (const double epsilon : {1e-8, 1e-4}) {
    for (const double scale : {1e-6, 1e-3, 1.0}) {
      LazyAdam adam(0.9, 0.999, epsilon);
      Floats row(3 * kPad);
      Floats gradient(kPad);
      gradient.data()[0] = static_cast<float>(scale);
      double x = 0;
      double m = 0;
      double v = 0;
      uint32_t last = 0;
      for (int step = 1; step <= 900; ++step) {
        const bool touched = step == 1 || step == 2 || step == 5 || step == 40 || step == 41 || step == 300 || step == 900;
        const double g = touched ? static_cast<double>(static_cast<float>(scale)) : 0;
        const double rate = 0.001 * std::sqrt(1 - std::pow(0.999, step)) / (1 - std::pow(0.9, step));
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        x -= rate * m / (std::sqrt(v) + epsilon);
        if (touched && last > 0) kernels().settle(row.data(), kPad, adam.missed(last), adam.epsilon());
        const AdamRate now = adam.begin(0.001);
        if (touched) {
          kernels().adam_row(row.data(), gradient.data(), kPad, now);
          last = static_cast<uint32_t>(step);
        }
        adam.end();
      }
      EXPECT_NEAR(static_cast<double>(row.data()[0]), x, 1e-6 * std::fabs(x)) << epsilon << ' ' << scale;
      EXPECT_EQ(row.data()[1], 0.0F);
    }
  }
}

TEST(NeuralStep, PlainStepGoesAgainstTheGradient) {
  const NeuralShape shape{.customers = 6, .products = 5, .factors = 4, .embedding = 6, .layers = {6, 3}};
  NeuralStep net(shape, 8);
  Random random(5, "plain");
  const Batch batch = random_batch(shape, 12, random);
  const NeuralWeights before = net.weights();
  const NeuralWeights gradient = net.gradient(batch.customer, batch.product, batch.label);
  (void)net.plain_step(batch.customer, batch.product, batch.label, 0.5);
  const NeuralWeights after = net.weights();
  for (size_t i = 0; i < before.customer_tower.size(); ++i) {
    EXPECT_NEAR(after.customer_tower[i], before.customer_tower[i] - 0.5F * gradient.customer_tower[i], 1e-6F);
  }
  for (size_t i = 0; i < before.head.size(); ++i) EXPECT_NEAR(after.head[i], before.head[i] - 0.5F * gradient.head[i], 1e-6F);
}

// The loss counts known entries alone: by central differences of a loss written as the paper has it, over a dense matrix with a mask.
double masked_loss(const AutorecGradient& w, const Lists& vectors, std::span<const uint32_t> batch, const AutorecShape& shape) {
  double loss = 0;
  for (const uint32_t vector : batch) {
    std::vector<double> dense(shape.entries);
    std::vector<bool> known(shape.entries);
    for (size_t i = 0; i < vectors.of(vector).size(); ++i) {
      dense[vectors.of(vector)[i]] = static_cast<double>(vectors.values_of(vector)[i]);
      known[vectors.of(vector)[i]] = true;
    }
    std::vector<double> units(shape.hidden);
    for (size_t k = 0; k < shape.hidden; ++k) {
      double sum = static_cast<double>(w.encoder_bias[k]);
      for (size_t e = 0; e < shape.entries; ++e) sum += static_cast<double>(w.encoder[e * shape.hidden + k]) * dense[e];
      units[k] = 1 / (1 + std::exp(-sum));
    }
    for (size_t e = 0; e < shape.entries; ++e) {
      double h = static_cast<double>(w.decoder_bias[e]);
      for (size_t k = 0; k < shape.hidden; ++k) h += static_cast<double>(w.decoder[e * shape.hidden + k]) * units[k];
      if (known[e]) loss += (dense[e] - h) * (dense[e] - h);
    }
  }
  double squares = 0;
  for (const float x : w.encoder) squares += static_cast<double>(x) * static_cast<double>(x);
  for (const float x : w.decoder) squares += static_cast<double>(x) * static_cast<double>(x);
  return loss + shape.l2 / 2 * squares * static_cast<double>(batch.size()) / static_cast<double>(shape.vectors);
}

TEST(AutorecStep, GradientIsThatOfTheMaskedLoss) {
  const Interactions pairs = recsys_test::planted_ratings(12, 9, 0.4, 3);
  const Lists by_product = lists_by_product(pairs);
  const AutorecShape shape{.entries = 12, .hidden = 5, .activation = Hidden::kSigmoid, .l2 = 0.7, .vectors = 9};
  AutorecStep step(shape, 3, 4);
  const std::vector<uint32_t> batch{0, 3, 4, 8};
  for (int i = 0; i < 5; ++i) (void)step.adam_step(by_product, batch, 0.01);
  const AutorecGradient gradient = step.gradient(by_product, batch);
  AutorecGradient w = step.weights();
  const auto check = [&](std::vector<float>& part, const std::vector<float>& slopes, const char* what) {
    for (size_t i = 0; i < part.size(); ++i) {
      const float kept = part[i];
      part[i] = kept + 0.01F;
      const float high = part[i];
      const double above = masked_loss(w, by_product, batch, shape);
      part[i] = kept - 0.01F;
      const double below = masked_loss(w, by_product, batch, shape);
      const double slope = (above - below) / (static_cast<double>(high) - static_cast<double>(part[i]));
      part[i] = kept;
      ASSERT_NEAR(static_cast<double>(slopes[i]), slope, 2e-3 * std::max(1.0, std::fabs(slope))) << what << ' ' << i;
    }
  };
  check(w.encoder, gradient.encoder, "encoder");
  check(w.encoder_bias, gradient.encoder_bias, "encoder's bias");
  check(w.decoder, gradient.decoder, "decoder");
  check(w.decoder_bias, gradient.decoder_bias, "decoder's bias");
}

TEST(AutorecStep, GradientIsThatOfAutograd) {
  c10::AutoGradMode with(true);
  const Interactions pairs = recsys_test::planted_ratings(30, 21, 0.4, 5);
  const Lists by_product = lists_by_product(pairs);
  const AutorecShape shape{.entries = 30, .hidden = 19, .activation = Hidden::kSigmoid, .l2 = 2, .vectors = 21};
  AutorecStep step(shape, 3, 4);
  std::vector<uint32_t> batch;
  for (uint32_t v = 0; v < 21; v += 2) batch.push_back(v);
  for (int i = 0; i < 5; ++i) (void)step.adam_step(by_product, batch, 0.01);
  const AutorecGradient g = step.gradient(by_product, batch);
  const AutorecGradient w = step.weights();
  const Tensor v = leaf(w.encoder, {30, 19});
  const Tensor mu = leaf(w.encoder_bias, {19});
  const Tensor o = leaf(w.decoder, {30, 19});
  const Tensor b = leaf(w.decoder_bias, {30});
  Tensor r = at::zeros({static_cast<int64_t>(batch.size()), 30}, at::kDouble);
  for (size_t row = 0; row < batch.size(); ++row) {
    for (size_t i = 0; i < by_product.of(batch[row]).size(); ++i) {
      r[static_cast<int64_t>(row)][static_cast<int64_t>(by_product.of(batch[row])[i])] = static_cast<double>(by_product.values_of(batch[row])[i]);
    }
  }
  const Tensor h = at::matmul(at::sigmoid(at::matmul(r, v) + mu), o.t()) + b;
  const Tensor error = (h - r) * (r > 0);
  const double share = static_cast<double>(batch.size()) / 21;
  const Tensor loss = error.square().sum() + share * (v.square().sum() + o.square().sum());
  loss.backward();
  expect_close(g.encoder, v.grad(), "encoder");
  expect_close(g.encoder_bias, mu.grad(), "encoder's bias");
  expect_close(g.decoder, o.grad(), "decoder");
  expect_close(g.decoder_bias, b.grad(), "decoder's bias");
}

}  // namespace
}  // namespace obligor::recsys
