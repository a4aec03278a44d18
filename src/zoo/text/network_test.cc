#include "zoo/text/network.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "model/agreement_test_data.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

constexpr size_t kLength = 7;

Context one_thread(uint64_t seed = 1) { return Context(ContextOptions{.seed = seed, .threads = 1}); }

// Two numbers, a category and a text. Bad is who writes "not" right before "paid": an order that a bag of words cannot see, since both words
// come as often without each other.
struct Book {
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<std::string> names{"a", "b", "job"};
  std::vector<uint8_t> categorical{0, 0, 1};
  std::vector<std::vector<std::string>> levels;
  std::vector<FeatureGroup> groups;
  [[nodiscard]] size_t width() const { return names.size(); }

  // With `gaps` some jobs are missing, which only a model that reads the job as a token takes.
  explicit Book(size_t rows, bool gaps = false) {
    for (size_t t = 0; t < kLength; ++t) names.push_back(fmt::format("story (word {})", t + 1));
    categorical.resize(width(), 0);
    levels.resize(width());
    levels[2] = {"clerk", "farmer", "missing", "other"};
    groups.push_back({.kind = FeatureGroup::Kind::kText,
                      .name = "story",
                      .first = 3,
                      .steps = kLength,
                      .words = {"not", "paid", "rent", "car", "house", "(any other)"}});
    Random random(4, "stories");
    for (size_t r = 0; r < rows; ++r) {
      x.push_back(static_cast<float>(random.normal()));
      x.push_back(static_cast<float>(random.below(2)));
      const bool gap = random.below(10) == 0;
      x.push_back(gap && gaps ? std::nanf("") : static_cast<float>(random.below(2)));
      std::vector<int> ids;
      for (uint64_t n = random.below(kLength + 1); n > 0; --n) ids.push_back(2 + static_cast<int>(random.below(4)));
      const bool bad = ids.size() >= 4 && random.below(2) == 0;
      if (ids.size() >= 4) {
        const size_t at = random.below(ids.size() - 1);
        ids[at] = bad ? 0 : 1;
        ids[at + 1] = bad ? 1 : 0;
      }
      for (size_t t = 0; t < kLength; ++t) x.push_back(t < ids.size() ? static_cast<float>(ids[t]) : std::nanf(""));
      y.push_back(bad ? 1 : 0);
    }
  }

  [[nodiscard]] Batch batch(size_t begin, size_t rows) const { return {rows, width(), std::span(x).subspan(begin * width(), rows * width()), {}}; }
  [[nodiscard]] FitInput input(size_t train) const {
    FitInput in;
    in.train = batch(0, train);
    in.target = std::span(y).first(train);
    in.valid = batch(train, y.size() - train);
    in.valid_target = std::span(y).subspan(train);
    in.feature_names = names;
    in.feature_source = names;
    in.categorical = categorical;
    in.feature_levels = levels;
    in.groups = groups;
    return in;
  }
};

struct Tested {
  ModelEntry (*entry)();
  FitFunction fit;
  ParamValues values;
};

std::vector<Tested> networks() {
  return {{wv_cnn_entry, fit_wv_cnn, {{"filters", "8"}}},
          {word2vec_lstm_entry, fit_word2vec_lstm, {{"attention", "false"}}},
          {word2vec_lstm_entry, fit_word2vec_lstm, {{"attention", "true"}, {"vectors", "cbow"}}},
          {bm_linear_entry, fit_bm_linear, {{"blocks", "2"}}},
          {bm_linear_entry, fit_bm_linear, {{"joint", "6"}, {"pretrain_steps", "0"}}}};
}

FitResult fit(const Tested& tested, const FitInput& input, ParamValues more) {
  const ModelEntry entry = tested.entry();
  ParamValues values = tested.values;
  for (auto& value : more) values.push_back(std::move(value));
  return tested.fit(input, make_params(entry.params, values, entry.name), one_thread());
}

TEST(TextNetworks, PredictWhatTheirPlanSays) {
  for (const Tested& tested : networks()) {
    const Book book(200, tested.fit == fit_bm_linear);
    const auto result = fit(tested, book.input(150), {{"epochs", "2"}, {"vector_width", "8"}});
    expect_plan_agrees(*result.model, book.batch(0, book.y.size()), tested.entry().name);
  }
}

// What a bag of words cannot learn by construction.
TEST(TextNetworks, LearnTheOrderOfWords) {
  const Book book(3000);
  const auto auc = [&](const Tested& tested, ParamValues more) {
    const auto result = fit(tested, book.input(2400), std::move(more));
    return metric::auc(result.model->predict(book.batch(2400, 600)).values, std::span(book.y).subspan(2400), {});
  };
  const ParamValues steps{{"epochs", "12"}, {"vector_width", "16"}, {"batch", "64"}, {"learning_rate", "0.005"}};
  EXPECT_GT(auc(networks()[0], steps), 0.97);
  EXPECT_GT(auc(networks()[1], steps), 0.97);
  EXPECT_GT(auc(networks()[2], steps), 0.97);
}

TEST(TextNetworks, MaskedWordsAreToldFromTheirNeighbours) {
  Book book(600);
  // Each text is one word again and again: its neighbours give it away.
  for (size_t r = 0; r < 600; ++r) {
    for (size_t t = 0; t < kLength; ++t) book.x[r * book.width() + 3 + t] = t < 5 ? static_cast<float>(r % 5) : std::nanf("");
  }
  text::TextShape shape;
  shape.encoder = text::Encoder::kTransformer;
  shape.layout = text::text_layout(book.input(600), "test");
  shape.width = 16;
  shape.inner = 16;
  shape.dropout = 0;
  text::TextNetwork network(shape, one_thread());
  text::MaskSpec few{.steps = 10};
  text::MaskSpec many{.steps = 300, .learning_rate = 5e-3};
  const double at_first = network.pretrain_by_masks(book.batch(0, 600), few, one_thread());
  EXPECT_GT(at_first, 1.0);  // ln 5 = 1.6 by chance
  EXPECT_LT(network.pretrain_by_masks(book.batch(0, 600), many, one_thread()), 0.5);
}

TEST(TextNetworks, ATextWithoutWordsIsScored) {
  for (const Tested& tested : networks()) {
    const bool gaps = tested.fit == fit_bm_linear;
    const Book book(100, gaps);
    std::vector<float> row(book.width(), std::nanf(""));
    row[0] = row[1] = 0;
    if (!gaps) row[2] = 1;
    const auto result = fit(tested, book.input(80), {{"epochs", "1"}, {"vector_width", "8"}});
    const double p = result.model->predict({1, row.size(), row, {}}).values.at(0);
    EXPECT_TRUE(p > 0 && p < 1) << tested.entry().name;
  }
}

TEST(TextNetworks, AskForWordsInOneLine) {
  Book book(60);
  book.groups.clear();
  std::fill(book.categorical.begin(), book.categorical.end(), uint8_t{0});
  for (auto& value : book.x) value = std::isnan(value) ? 0 : value;
  for (const Tested& tested : networks()) {
    try {
      (void)fit(tested, book.input(40), {});
      FAIL() << tested.entry().name << " was fitted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
      EXPECT_THAT(error.what(), testing::HasSubstr("--text COLUMN"));
    }
  }
}

}  // namespace
}  // namespace obligor
