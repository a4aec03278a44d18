// The fused step against the network of libtorch, which network_test.cc holds against autograd.
#include "zoo/net/fused_network.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/tape.h"

namespace obligor::net {
namespace {

constexpr size_t kRows = 200;
constexpr size_t kWidth = 6;

struct Data {
  std::vector<float> features;
  std::vector<int32_t> first, second;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  [[nodiscard]] Batch batch() const { return {kRows, kWidth, features, {first, second}}; }
};

Data make_data() {
  Random random(7, "fused network");
  Data data;
  for (size_t i = 0; i < kRows * kWidth; ++i) data.features.push_back(static_cast<float>(random.normal()));
  for (size_t r = 0; r < kRows; ++r) {
    data.first.push_back(static_cast<int32_t>(random.below(4)));
    data.second.push_back(static_cast<int32_t>(random.below(9)));
    data.target.push_back(static_cast<double>(data.features[r * kWidth]) + 0.5 * random.normal() > 0.3 ? 1 : 0);
    data.weight.push_back(0.5 + random.uniform());
  }
  return data;
}

// Every activation, with and without members, batch norm, residuals and embeddings; widths that are no whole vectors.
std::vector<NetworkShape> shapes() {
  std::vector<NetworkShape> out;
  for (const auto activation : {Activation::kRelu, Activation::kSelu, Activation::kTanh, Activation::kSilu, Activation::kSigmoid}) {
    for (const size_t members : {size_t{1}, size_t{4}}) {
      out.push_back({.width = kWidth, .code_levels = {}, .layers = 3, .hidden = 19, .members = members, .activation = activation});
    }
  }
  for (const size_t members : {size_t{1}, size_t{3}}) {
    for (const bool batch_norm : {false, true}) {
      out.push_back(
          {.width = kWidth, .code_levels = {4, 9}, .embedding = 3, .layers = 3, .hidden = 16, .members = members, .batch_norm = batch_norm});
      out.back().residual = true;
    }
  }
  out.push_back({.width = kWidth, .code_levels = {}, .layers = 1, .hidden = 33, .members = 8});
  return out;
}

std::string name_of(const NetworkShape& shape) {
  return std::string(activation_name(shape.activation)) + ", " + std::to_string(shape.members) + " members, " + std::to_string(shape.layers) +
         " layers" + (shape.batch_norm ? ", batch norm" : "") + (shape.code_levels.empty() ? "" : ", embeddings");
}

struct Pair {
  Network oracle;
  FusedNetwork fused;
  Pair(const NetworkShape& shape, const Data& data)
      : oracle(shape, Context({.seed = 9, .threads = 1})), fused(shape, Context({.seed = 9, .threads = 1})) {
    for (Trainable* network : both()) {
      network->set_data(data.batch(), data.target, data.weight, 64);
      network->set_order(Random(1, "order").permutation(kRows));
    }
  }
  std::vector<Trainable*> both() { return {&oracle, &fused}; }
};

void expect_gradients_alike(const Pair& pair, const std::string& name) {
  const auto expected = pair.oracle.last_gradients();
  const auto actual = pair.fused.last_gradients();
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t p = 0; p < expected.size(); ++p) {
    ASSERT_EQ(actual[p].name, expected[p].name);
    ASSERT_EQ(actual[p].values.size(), expected[p].values.size());
    double largest = 0;
    double difference = 0;
    for (size_t i = 0; i < expected[p].values.size(); ++i) {
      const auto value = static_cast<double>(expected[p].values[i]);
      largest = std::max(largest, std::fabs(value));
      difference = std::max(difference, std::fabs(value - static_cast<double>(actual[p].values[i])));
    }
    EXPECT_LT(difference, 1e-5 * std::max(largest, 0.01)) << name << ": " << expected[p].name;
  }
}

TEST(FusedNetwork, GradientsAreThoseOfLibtorch) {
  const Data data = make_data();
  for (const auto& shape : shapes()) {
    Pair pair(shape, data);
    // The last batch is one row, which has no variance of its own.
    for (const auto& [begin, end] : {std::pair{size_t{0}, size_t{64}}, std::pair{size_t{64}, size_t{101}}, std::pair{size_t{101}, size_t{102}}}) {
      for (Trainable* network : pair.both()) network->gradients(begin, end);
      expect_gradients_alike(pair, name_of(shape));
    }
    EXPECT_NEAR(pair.fused.take_loss(), pair.oracle.take_loss(), 1e-6) << name_of(shape);
  }
}

TEST(FusedNetwork, LayersAreSeenAndClippedAsLibtorchDoes) {
  const Data data = make_data();
  for (const auto& shape : shapes()) {
    Pair pair(shape, data);
    const auto expected = pair.oracle.watched_gradients(0, 64);
    const auto actual = pair.fused.watched_gradients(0, 64);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t l = 0; l < expected.size(); ++l) {
      EXPECT_EQ(actual[l].layer, expected[l].layer);
      EXPECT_EQ(actual[l].active, expected[l].active);
      EXPECT_NEAR(actual[l].gradient_norm, expected[l].gradient_norm, 1e-5 * (1 + expected[l].gradient_norm)) << name_of(shape);
      EXPECT_NEAR(actual[l].signal, expected[l].signal, 1e-5 * (1 + expected[l].signal)) << name_of(shape);
      EXPECT_NEAR(actual[l].saturation, expected[l].saturation, 0.01) << name_of(shape);
    }
    for (Trainable* network : pair.both()) network->clip(1e-3);
    double squares = 0;
    for (const auto& array : pair.fused.last_gradients()) {
      for (const float g : array.values) squares += static_cast<double>(g) * static_cast<double>(g);
    }
    EXPECT_NEAR(std::sqrt(squares), 1e-3, 1e-6);
  }
}

