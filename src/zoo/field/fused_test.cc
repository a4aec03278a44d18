#include "zoo/field/fused.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/instruction_set.h"
#include "core/random.h"
#include "zoo/field/attention.h"
#include "zoo/field/layout.h"
#include "zoo/field/network.h"
#include "zoo/net/tape.h"

namespace obligor::field {
namespace {

// Two numbers, two category columns, and a target that depends on both kinds.
struct Sample {
  std::vector<float> features;
  std::vector<int32_t> first, second;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  std::vector<uint32_t> levels{5, 30};
  [[nodiscard]] Batch batch() const { return {target.size(), 2, features, {first, second}}; }
};

Sample make_sample(size_t rows) {
  Random random(5, "fused");
  Sample sample;
  for (size_t r = 0; r < rows; ++r) {
    sample.features.push_back(static_cast<float>(random.normal()));
    sample.features.push_back(static_cast<float>(random.uniform()));
    sample.first.push_back(static_cast<int32_t>(random.below(5)));
    sample.second.push_back(static_cast<int32_t>(random.below(30)));
    sample.target.push_back(random.uniform() < (sample.second.back() % 3 == 0 ? 0.7 : 0.2) ? 1 : 0);
    sample.weight.push_back(0.5 + random.uniform());
  }
  return sample;
}

FitInput input_of(const Sample& sample) {
  FitInput input;
  input.train = sample.batch();
  input.target = sample.target;
  input.weight = sample.weight;
  input.valid = sample.batch();
  input.valid_target = sample.target;
  input.code_levels = sample.levels;
  return input;
}

struct Case {
  std::string name;
  FieldShape shape;
};

std::vector<Case> cases(const FitInput& input) {
  const auto shape = [&](Kind kind, NumbersAs numbers_as) {
    FieldShape s;
    s.kind = kind;
    s.space = fit_space(input, numbers_as, 4);
    s.embedding = 5;
    s.start_deviation = 0.3;
    s.hidden = {7, 6};
    s.linear = kind == Kind::kFm || kind == Kind::kNfm || kind == Kind::kDeepFm || kind == Kind::kAfm;
    return s;
  };
  std::vector<Case> all;
  for (const auto numbers_as : {NumbersAs::kValue, NumbersAs::kPiecewise, NumbersAs::kBins}) {
    const std::string by = " " + std::to_string(static_cast<int>(numbers_as));
    all.push_back({"fm" + by, shape(Kind::kFm, numbers_as)});
    all.push_back({"nfm" + by, shape(Kind::kNfm, numbers_as)});
    all.back().shape.batch_norm = true;
    all.push_back({"deepfm" + by, shape(Kind::kDeepFm, numbers_as)});
    all.back().shape.activation = net::Activation::kSelu;
    all.push_back({"afm" + by, shape(Kind::kAfm, numbers_as)});
    all.back().shape.attended = {0, 2, 3};
    all.push_back({"pnn" + by, shape(Kind::kPnn, numbers_as)});
    all.back().shape.inner = true;
    all.back().shape.outer = true;
    all.back().shape.activation = net::Activation::kTanh;
  }
  for (const auto numbers_as : {NumbersAs::kDirect, NumbersAs::kPiecewise}) {
    const std::string by = " " + std::to_string(static_cast<int>(numbers_as));
    for (const bool ftrl : {false, true}) {
      all.push_back({"wide_deep" + by, shape(Kind::kWideDeep, numbers_as)});
      all.back().shape.crosses = choose_crosses(input, 3);
      all.back().shape.wide_ftrl = ftrl;
      all.back().shape.ftrl = {0.1, 0.01, 1};
      all.back().shape.activation = net::Activation::kSilu;
    }
    all.push_back({"deep_crossing" + by, shape(Kind::kDeepCrossing, numbers_as)});
    all.back().shape.raw_levels = 10;
    all.back().shape.blocks = 2;
    for (const bool parallel : {false, true}) {
      all.push_back({"dcn_v2" + by, shape(Kind::kDcnV2, numbers_as)});
      all.back().shape.blocks = 2;
      all.back().shape.rank = parallel ? 3 : 0;
      all.back().shape.parallel = parallel;
    }
  }
  all.push_back({"nfm square", shape(Kind::kNfm, NumbersAs::kValue)});
  all.back().shape.square_loss = true;
  all.push_back({"resnet", shape(Kind::kResNet, NumbersAs::kDirect)});
  all.back().shape.blocks = 2;
  all.back().shape.feed_forward = 9;
  for (const size_t members : {size_t{1}, size_t{3}}) {
    all.push_back({"tabm " + std::to_string(members), shape(Kind::kTabM, NumbersAs::kDirect)});
    all.back().shape.members = members;
    all.back().shape.activation = net::Activation::kTanh;
  }
  for (const size_t blocks : {size_t{1}, size_t{3}}) {
    for (const auto numbers_as : {NumbersAs::kValue, NumbersAs::kPiecewise}) {
      all.push_back({"ft_transformer " + std::to_string(blocks), shape(Kind::kFtTransformer, numbers_as)});
      FieldShape& s = all.back().shape;
      s.blocks = blocks;
      s.embedding = blocks == 1 ? 6 : 40;
      s.heads = 2;
      s.feed_forward = 9;
      s.number_bias = numbers_as == NumbersAs::kValue;
    }
  }
  return all;
}

bool reads_table(const FieldShape& shape) { return shape.kind != Kind::kResNet && shape.kind != Kind::kTabM; }

template <typename Network>
void set_up(Network& network, const FitInput& input) {
  network.set_data(input.train, input.target, input.weight, 64);
  network.set_order(Random(1, "order").permutation(input.train.rows));
}

const std::vector<float>& values_of(const std::vector<net::NamedArray>& arrays, const std::string& name) { return net::Lookup(arrays).get(name); }

// Every gradient to 1e-5 of the largest of its array (or of the smallest that float32 sums can tell).
void expect_gradients_of_autograd(const Case& tested, const FitInput& input) {
  FieldNetwork oracle(tested.shape, Context({.seed = 9, .threads = 1}));
  FusedFieldNetwork fused(tested.shape, Context({.seed = 9, .threads = 1}));
  set_up(oracle, input);
  set_up(fused, input);
  oracle.gradients(0, 64);
  fused.gradients(0, 64);
  const auto expected = oracle.last_gradients();
  const auto actual = fused.last_gradients();
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& array : expected) {
    const auto& values = values_of(actual, array.name);
    double largest = 0;
    double difference = 0;
    for (size_t i = 0; i < array.values.size(); ++i) {
      largest = std::max(largest, std::fabs(static_cast<double>(array.values[i])));
      difference = std::max(difference, std::fabs(static_cast<double>(array.values[i]) - static_cast<double>(values[i])));
    }
    EXPECT_LT(difference, 1e-5 * std::max(largest, 0.03)) << tested.name << " " << array.name;
  }
  const double loss = oracle.take_loss();
  EXPECT_NEAR(fused.take_loss(), loss, 1e-6 * std::max(loss, 1.0)) << tested.name;
}

TEST(Fused, GradientsAreThoseOfAutograd) {
  const Sample sample = make_sample(300);
  const FitInput input = input_of(sample);
  for (const Case& tested : cases(input)) expect_gradients_of_autograd(tested, input);
}

// Two numbers and 21 category columns.
struct Wide {
  Sample sample = make_sample(300);
  std::vector<std::vector<int32_t>> columns{21};
  FitInput input;
  Wide() {
    Random random(6, "columns");
    sample.levels.clear();
    for (auto& column : columns) {
      sample.levels.push_back(static_cast<uint32_t>(2 + random.below(6)));
      for (size_t r = 0; r < 300; ++r) column.push_back(static_cast<int32_t>(random.below(sample.levels.back())));
    }
    input = input_of(sample);
    input.train.codes.assign(columns.begin(), columns.end());
    input.valid = input.train;
    input.code_levels = sample.levels;
  }
};

// Fields, numbers of a field and units that are no multiple of a vector's numbers, fewer and more than one holds, on every instruction set.
TEST(Fused, PairsOfManyFieldsAreThoseOfAutograd) {
  Wide wide;
  const FitInput& input = wide.input;
  const std::vector<std::vector<int64_t>> attended{
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22}, {2, 7, 9, 10, 16, 22}, {4, 20}};
  const std::vector<std::pair<size_t, size_t>> sizes{{3, 1}, {16, 8}, {19, 13}, {40, 20}, {14, 83}};  // numbers of a field, units
  for (const InstructionSet set : present_sets()) {
    use_set(set);
    for (const auto& [embedding, units] : sizes) {
      FieldShape shape;
      shape.space = fit_space(input, NumbersAs::kValue, 4);
      shape.embedding = embedding;
      shape.start_deviation = 0.6;
      const auto name = [&](const char* model) { return fmt::format("{} {} embedding {} units {}", model, set_name(set), embedding, units); };
      shape.kind = Kind::kAfm;
      shape.attention = units;
      for (const auto& fields : attended) {
        shape.attended = fields;
        expect_gradients_of_autograd({name("afm") + fmt::format(" fields {}", fields.size()), shape}, input);
      }
      shape.kind = Kind::kPnn;
      shape.linear = false;
      shape.start_deviation = 0.2;
      shape.inner = true;
      shape.hidden = {units, 5};
      expect_gradients_of_autograd({name("pnn"), shape}, input);
    }
  }
  use_set({});
}

