#include "prep/text.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prep/han.h"
#include "prep/preprocessor.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Column texts(std::string name, const std::vector<std::optional<std::string>>& cells) {
  TextData data;
  data.offsets.push_back(0);
  for (const auto& cell : cells) {
    if (cell) data.bytes += *cell;
    data.offsets.push_back(data.bytes.size());
    data.missing.push_back(cell ? 0 : 1);
  }
  return {std::move(name), std::move(data)};
}

PrepSpec words_spec(int length, int min_count) {
  PrepSpec spec;
  spec.text_length = length;
  spec.text_min_count = min_count;
  return spec;
}

std::vector<std::string> fitted(const std::vector<std::optional<std::string>>& cells, int min_count, int most = 100) {
  PrepSpec spec = words_spec(10, min_count);
  spec.text_max_words = most;
  const Column column = texts("t", cells);
  return prep::fit_words(column.text(), all_rows(cells.size()), spec).words;
}

TEST(TextWords, AreThoseOfEnoughTextsTheMostFrequentFirst) {
  EXPECT_THAT(fitted({"debt debt debt", "a loan", "Loan; debt.", std::nullopt, "", "loan"}, 2), ElementsAre("loan", "debt"));
  EXPECT_THAT(fitted({"b a", "a b", "c"}, 1), ElementsAre("a", "b", "c"));  // equal ones by name
  EXPECT_THAT(fitted({"b a", "a b", "c"}, 1, 1), ElementsAre("a"));
  EXPECT_THAT(fitted({std::nullopt, ""}, 1), ElementsAre());
}

TEST(TextWords, OfChineseComeFromADictionary) {
  EXPECT_THAT(fitted({"申请贷款用于资金周转", "申请贷款", "资金周转"}, 2), testing::IsSupersetOf({"贷款", "资金", "周转", "申请"}));
  prep::HanSegmenter segmenter;
  std::vector<std::string> words;
  segmenter.cut("我需要贷款", [&](std::string_view word) { words.emplace_back(word); });
  EXPECT_THAT(words, ElementsAre("我", "需要", "贷款"));
}

struct Prepared {
  Table table;
  Task task;
};

Prepared loans() {
  TableBuilder builder;
  std::vector<float> age;
  std::vector<std::optional<std::string>> cells;
  std::vector<std::optional<std::string>> bad;
  for (int i = 0; i < 40; ++i) {
    age.push_back(static_cast<float>(20 + i));
    bad.emplace_back(i % 3 == 0 ? "1" : "0");
    if (i == 39) cells.emplace_back(std::nullopt);
    else cells.emplace_back(i % 3 == 0 ? "Late rent, please help" : "new car");
  }
  builder.add_numbers("age", age).add(texts("story", cells)).add_strings("bad", bad);
  Prepared made{builder.build(), {}};
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  made.task = make_task(made.table, spec);
  return made;
}

TEST(TextColumns, AreAGroupOfIdsForModelsThatReadThem) {
  const Prepared made = loans();
  const auto rows = all_rows(30);
  const auto [prep, design] =
      Preprocessor::fit_transform(made.table, made.task, rows, words_spec(3, 2), Context(ContextOptions{.seed = 1, .threads = 1}));
  ASSERT_EQ(prep.groups().size(), 1U);
  const FeatureGroup& group = prep.groups()[0];
  EXPECT_EQ(group.kind, FeatureGroup::Kind::kText);
  EXPECT_EQ(group.name, "story");
  EXPECT_EQ(group.first, 1U);
  EXPECT_EQ(group.steps, 3U);
  EXPECT_EQ(group.width(), 3U);
  EXPECT_THAT(group.words, ElementsAre("car", "new", "help", "late", "please", "rent", "(any other)"));
  EXPECT_EQ(prep.feature_names()[1], "story (word 1)");
  // Row 1: "new car" is 1, 0 and nothing; row 0: late, rent, please.
  EXPECT_EQ(design.features[design.width + 1], 1);
  EXPECT_EQ(design.features[design.width + 2], 0);
  EXPECT_TRUE(std::isnan(design.features[design.width + 3]));
  EXPECT_THAT(std::vector<float>(design.features.begin() + 1, design.features.begin() + 4), ElementsAre(3, 5, 4));
  EXPECT_EQ(prep.plan().inputs[1].from, "text");
  const Design other = prep.apply(made.table, std::vector<uint32_t>{39});
  EXPECT_TRUE(std::isnan(other.features[1]));
}

TEST(TextColumns, SayNothingToModelsThatDoNot) {
  const Prepared made = loans();
  const auto [prep, design] =
      Preprocessor::fit_transform(made.table, made.task, all_rows(30), PrepSpec{}, Context(ContextOptions{.seed = 1, .threads = 1}));
  EXPECT_TRUE(prep.groups().empty());
  EXPECT_EQ(prep.plan().inputs.size(), 1U);
}

TEST(TextColumns, WordsOfRowsThatAreNotTrainedOnAreOther) {
  const Prepared made = loans();
  const auto [prep, design] = Preprocessor::fit_transform(made.table, made.task, std::vector<uint32_t>{1, 2, 4, 5}, words_spec(3, 2),
                                                          Context(ContextOptions{.seed = 1, .threads = 1}));
  EXPECT_THAT(prep.groups()[0].words, ElementsAre("car", "new", "(any other)"));
  EXPECT_EQ(prep.apply(made.table, std::vector<uint32_t>{0}).features[1], 2);
}

}  // namespace
}  // namespace obligor