TEST(FusedNetwork, StepsLeadToTheSameNetwork) {
  const Data data = make_data();
  for (const auto& shape : shapes()) {
    Pair pair(shape, data);
    EXPECT_EQ(pair.oracle.parameters().size(), pair.fused.parameters().size());
    for (size_t step = 0; step < 12; ++step) {
      const size_t begin = step % 3 * 60;
      for (Trainable* network : pair.both()) {
        network->gradients(begin, begin + (step == 7 ? 31 : 60));
        network->update(0.01, 0.1);
        if (step == 8) network->keep();
        if (step == 10) network->restore();
      }
    }
    for (Trainable* network : pair.both()) network->forget_data();
    const auto expected = pair.oracle.predict(data.batch());
    const auto actual = pair.fused.predict(data.batch());
    double difference = 0;
    for (size_t r = 0; r < kRows; ++r) difference = std::max(difference, std::fabs(expected[r] - actual[r]));
    EXPECT_LT(difference, 2e-4) << name_of(shape);
    EXPECT_GT(std::fabs(expected[0] - expected[1]), 1e-6);
  }
}

TEST(FusedNetwork, ParametersAreSetByNameAndSize) {
  const Data data = make_data();
  const NetworkShape shape{.width = kWidth, .code_levels = {4, 9}, .embedding = 3, .layers = 2, .hidden = 19, .activation = Activation::kSigmoid};
  Pair pair(shape, data);
  std::vector<NamedArray> given;
  Random random(3, "given");
  for (NamedArray array : pair.fused.parameters()) {
    for (float& value : array.values) value = static_cast<float>(random.normal());
    pair.oracle.set(array.name, array.values);
    pair.fused.set(array.name, array.values);
    given.push_back(std::move(array));
  }
  for (size_t p = 0; p < given.size(); ++p) EXPECT_EQ(pair.fused.parameters()[p].values, given[p].values) << given[p].name;
  for (Trainable* network : pair.both()) network->gradients(0, 64);
  expect_gradients_alike(pair, "set");
  // And by name alone where the network is made.
  for (const Engine engine : {Engine::kFused, Engine::kTorch}) {
    const auto network = make_network(shape, Context({.seed = 1, .threads = 1}), engine, [&] { return given; });
    EXPECT_EQ(network->predict(data.batch()), engine == Engine::kFused ? pair.fused.predict(data.batch()) : pair.oracle.predict(data.batch()));
  }
  using Case = std::pair<std::string, size_t>;
  for (const Case& wrong : {Case{"weight:0", 3}, Case{"weight:2", 361}, Case{"no such", 1}}) {
    const std::vector<float> values(wrong.second, 1.0F);
    const auto message = [&](auto& network) -> std::string {
      try {
        network.set(wrong.first, values);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInternal);
        return error.what();
      }
      return "nothing was thrown";
    };
    EXPECT_EQ(message(pair.fused), message(pair.oracle));
    EXPECT_NE(message(pair.fused).find(wrong.first), std::string::npos);
  }
}