// Tokens and numbers of a head that are no multiple of a vector's numbers, fewer and more than one holds; and members of several layers.
TEST(Fused, TokensAndMembersOfManyColumnsAreThoseOfAutograd) {
  const Wide wide;
  for (const InstructionSet set : present_sets()) {
    use_set(set);
    FieldShape shape;
    shape.kind = Kind::kFtTransformer;
    shape.space = fit_space(wide.input, NumbersAs::kValue, 4);
    shape.number_bias = true;
    shape.linear = false;
    shape.start_deviation = 0.5;
    shape.blocks = 2;
    for (const auto& [embedding, heads] : std::vector<std::pair<size_t, size_t>>{{3, 1}, {32, 4}, {38, 2}}) {
      shape.embedding = embedding;
      shape.heads = heads;
      shape.feed_forward = embedding + 5;
      expect_gradients_of_autograd({fmt::format("ft_transformer {} embedding {} heads {}", set_name(set), embedding, heads), shape}, wide.input);
    }
    FieldShape members;
    members.kind = Kind::kTabM;
    members.space = fit_space(wide.input, NumbersAs::kDirect, 4);
    members.linear = false;
    members.hidden = {9, 21, 4};
    members.members = 5;
    expect_gradients_of_autograd({fmt::format("tabm {}", set_name(set)), members}, wide.input);
  }
  use_set({});
}

