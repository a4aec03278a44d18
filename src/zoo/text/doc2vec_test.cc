#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "model/agreement_test_data.h"
#include "zoo/text/documents.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

constexpr size_t kLength = 12;
constexpr size_t kWords = 40;

// Texts of two topics, each with words of its own and some that both share; bad is a topic, in nine of ten. One number besides, which says nothing.
struct Book {
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<std::string> names{"number"};
  std::vector<FeatureGroup> groups;

  Book(size_t rows, uint64_t seed) {
    Random random(seed, "book");
    std::vector<std::string> words;
    for (size_t w = 0; w < kWords; ++w) words.push_back("w" + std::to_string(w));
    words.emplace_back("(any other)");
    groups.push_back({.kind = FeatureGroup::Kind::kText, .name = "story", .first = 1, .steps = kLength, .words = std::move(words)});
    for (size_t t = 0; t < kLength; ++t) names.push_back("t" + std::to_string(t));
    for (size_t r = 0; r < rows; ++r) {
      const bool bad = random.below(2) == 0;
      const bool topic = random.below(10) == 0 ? !bad : bad;
      x.push_back(static_cast<float>(random.normal()));
      const size_t n = random.below(kLength + 1);
      for (size_t t = 0; t < kLength; ++t) {
        const uint64_t word = random.below(3) == 0 ? 30 + random.below(11) : (topic ? 0U : 15U) + random.below(15);
        x.push_back(t < n ? static_cast<float>(word) : std::nanf(""));
      }
      y.push_back(bad ? 1 : 0);
    }
  }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = {y.size(), 1 + kLength, x, {}};
    in.target = y;
    in.feature_names = names;
    in.feature_source = names;
    in.groups = groups;
    return in;
  }
};

Context context() { return Context(ContextOptions{.seed = 1, .threads = 1}); }

FitResult fit(const Book& book, const ParamValues& more = {}) {
  ParamValues values{{"vector_width", "8"}};
  values.insert(values.end(), more.begin(), more.end());
  const ModelEntry entry = doc2vec_entry();
  return fit_doc2vec(book.input(), make_params(entry.params, values, entry.name), context());
}

TEST(Doc2Vec, FindsTheTopicOfATextThatItNeverSaw) {
  const FitResult result = fit(Book(600, 1));
  const Book fresh(400, 2);
  const auto p = result.model->predict(fresh.input().train).values;
  EXPECT_GT(metric::auc(p, fresh.y), 0.83);  // nine of ten, and texts without words
  EXPECT_GT(result.report.importance[1], 10 * result.report.importance[0]);
}

TEST(Doc2Vec, PredictsWhatItsPlanSays) {
  const Book book(200, 3);
  for (const ParamValues& values : {ParamValues{}, ParamValues{{"infer_steps", "1"}}, ParamValues{{"infer_steps", "40"}, {"shrink", "0"}}}) {
    const FitResult result = fit(book, values);
    expect_plan_agrees(*result.model, book.input().train, "doc2vec");
  }
}

std::vector<std::vector<int32_t>> texts_of(const Book& book) {
  std::vector<std::vector<int32_t>> texts;
  for (size_t r = 0; r < book.y.size(); ++r) {
    auto& text = texts.emplace_back();
    for (size_t t = 0; t < kLength; ++t) {
      if (const float id = book.x[r * (1 + kLength) + 1 + t]; id >= 0) text.push_back(static_cast<int32_t>(id));
    }
  }
  return texts;
}

TEST(Doc2Vec, InferenceGoesUpToTheMaximum) {
  const auto texts = texts_of(Book(300, 4));
  text::DocumentSpec spec{.width = 8};
  double last = -INFINITY;
  for (const size_t steps : {size_t{1}, size_t{4}, size_t{10}, size_t{3000}}) {
    spec.steps = steps;
    const auto space = text::train_documents(texts, kWords + 1, spec, context());
    double total = 0;
    for (size_t r = 0; r < 50; ++r) total += space.objective(texts[r], space.infer(texts[r]));
    EXPECT_GT(total, last) << steps;
    last = total;
    if (steps < 3000) continue;
    // At the maximum of a concave function no way leads up.
    for (size_t r = 0; r < 5; ++r) {
      const auto d = space.infer(texts[r]);
      const double most = space.objective(texts[r], d);
      for (size_t i = 0; i < d.size(); ++i) {
        for (const double way : {-1e-3, 1e-3}) {
          auto moved = d;
          moved[i] += way;
          EXPECT_LT(space.objective(texts[r], moved), most + 1e-9);
        }
      }
    }
  }
}

TEST(Doc2Vec, TheOrderOfTheWordsIsNothingAndAnUnlistedWordHasNoVector) {
  const auto texts = texts_of(Book(300, 5));
  const auto space = text::train_documents(texts, kWords + 1, {.width = 8}, context());
  const auto a = space.infer(std::vector<int32_t>{1, 2, 30});
  const auto b = space.infer(std::vector<int32_t>{30, 1, 2});
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
  EXPECT_EQ(space.infer(std::vector<int32_t>{kWords}), space.infer({}));
}

TEST(Doc2Vec, OneSeedGivesTheSameAndATextIsWanted) {
  Book book(100, 6);
  EXPECT_EQ(fit(book).model->predict(book.input().train).values, fit(book).model->predict(book.input().train).values);
  book.groups.clear();
  EXPECT_THROW((void)fit(book), Error);
}

}  // namespace
}  // namespace obligor