// Each kept unit is scaled by 1 / (1 - share), the same ones forward and backward, others in the next pass.
TEST(FusedNetwork, DropoutDropsTheSameUnitsOnBothWays) {
  constexpr size_t kUnits = 37;
  std::vector<float> bias(kUnits + 16, 0.5F);
  std::vector<float> d_bias(kUnits + 16);
  Tape tape(50, true);
  const Slot z = tape.slot(kUnits);
  const Slot y = tape.unit(z, {bias.data(), d_bias.data()}, Activation::kSigmoid, 0.25, 3);
  const float slope = 1 / (2 + std::exp(1.0F) + std::exp(-1.0F));  // of the sigmoid at 1
  size_t zeros = 0;
  size_t differ = 0;
  std::vector<char> last;
  for (int pass = 0; pass < 40; ++pass) {
    std::fill_n(tape.value(z), 50 * kUnits, 0.5F);
    std::fill_n(tape.gradient(y), 50 * kUnits, 1.0F);
    tape.forward(50);
    tape.backward(50);
    std::vector<float> sums(kUnits);
    std::vector<char> dropped;
    for (size_t i = 0; i < 50 * kUnits; ++i) {
      const float value = tape.value(y)[i];
      dropped.push_back(value == 0 ? 1 : 0);
      EXPECT_NEAR(value, value == 0 ? 0 : 0.7310586F / 0.75F, 1e-6);
      EXPECT_NEAR(tape.gradient(z)[i], value == 0 ? 0 : slope / 0.75F, 1e-6);
      sums[i % kUnits] += tape.gradient(z)[i];
      zeros += value == 0 ? 1U : 0U;
      differ += pass > 0 && last[i] != dropped[i] ? 1U : 0U;
    }
    for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(d_bias[u], sums[u], 1e-4);
    last = dropped;
  }
  EXPECT_NEAR(static_cast<double>(zeros) / (40 * 50 * kUnits), 0.25, 0.01);
  EXPECT_NEAR(static_cast<double>(differ) / (39 * 50 * kUnits), 2 * 0.25 * 0.75, 0.01);  // of independent masks
}

TEST(FusedNetwork, WhatHasNoFusedStepSaysSo) {
  NetworkShape shape{.width = 2, .code_levels = {}};
  shape.activation = Activation::kGelu;
  const Context context({.seed = 1, .threads = 1});
  EXPECT_FALSE(has_fused_step(shape));
  EXPECT_THROW((void)make_network(shape, context, Engine::kFused), Error);
  EXPECT_NE(dynamic_cast<Network*>(make_network(shape, context, Engine::kAuto).get()), nullptr);
  shape.activation = Activation::kRelu;
  EXPECT_NE(dynamic_cast<FusedNetwork*>(make_network(shape, context, Engine::kAuto).get()), nullptr);
}

}  // namespace
}  // namespace obligor::net