// The mask of attention weights is the same on the way back: the slope along a direction is that of the function itself.
TEST(Fused, AttentionGoesBackThroughItsOwnDropout) {
  constexpr size_t kTokens = 21;
  constexpr size_t kWidth = 6;
  Random random(8, "attention");
  std::vector<float> values(3 * kTokens * kWidth);
  std::vector<float> direction(values.size());
  std::vector<float> weights(kTokens * kWidth);
  for (auto* numbers : {&values, &direction, &weights}) {
    for (float& x : *numbers) x = static_cast<float>(random.normal());
  }
  double slope = 0;
  // The function at values + step x direction, by a tape that draws the same mask.
  const auto at = [&](float step, bool with_slope) {
    net::Tape tape(1, true);
    std::array<net::Slot, 3> parts{};
    for (auto& part : parts) part = tape.slot(kTokens * kWidth);
    const auto out = attention(tape, parts, {kWidth, 2}, 0.4, 11);
    for (size_t p = 0; p < 3; ++p) {
      for (size_t i = 0; i < kTokens * kWidth; ++i) {
        const size_t n = p * kTokens * kWidth + i;
        tape.value(parts[p])[i] = values[n] + step * direction[n];
      }
    }
    tape.forward(1);
    double total = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      total += static_cast<double>(weights[i]) * static_cast<double>(tape.value(out)[i]);
      tape.gradient(out)[i] = weights[i];
    }
    tape.backward(1);
    for (size_t n = 0; with_slope && n < values.size(); ++n) {
      slope += static_cast<double>(direction[n]) * static_cast<double>(tape.gradient(parts[n / (kTokens * kWidth)])[n % (kTokens * kWidth)]);
    }
    return total;
  };
  (void)at(0, true);
  constexpr float kStep = 1e-3F;
  EXPECT_NEAR((at(kStep, false) - at(-kStep, false)) / (2 * static_cast<double>(kStep)), slope, 2e-3 * std::fabs(slope));
}

