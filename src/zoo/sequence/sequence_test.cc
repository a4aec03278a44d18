#include "zoo/sequence/sequence.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "model/agreement_test_data.h"
#include "zoo/net/buckets.h"
#include "zoo/sequence/network.h"
#include "zoo/sequence/shape.h"

namespace obligor {
namespace {

constexpr size_t kSteps = 4;
constexpr size_t kChannels = 2;
constexpr size_t kWidth = 2 + kSteps * (kChannels + 1);  // two plain columns, then the history

struct History {
  size_t rows = 0;
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<std::string> names = std::vector<std::string>(kWidth, "c");
  std::vector<FeatureGroup> groups{{FeatureGroup::Kind::kSequence, "h", 2, kSteps, kChannels, {}}};

  [[nodiscard]] Batch batch() const {
    Batch made;
    made.rows = rows;
    made.width = kWidth;
    made.features = x;
    return made;
  }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = batch();
    in.target = y;
    in.valid = batch();
    in.valid_target = y;
    in.feature_names = names;
    in.feature_source = names;
    in.groups = groups;
    return in;
  }
};

// Bad where the first channel falls from the first step that is there to the last: what is in the steps says nothing without their order.
History make_history(size_t rows, bool ragged, uint64_t seed) {
  Random random(seed, "history");
  History made;
  made.rows = rows;
  for (size_t r = 0; r < rows; ++r) {
    const size_t absent = ragged ? static_cast<size_t>(random.below(kSteps + 1)) : 0;
    std::vector<float> row{static_cast<float>(random.normal()), static_cast<float>(random.normal())};
    float first = 0;
    float last = 0;
    for (size_t t = 0; t < kSteps; ++t) {
      for (size_t c = 0; c < kChannels; ++c) {
        const auto value = t < absent ? 0.0F : static_cast<float>(random.normal());
        row.push_back(value);
        if (c == 0 && t == absent) first = value;
        if (c == 0) last = value;
      }
    }
    for (size_t t = 0; t < kSteps; ++t) row.push_back(t < absent ? 0.0F : 1.0F);
    made.x.insert(made.x.end(), row.begin(), row.end());
    made.y.push_back(first > last || (first == last && random.uniform() < 0.5) ? 1 : 0);
  }
  return made;
}

struct Named {
  ModelEntry entry;
  FitFunction fit;
};
std::vector<Named> models() {
  return {{rnn_entry(), fit_rnn},
          {lstm_entry(), fit_lstm},
          {gru_entry(), fit_gru},
          {attention_lstm_entry(), fit_attention_lstm},
          {lstm_fraud_entry(), fit_lstm_fraud},
          {network_lstm_entry(), fit_network_lstm},
          {cnn_entry(), fit_cnn},
          {transformer_entry(), fit_transformer}};
}

FitResult fit(const Named& model, const History& history, const ParamValues& more, size_t epochs = 2) {
  ParamValues values{{"epochs", std::to_string(epochs)}, {"hidden", "12"}, {"head", "8"}, {"batch", "64"}};
  values.insert(values.end(), more.begin(), more.end());
  return model.fit(history.input(), make_params(model.entry.params, values, model.entry.name), Context({.seed = 3, .threads = 1}));
}

TEST(SequenceModels, ThePlanIsTheModelWithRaggedHistoriesToo) {
  const History ragged = make_history(200, true, 1);
  const History whole = make_history(100, false, 2);
  for (const Named& model : models()) {
    std::vector<ParamValues> variants{{}, {{"layers", "3"}, {"head", "0"}}};
    const bool has_ways = make_params(model.entry.params, {}, "test").has("both_ways");
    if (has_ways) variants.push_back({{"both_ways", "true"}, {"layers", "2"}});
    if (make_params(model.entry.params, {}, "test").has("pool")) {
      for (const char* pool : {"last", "attention", "max", "mean"}) variants.push_back({{"pool", pool}});
      if (has_ways) variants.push_back({{"pool", "attention"}, {"both_ways", "true"}});
    }
    if (model.entry.name == "cnn") {
      for (const char* taps : {"1", "2", "3"}) variants.push_back({{"form", "image"}, {"taps", taps}, {"hidden", "5"}});
      for (const char* pool : {"attention", "mean"}) variants.push_back({{"form", "image"}, {"pool", pool}, {"layers", "3"}});
    }
    for (const auto& variant : variants) {
      const FitResult result = fit(model, ragged, variant, 1);
      const std::string what = model.entry.name + (variant.empty() ? "" : ", " + variant.front().first + "=" + variant.front().second);
      expect_plan_agrees(*result.model, ragged.batch(), what);
      expect_plan_agrees(*result.model, whole.batch(), what);
    }
  }
}

TEST(SequenceModels, WhatAnAbsentStepHoldsChangesNothing) {
  const History history = make_history(120, true, 4);
  History other = history;
  for (size_t r = 0; r < other.rows; ++r) {
    for (size_t t = 0; t < kSteps; ++t) {
      float* row = other.x.data() + r * kWidth;
      if (row[2 + kSteps * kChannels + t] > 0) continue;
      for (size_t c = 0; c < kChannels; ++c) row[2 + t * kChannels + c] = 7;
    }
  }
  for (const Named& model : models()) {
    if (model.entry.name == "cnn") continue;  // its filters reach over the edge: absent steps are 0 by contract
    const FitResult result = fit(model, history, {});
    EXPECT_EQ(result.model->predict(history.batch()).values, result.model->predict(other.batch()).values) << model.entry.name;
  }
}

TEST(SequenceModels, LearnWhatOnlyTheOrderOfTheStepsSays) {
  const History train = make_history(1500, false, 5);
  const History test = make_history(400, false, 6);
  for (const Named& model : models()) {
    const FitResult result = fit(model, train, {{"learning_rate", "0.01"}, {"hidden", "16"}}, 15);
    const auto p = result.model->predict(test.batch()).values;
    size_t right = 0;
    for (size_t r = 0; r < test.rows; ++r) right += (p[r] > 0.5) == (test.y[r] != 0) ? size_t{1} : size_t{0};
    EXPECT_GT(right, test.rows * 85 / 100) << model.entry.name;
  }
}

// Every encoder and pool once.
std::vector<sequence::Shape> shapes() {
  std::vector<sequence::Shape> made;
  for (const auto encoder : {sequence::Encoder::kTanh, sequence::Encoder::kLstm, sequence::Encoder::kGru, sequence::Encoder::kConvolution,
                             sequence::Encoder::kTransformer}) {
    sequence::Shape shape;
    shape.encoder = encoder;
    shape.pool = made.empty() ? sequence::Pool::kAttention : static_cast<sequence::Pool>(made.size() - 1);
    shape.inputs = {{2, kSteps, kChannels, true}};
    shape.plain = {0, 1};
    shape.layers = 2;
    shape.hidden = 8;
    shape.head = 4;
    shape.both_ways = encoder == sequence::Encoder::kLstm;
    made.push_back(shape);
  }
  return made;
}

std::vector<float> gradient_of(sequence::SequenceNetwork& network, size_t begin, size_t end) {
  network.gradients(begin, end);
  return network.gradient();
}

TEST(SequenceModels, InBucketsTheGradientIsThatOfAllRowsAtOnce) {
  const History history = make_history(300, true, 9);
  std::vector<uint32_t> file_order(history.rows);
  std::iota(file_order.begin(), file_order.end(), 0U);
  const auto lengths = net::row_lengths(history.batch(), history.groups);
  ASSERT_EQ(lengths.size(), history.rows);
  auto bucketed = file_order;
  Random random(1, "test");
  constexpr size_t kBatches = 7;
  net::bucket_rows(bucketed, lengths, kBatches, random);
  ASSERT_NE(bucketed, file_order);
  for (const auto& shape : shapes()) {
    sequence::SequenceNetwork network(shape, Context({.seed = 3, .threads = 1}));
    network.set_data(history.batch(), history.y, {}, history.rows);
    network.set_order(file_order);
    const auto whole = gradient_of(network, 0, history.rows);
    network.set_order(bucketed);
    std::vector<double> summed(whole.size(), 0);
    for (size_t b = 0; b < kBatches; ++b) {
      const size_t begin = net::batch_begin(b, history.rows, kBatches);
      const size_t end = net::batch_begin(b + 1, history.rows, kBatches);
      const auto part = gradient_of(network, begin, end);
      for (size_t i = 0; i < part.size(); ++i) summed[i] += static_cast<double>(part[i]) * static_cast<double>(end - begin);
    }
    for (size_t i = 0; i < whole.size(); ++i) {
      ASSERT_NEAR(summed[i] / static_cast<double>(history.rows), static_cast<double>(whole[i]), 1e-6)
          << sequence::cell_name(shape.encoder) << ", " << i;
    }
  }
}

TEST(SequenceModels, ATruncatedGradientLooksBackSoFarAndNoFurther) {
  const History history = make_history(40, false, 10);
  std::vector<uint32_t> order(history.rows);
  std::iota(order.begin(), order.end(), 0U);
  const auto of = [&](const History& rows, size_t bptt) {
    sequence::Shape shape;
    shape.encoder = sequence::Encoder::kLstm;
    shape.inputs = {{2, kSteps, kChannels, true}};
    shape.plain = {0, 1};
    shape.hidden = 6;
    shape.bptt = bptt;
    sequence::SequenceNetwork network(shape, Context({.seed = 3, .threads = 1}));
    network.set_data(rows.batch(), rows.y, {}, rows.rows);
    network.set_order(order);
    return gradient_of(network, 0, rows.rows);
  };
  EXPECT_EQ(of(history, 0), of(history, kSteps));
  EXPECT_NE(of(history, 0), of(history, 2));
  // Where the newest step alone is there nothing is cut.
  History last = history;
  for (size_t r = 0; r < last.rows; ++r) {
    for (size_t t = 0; t + 1 < kSteps; ++t) last.x[r * kWidth + 2 + kSteps * kChannels + t] = 0;
  }
  EXPECT_EQ(of(last, 0), of(last, 1));
}

TEST(SequenceModels, FraudBeginsAtTheBaseRateAndStopsByPrecision) {
  History history = make_history(400, true, 11);
  for (size_t r = 0; r < history.rows; ++r) history.y[r] = r % 40 == 0 ? 1 : 0;
  const FitResult result = fit({lstm_fraud_entry(), fit_lstm_fraud}, history, {{"learning_rate", "0.000001"}, {"dropout", "0"}}, 1);
  double mean = 0;
  for (const double p : result.model->predict(history.batch()).values) mean += p / static_cast<double>(history.rows);
  EXPECT_NEAR(mean, 10.0 / 400.0, 0.015);
  ASSERT_TRUE(result.report.details.contains("valid_pr_auc"));
  EXPECT_GT(result.report.details["valid_pr_auc"].get<double>(), 0);
  EXPECT_LE(result.report.details["valid_pr_auc"].get<double>(), 1);
}

TEST(SequenceModels, WhatIsReadOfTheErrorIsHowFarTheNewestStepIsFromWhatWasForetold) {
  // Steps repeat the row's first one; in the bad rows the newest is elsewhere. Only the shock counts, so the way of the shock is drawn.
  const auto made = [](uint64_t seed) {
    History history;
    Random random(seed, "repeats");
    history.rows = 1500;
    for (size_t r = 0; r < history.rows; ++r) {
      const bool bad = random.below(2) == 0;
      const std::vector<float> level{static_cast<float>(random.normal()), static_cast<float>(random.normal())};
      const double way = 6.283185307179586 * random.uniform();
      history.x.insert(history.x.end(), {0, 0});
      for (size_t t = 0; t < kSteps; ++t) {
        const float shock = bad && t + 1 == kSteps ? 1.5F : 0.0F;
        history.x.push_back(level[0] + shock * static_cast<float>(std::cos(way)));
        history.x.push_back(level[1] + shock * static_cast<float>(std::sin(way)));
      }
      history.x.insert(history.x.end(), kSteps, 1.0F);
      history.y.push_back(bad ? 1 : 0);
    }
    return history;
  };
  const History test = made(2);
  const FitResult result =
      fit({network_lstm_entry(), fit_network_lstm}, made(1), {{"foresight", "1"}, {"learning_rate", "0.01"}, {"hidden", "16"}, {"head", "0"}}, 12);
  const auto p = result.model->predict(test.batch()).values;
  size_t right = 0;
  for (size_t r = 0; r < test.rows; ++r) right += (p[r] > 0.5) == (test.y[r] != 0) ? size_t{1} : size_t{0};
  EXPECT_GT(right, test.rows * 9 / 10);
}

TEST(SequenceModels, AnLstmRemembersAtFirst) {
  sequence::Shape shape;
  shape.encoder = sequence::Encoder::kLstm;
  shape.hidden = 3;
  shape.inputs = {{0, 2, 2, true}};
  Random random(1, "test");
  for (const auto& parameter : sequence::declare(shape, random)) {
    if (parameter.name != "0.layer 0.b") continue;
    EXPECT_THAT(parameter.start, testing::ElementsAre(0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0));
  }
}

TEST(SequenceModels, WithoutASequenceTheColumnsAreOneStepAndANoteSaysSo) {
  History history = make_history(100, false, 7);
  history.groups.clear();
  const FitResult result = fit({gru_entry(), fit_gru}, history, {});
  EXPECT_THAT(result.report.notes, testing::Contains(testing::HasSubstr("no sequence is declared")));
  expect_plan_agrees(*result.model, history.batch(), "gru without a sequence");
}

TEST(SequenceModels, FiltersOverAPictureHaveNoLastStep) {
  EXPECT_THROW((void)fit({cnn_entry(), fit_cnn}, make_history(50, false, 8), {{"form", "image"}, {"pool", "last"}}), Error);
}

TEST(SequenceModels, FiltersOverAPictureLearnFromNeighboursInTimeAndColumns) {
  const History train = make_history(1500, false, 5);
  const History test = make_history(400, false, 6);
  const FitResult result = fit({cnn_entry(), fit_cnn}, train,
                               {{"form", "image"}, {"learning_rate", "0.01"}, {"hidden", "16"}, {"layers", "3"}, {"pool", "attention"}}, 15);
  const auto p = result.model->predict(test.batch()).values;
  size_t right = 0;
  for (size_t r = 0; r < test.rows; ++r) right += (p[r] > 0.5) == (test.y[r] != 0) ? size_t{1} : size_t{0};
  EXPECT_GT(right, test.rows * 80 / 100);
}

TEST(SequenceModels, ATransformersWidthIsAMultipleOfItsHeads) {
  EXPECT_THROW((void)fit({transformer_entry(), fit_transformer}, make_history(50, false, 8), {{"hidden", "10"}}), Error);
}

}  // namespace
}  // namespace obligor
