#include "zoo/field/field.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "zoo/field/network.h"

namespace obligor {
namespace {

// Two category columns whose pair decides, and a number that says a little.
struct Sample {
  std::vector<float> features;
  std::vector<int32_t> first, second;
  std::vector<uint8_t> target;
  std::vector<uint32_t> levels{8, 8};
  [[nodiscard]] Batch batch() const { return {target.size(), 1, features, {first, second}}; }
};

Sample make_sample(size_t rows, std::string_view stream) {
  Random random(11, stream);
  Sample sample;
  for (size_t r = 0; r < rows; ++r) {
    // Level 7 is in no training row.
    const auto a = static_cast<int32_t>(random.below(7));
    const auto b = static_cast<int32_t>(random.below(7));
    const double x = random.normal();
    const double z = (a + b) % 2 == 0 ? 2.0 : -2.0;
    sample.features.push_back(static_cast<float>(x));
    sample.first.push_back(a);
    sample.second.push_back(b);
    sample.target.push_back(random.uniform() < 1 / (1 + std::exp(-z - 0.5 * x)) ? 1 : 0);
  }
  return sample;
}

FitInput input_of(const Sample& train, const Sample& valid) {
  FitInput input;
  input.train = train.batch();
  input.target = train.target;
  input.valid = valid.batch();
  input.valid_target = valid.target;
  input.code_levels = train.levels;
  return input;
}

Context one_thread(uint64_t seed = 3) { return Context({.seed = seed, .threads = 1}); }

using Overrides = std::vector<std::pair<std::string, std::string>>;

struct Case {
  FitFunction fit;
  ModelEntry entry;
  Overrides overrides;
};

std::vector<Case> cases() {
  return {
      {fit_fm, fm_entry(), {{"start", "0.1"}}},
      {fit_nfm, nfm_entry(), {{"start", "0.1"}}},
      {fit_deepfm, deepfm_entry(), {{"start", "0.1"}}},
      {fit_wide_deep, wide_deep_entry(), {}},
      {fit_wide_deep, wide_deep_entry(), {{"wide_optimiser", "adamw"}}},
      {fit_deep_crossing, deep_crossing_entry(), {}},
      {fit_pnn, pnn_entry(), {{"start", "0.1"}, {"product", "inner"}, {"layers", "1"}}},
      {fit_pnn, pnn_entry(), {{"start", "0.1"}, {"product", "outer"}, {"layers", "1"}}},
      {fit_afm, afm_entry(), {{"start", "0.3"}, {"field_dropout", "0"}}},
      {fit_dcn_v2, dcn_v2_entry(), {{"start", "0.1"}, {"structure", "stacked"}}},
      {fit_dcn_v2, dcn_v2_entry(), {{"start", "0.1"}, {"rank", "8"}}},
      {fit_ft_transformer, ft_transformer_entry(), {{"start", "0.1"}, {"embedding", "16"}, {"learning_rate", "0.005"}}},
  };
}

TEST(Field, LearnsWhatAPairOfCategoriesDecides) {
  const Sample train = make_sample(3000, "train");
  const Sample valid = make_sample(700, "valid");
  const Sample test = make_sample(1500, "test");
  std::vector<double> truth;
  for (size_t r = 0; r < test.target.size(); ++r) {
    truth.push_back(((test.first[r] + test.second[r]) % 2 == 0 ? 2.0 : -2.0) + 0.5 * static_cast<double>(test.features[r]));
  }
  const double reachable = metric::auc(truth, test.target);
  for (const Case& tested : cases()) {
    Overrides values{{"learning_rate", "0.02"}, {"batch", "128"}, {"epochs", "25"}, {"weight_decay", "0.01"}};
    values.insert(values.end(), tested.overrides.begin(), tested.overrides.end());
    const auto result = tested.fit(input_of(train, valid), make_params(tested.entry.params, values, tested.entry.name), one_thread());
    EXPECT_GT(metric::auc(result.model->predict(test.batch()).values, test.target), reachable - 0.03) << tested.entry.name;
  }
}

field::FieldShape fm_shape(const FitInput& input, field::NumbersAs numbers_as) {
  field::FieldShape shape;
  shape.space = field::fit_space(input, numbers_as, 4);
  shape.embedding = 3;
  shape.start_deviation = 0.5;
  return shape;
}

// Rendle 2010, equation 1, with its double loop over the pairs.
TEST(Field, AFactorisationMachineIsTheSumOverItsPairs) {
  const Sample sample = make_sample(50, "pairs");
  const auto input = input_of(sample, sample);
  const auto shape = fm_shape(input, field::NumbersAs::kValue);
  const field::FieldNetwork network(shape, one_thread());
  const auto parameters = network.parameters();
  const net::Lookup lookup(parameters);
  const auto& table = lookup.get("table");
  const auto& numbers = lookup.get("numbers");
  const auto p = network.predict(sample.batch());
  for (size_t r = 0; r < sample.target.size(); ++r) {
    std::vector<std::vector<double>> vectors(3, std::vector<double>(4));
    for (size_t j = 0; j < 4; ++j) {
      vectors[0][j] = static_cast<double>(numbers[j]) * static_cast<double>(sample.features[r]);
      vectors[1][j] = static_cast<double>(table[static_cast<size_t>(sample.first[r]) * 4 + j]);
      vectors[2][j] = static_cast<double>(table[(8 + static_cast<size_t>(sample.second[r])) * 4 + j]);
    }
    double z = static_cast<double>(lookup.get("intercept")[0]);
    for (size_t f = 0; f < 3; ++f) {
      z += vectors[f][3];
      for (size_t g = f + 1; g < 3; ++g) {
        for (size_t j = 0; j < 3; ++j) z += vectors[f][j] * vectors[g][j];
      }
    }
    EXPECT_NEAR(p[r], 1 / (1 + std::exp(-z)), 1e-6);
  }
}

TEST(Field, ACodeThatNoTrainingRowHasAddsNothing) {
  const Sample sample = make_sample(200, "unseen");
  const auto input = input_of(sample, sample);
  const auto shape = fm_shape(input, field::NumbersAs::kBins);
  field::FieldNetwork network(shape, one_thread());
  network.set_data(input.train, input.target, {}, 200);
  network.set_order(Random(1, "order").permutation(200));
  for (int step = 0; step < 5; ++step) {
    network.gradients(0, 200);
    network.update(0.01, 0.1);
  }
  const auto parameters = network.parameters();
  const auto& table = net::Lookup(parameters).get("table");
  size_t unseen = 0;
  for (size_t row = 0; row < shape.space.table_rows(); ++row) {
    const std::vector<float> vector(table.begin() + static_cast<std::ptrdiff_t>(4 * row), table.begin() + static_cast<std::ptrdiff_t>(4 * row + 4));
    if (shape.space.seen[row] != 0) continue;
    ++unseen;
    EXPECT_THAT(vector, testing::Each(0.0F)) << row;
  }
  EXPECT_GE(unseen, 3U);  // level 7 of both, and the missing bin
}

// Duchi, Hazan & Singer 2011: a coordinate without a gradient does not move, so rows that the batch leaves out may be left alone.
TEST(Field, AdagradRowByRowIsAdagradOnTheWholeTable) {
  const Sample sample = make_sample(300, "rows");
  const auto input = input_of(sample, sample);
  auto shape = fm_shape(input, field::NumbersAs::kValue);
  shape.optimiser = field::Optimiser::kAdagrad;
  const auto trained = [&](size_t dense_rows) {
    shape.dense_rows = dense_rows;
    field::FieldNetwork network(shape, one_thread());
    // The same start in both.
    network.set_data(input.train, input.target, {}, 30);
    network.set_order(Random(1, "order").permutation(300));
    for (size_t step = 0; step < 10; ++step) {
      network.gradients(step * 30, step * 30 + 30);
      network.update(0.05, 0);
    }
    return network.predict(sample.batch());
  };
  const auto whole = trained(1000);
  const auto by_row = trained(0);
  double largest = 0;
  for (size_t r = 0; r < whole.size(); ++r) largest = std::max(largest, std::fabs(whole[r] - by_row[r]));
  EXPECT_LT(largest, 1e-6);
}

TEST(Field, CrossesAreThePairsThatAreMoreThanTheirParts) {
  const Sample sample = make_sample(3000, "crosses");
  const auto crosses = field::choose_crosses(input_of(sample, sample), 5);
  ASSERT_GE(crosses.pairs.size(), 1U);
  EXPECT_FALSE(crosses.pairs[0].first.is_number);
  EXPECT_FALSE(crosses.pairs[0].second.is_number);
  EXPECT_EQ(crosses.pairs[0].levels, 50U);  // 7 x 7 cells, and every other
  EXPECT_GT(crosses.pairs[0].strength, 20);
  for (size_t p = 1; p < crosses.pairs.size(); ++p) EXPECT_LT(crosses.pairs[p].strength, 6) << "the number decides with nothing else";
  // A pair of levels that no training row has is code 0.
  Sample unseen = sample;
  unseen.first.assign(unseen.first.size(), 7);
  const auto rows = field::cross_rows(crosses, unseen.batch(), 0, 10);
  for (size_t r = 0; r < 10; ++r) EXPECT_EQ(rows[r * crosses.pairs.size()], 0);
}

// McMahan et al. 2013: with an L1 no gradient can pay for, every weight of the wide part is exactly 0; without, they move.
TEST(Field, TheWidePartsWeightsAreZeroUnderALargePenalty) {
  const Sample sample = make_sample(500, "ftrl");
  const auto input = input_of(sample, sample);
  for (const double l1 : {1e6, 0.0}) {
    field::FieldShape shape;
    shape.kind = field::Kind::kWideDeep;
    shape.space = field::fit_space(input, field::NumbersAs::kDirect, 4);
    shape.linear = false;
    shape.hidden = {4};
    shape.wide_ftrl = true;
    shape.ftrl = {0.1, l1, 1};
    field::FieldNetwork network(shape, one_thread());
    network.set_data(input.train, input.target, {}, 500);
    network.set_order(Random(1, "order").permutation(500));
    for (int step = 0; step < 20; ++step) {
      network.gradients(0, 500);
      network.update(0.01, 0);
    }
    const auto parameters = network.parameters();
    double largest = 0;
    for (const float w : net::Lookup(parameters).get("wide.table")) largest = std::max(largest, std::fabs(static_cast<double>(w)));
    if (l1 > 0) EXPECT_EQ(largest, 0);
    else EXPECT_GT(largest, 0.01);
  }
}

TEST(Field, HeadsMustDivideTheWidthOfATransformer) {
  const Sample sample = make_sample(100, "heads");
  const auto params = make_params(ft_transformer_entry().params, Overrides{{"embedding", "10"}, {"heads", "4"}}, "ft_transformer");
  try {
    (void)fit_ft_transformer(input_of(sample, sample), params, one_thread());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalid);
    EXPECT_THAT(error.what(), testing::HasSubstr("heads 4"));
  }
}

TEST(Field, BinsHoldEqualSharesAndEndAtDistinctValues) {
  Batch batch;
  std::vector<float> x;
  for (int i = 0; i < 1000; ++i) {
    x.push_back(static_cast<float>(i));
    x.push_back(static_cast<float>(i % 20 == 0));
  }
  batch = {1000, 2, x, {}};
  EXPECT_THAT(field::inner_quantiles(batch, 0, 4), testing::ElementsAre(250, 500, 750));
  EXPECT_THAT(field::inner_quantiles(batch, 1, 4), testing::ElementsAre(1));
}

}  // namespace
}  // namespace obligor