// What --diagnose reads of a layer, and the gradient after it was cut to a length.
TEST(Fused, LayersAreSeenAndClippedAsAutogradDoes) {
  const Sample sample = make_sample(300);
  const FitInput input = input_of(sample);
  for (Case tested : cases(input)) {
    tested.shape.dense_rows = reads_table(tested.shape) ? 0 : 1000;
    FieldNetwork oracle(tested.shape, Context({.seed = 9, .threads = 1}));
    FusedFieldNetwork fused(tested.shape, Context({.seed = 9, .threads = 1}));
    set_up(oracle, input);
    set_up(fused, input);
    const auto expected = oracle.watched_gradients(0, 64);
    const auto actual = fused.watched_gradients(0, 64);
    ASSERT_EQ(actual.size(), expected.size()) << tested.name;
    for (size_t l = 0; l < expected.size(); ++l) {
      EXPECT_EQ(actual[l].layer, expected[l].layer) << tested.name;
      EXPECT_NEAR(actual[l].gradient_norm, expected[l].gradient_norm, 1e-5 * (1 + expected[l].gradient_norm)) << tested.name;
      EXPECT_EQ(actual[l].active, expected[l].active) << tested.name << " " << expected[l].layer;
      EXPECT_NEAR(actual[l].signal, expected[l].signal, 1e-5 * (1 + expected[l].signal)) << tested.name;
      EXPECT_NEAR(actual[l].saturation, expected[l].saturation, 0.01) << tested.name;
    }
    oracle.clip(1e-3);
    fused.clip(1e-3);
    double square = 0;
    for (const auto& array : fused.last_gradients()) {
      for (const float g : array.values) square += static_cast<double>(g) * static_cast<double>(g);
    }
    EXPECT_NEAR(std::sqrt(square), 1e-3, 1e-6) << tested.name;
  }
}

TEST(Fused, StepsLeadToTheSameNetwork) {
  const Sample sample = make_sample(300);
  const FitInput input = input_of(sample);
  for (const auto optimiser : {Optimiser::kAdamW, Optimiser::kAdam, Optimiser::kAdagrad}) {
    for (const size_t dense_rows : {size_t{1000}, size_t{0}}) {
      for (Case tested : cases(input)) {
        tested.shape.optimiser = optimiser;
        tested.shape.layers_decay = dense_rows > 0;
        if (reads_table(tested.shape)) tested.shape.dense_rows = dense_rows;
        FieldNetwork oracle(tested.shape, Context({.seed = 9, .threads = 1}));
        FusedFieldNetwork fused(tested.shape, Context({.seed = 9, .threads = 1}));
        set_up(oracle, input);
        set_up(fused, input);
        for (size_t step = 0; step < 8; ++step) {
          const size_t begin = step % 4 * 64;
          const size_t end = step == 7 ? begin + 31 : begin + 64;
          for (net::Trainable* network : {static_cast<net::Trainable*>(&oracle), static_cast<net::Trainable*>(&fused)}) {
            network->gradients(begin, end);
            network->update(0.01, 0.1);
          }
        }
        const auto expected = oracle.predict(input.train);
        const auto actual = fused.predict(input.train);
        double difference = 0;
        for (size_t r = 0; r < expected.size(); ++r) difference = std::max(difference, std::fabs(expected[r] - actual[r]));
        // A bias before a batch norm has a gradient of rounding errors alone, which AdamW makes whole steps of; they move running means.
        const bool noisy = optimiser != Optimiser::kAdagrad && (tested.shape.batch_norm || tested.shape.kind == Kind::kResNet);
        EXPECT_LT(difference, noisy ? 2e-2 : 2e-4) << tested.name << " dense rows " << dense_rows << " optimiser " << static_cast<int>(optimiser);
      }
    }
  }
}

FieldShape small_fm(const FitInput& input) {
  FieldShape shape;
  shape.space = fit_space(input, NumbersAs::kValue, 4);
  shape.embedding = 5;
  shape.start_deviation = 0.3;
  return shape;
}

// Kingma & Ba 2015: the first step is `rate` long wherever there is a gradient, and an L2 term gives every weight that is not 0 one.
TEST(Fused, AnL2TermOfAdamMovesRowsThatNoBatchHolds) {
  const Sample sample = make_sample(300);
  const FitInput input = input_of(sample);
  FieldShape shape = small_fm(input);
  shape.optimiser = Optimiser::kAdam;
  shape.dense_rows = 0;
  FusedFieldNetwork network(shape, Context({.seed = 9, .threads = 1}));
  set_up(network, input);
  const std::vector<uint32_t> order{0};
  network.set_order(order);
  const std::vector<float> before = values_of(network.parameters(), "table");
  network.gradients(0, 1);
  network.update(0.01, 0.5);
  const std::vector<float> after = values_of(network.parameters(), "table");
  const std::vector<int32_t> held = table_rows(shape.space, input.train, 0, 1);
  size_t moved = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0 || std::count(held.begin(), held.end(), static_cast<int32_t>(i / shape.columns())) > 0) continue;
    EXPECT_NEAR(after[i], before[i] - std::copysign(0.01F, before[i]), 1e-5) << i;
    ++moved;
  }
  EXPECT_GT(moved, 10U);
}

