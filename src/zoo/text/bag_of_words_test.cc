#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "model/agreement_test_data.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

constexpr size_t kLength = 4;

// Rows of one text of at most four words and `plain` numbers before it.
struct Texts {
  size_t plain = 0;
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<double> weight;
  std::vector<std::string> names;
  std::vector<FeatureGroup> groups;

  explicit Texts(std::vector<std::string> words, size_t numbers = 0) : plain(numbers) {
    words.emplace_back("(any other)");
    for (size_t c = 0; c < plain + kLength; ++c) names.push_back("c" + std::to_string(c));
    groups.push_back({.kind = FeatureGroup::Kind::kText, .name = "story", .first = plain, .steps = kLength, .words = std::move(words)});
  }
  void add(const std::vector<float>& numbers, const std::vector<int>& ids, bool bad) {
    x.insert(x.end(), numbers.begin(), numbers.end());
    for (size_t t = 0; t < kLength; ++t) x.push_back(t < ids.size() ? static_cast<float>(ids[t]) : std::nanf(""));
    y.push_back(bad ? 1 : 0);
  }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = {y.size(), plain + kLength, x, {}};
    in.target = y;
    in.weight = weight;
    in.feature_names = names;
    in.feature_source = names;
    in.groups = groups;
    return in;
  }
};

Context one_thread() { return Context(ContextOptions{.seed = 1, .threads = 1}); }

FitResult fit(const Texts& texts, const ParamValues& values) {
  const ModelEntry entry = bag_of_words_entry();
  return fit_bag_of_words(texts.input(), make_params(entry.params, values, entry.name), one_thread());
}

// A book whose bads write the first word more often.
Texts book(size_t rows) {
  Texts texts({"gamble", "salary", "car"}, 2);
  Random random(3, "texts");
  for (size_t r = 0; r < rows; ++r) {
    const bool bad = random.below(4) == 0;
    std::vector<int> ids;
    for (uint64_t n = random.below(kLength + 1); n > 0; --n) ids.push_back(random.below(2) == 0 ? (bad ? 0 : 1) : static_cast<int>(random.below(4)));
    texts.add({static_cast<float>(random.normal()), bad ? 1.0F : static_cast<float>(random.below(2))}, ids, bad);
  }
  return texts;
}

TEST(BagOfWords, OfOneWordIsTheLogOddsRatio) {
  // 40 texts with the word, 30 of them bad; 60 without, 20 of them bad.
  Texts texts({"late"});
  for (int i = 0; i < 40; ++i) texts.add({}, {0}, i < 30);
  for (int i = 0; i < 60; ++i) texts.add({}, {}, i < 20);
  const auto result = fit(texts, {{"weighting", "count"}, {"word_strength", "1e-6"}, {"length", "false"}});
  const auto p = result.model->predict(texts.input().train).values;
  EXPECT_NEAR(p.front(), 30.0 / 40, 1e-5);
  EXPECT_NEAR(p.back(), 20.0 / 60, 1e-5);
  const Json& bad = result.report.details["texts"][0]["bad"];
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_EQ(bad[0]["word"], "late");
  EXPECT_NEAR(bad[0]["coefficient"].get<double>(), std::log(30.0 * 40 / (10.0 * 20)), 1e-4);
  EXPECT_EQ(bad[0]["texts"], 40.0);
}

TEST(BagOfWords, PredictsWhatItsPlanSays) {
  const Texts texts = book(300);
  for (const char* weighting : {"tfidf", "root", "count"}) {
    for (const char* length : {"true", "false"}) {
      const auto result = fit(texts, {{"weighting", weighting}, {"length", length}});
      expect_plan_agrees(*result.model, texts.input().train, weighting);
    }
  }
}

TEST(BagOfWords, WeightTwoIsTheRowTwice) {
  Texts once = book(200);
  Texts twice = book(200);
  once.weight.assign(200, 1.0);
  for (size_t r = 0; r < 50; ++r) {
    once.weight[r] = 2;
    for (size_t c = 0; c < once.names.size(); ++c) twice.x.push_back(once.x[r * once.names.size() + c]);
    twice.y.push_back(once.y[r]);
  }
  const auto a = fit(once, {}).model->predict(once.input().train).values;
  const auto b = fit(twice, {}).model->predict(once.input().train).values;
  for (size_t r = 0; r < a.size(); ++r) ASSERT_NEAR(a[r], b[r], 1e-6);
}

TEST(BagOfWords, AWordThatIsNotListedSaysNothing) {
  const Texts texts = book(200);
  const auto result = fit(texts, {{"weighting", "count"}, {"length", "false"}});
  std::vector<float> row{0, 0, 3, std::nanf(""), std::nanf(""), std::nanf("")};
  const auto with = result.model->predict({1, row.size(), row, {}}).values;
  row[2] = std::nanf("");
  EXPECT_EQ(with, result.model->predict({1, row.size(), row, {}}).values);
}

TEST(BagOfWords, AsksForATextColumn) {
  Texts texts = book(50);
  texts.groups.clear();
  try {
    (void)fit(texts, {});
    FAIL() << "it was fitted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_THAT(error.what(), testing::HasSubstr("--text COLUMN"));
  }
}

}  // namespace
}  // namespace obligor