TEST(Fused, WhereVectorsAloneDecayLayersDoNot) {
  const Sample sample = make_sample(300);
  FieldShape shape;
  shape.kind = Kind::kDeepFm;
  shape.space = fit_space(input_of(sample), NumbersAs::kValue, 4);
  shape.embedding = 5;
  shape.hidden = {7};
  const Layout all = layout_of(shape);
  shape.layers_decay = false;
  const Layout vectors = layout_of(shape);
  EXPECT_EQ(vectors.decayed, (shape.space.table_rows() + shape.space.number_fields()) * shape.columns());
  EXPECT_EQ(all.decayed, vectors.decayed + shape.space.fields() * 5 * 7 + 7);
}

// Momentum and decay go on for rows that no batch holds, with a table that is updated row by row as with the whole of it.
TEST(Fused, ATableByRowIsTheWholeTable) {
  const Sample sample = make_sample(300);
  const FitInput input = input_of(sample);
  FieldShape shape = small_fm(input);
  for (const auto optimiser : {Optimiser::kAdamW, Optimiser::kAdagrad}) {
    shape.optimiser = optimiser;
    const auto trained = [&](auto& network) {
      set_up(network, input);
      for (size_t step = 0; step < 400; ++step) {
        // Few rows a batch, and in most batches the same ones.
        const size_t begin = step % 50 == 0 ? 4 * (step % 70) : 4 * (step % 5);
        network.gradients(begin, begin + 4);
        network.update(0.01 * (1 + std::cos(static_cast<double>(step) / 100)), 0.1);
        if (step == 150) network.keep();
        if (step == 250) network.restore();
        if (step == 300) (void)network.predict(input.train);
      }
      return values_of(network.parameters(), "table");
    };
    shape.dense_rows = 1000;
    FusedFieldNetwork whole(shape, Context({.seed = 9, .threads = 1}));
    const auto expected = trained(whole);
    shape.dense_rows = 0;
    FusedFieldNetwork by_row(shape, Context({.seed = 9, .threads = 1}));
    FieldNetwork oracle(shape, Context({.seed = 9, .threads = 1}));
    for (const auto& actual : {trained(by_row), trained(oracle)}) {
      double difference = 0;
      double size = 0;
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < actual.size(); ++i) {
        size = std::max(size, std::fabs(static_cast<double>(expected[i])));
        difference = std::max(difference, std::fabs(static_cast<double>(expected[i]) - static_cast<double>(actual[i])));
      }
      EXPECT_LT(difference, 1e-4 * size) << static_cast<int>(optimiser);
    }
  }
}

// The mean over many masks is the network without dropout where it is linear in what is dropped.
TEST(Fused, DropoutKeepsTheMeanAndPredictionDropsNothing) {
  net::Tape tape(50, true);
  const auto x = tape.slot(40);
  std::fill_n(tape.value(x), 50 * 40, 1.0F);
  const auto dropped = tape.dropout(x, 0.25, 3);
  double total = 0;
  size_t zeros = 0;
  for (int pass = 0; pass < 100; ++pass) {
    tape.forward(50);
    for (size_t i = 0; i < 50 * 40; ++i) {
      total += static_cast<double>(tape.value(dropped)[i]);
      zeros += tape.value(dropped)[i] == 0 ? 1U : 0U;
    }
  }
  EXPECT_NEAR(total / (100 * 50 * 40), 1, 0.01);
  EXPECT_NEAR(static_cast<double>(zeros) / (100 * 50 * 40), 0.25, 0.01);
  net::Tape still(50, false);
  const auto y = still.slot(40);
  EXPECT_EQ(still.dropout(y, 0.25, 3), y);
}

TEST(Fused, WhatHasNoFusedStepSaysSo) {
  const Sample sample = make_sample(50);
  FieldShape shape;
  shape.kind = Kind::kTabM;
  shape.activation = net::Activation::kGelu;
  shape.space = fit_space(input_of(sample), NumbersAs::kDirect, 4);
  shape.hidden = {4};
  EXPECT_FALSE(has_fused_step(shape));
  EXPECT_THROW((void)make_network(shape, Context({.seed = 1, .threads = 1}), Engine::kFused), Error);
}

}  // namespace
}  // namespace obligor::field
