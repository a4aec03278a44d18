#include "plan/words.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor {
namespace {

using Strings = std::vector<std::string>;

Strings words_of(std::string_view text) { return split_words(text, {}); }

TEST(Words, AreRunsOfLettersAndDigitsInSmallLetters) {
  EXPECT_EQ(words_of("Debt consolidation, 3rd TIME (I'm 100% sure)"), (Strings{"debt", "consolidation", "3rd", "time", "i", "m", "100", "sure"}));
  EXPECT_EQ(words_of(""), Strings{});
  EXPECT_EQ(words_of(" \t\n...!?"), Strings{});
}

TEST(Words, FoldCapitalsOfLatinGreekAndCyrillic) {
  EXPECT_EQ(words_of("ÉCOLE Straße ΑΘΗΝΑ КРЕДИТ Ёлка Ђорђе"), (Strings{"école", "straße", "αθηνα", "кредит", "ёлка", "ђорђе"}));
  EXPECT_EQ(words_of("3×4÷2"), (Strings{"3", "4", "2"}));
  EXPECT_EQ(words_of("ＡｂＣ１２"), Strings{"abc12"});  // full-width forms
  EXPECT_EQ(words_of("대출 상환"), (Strings{"대출", "상환"}));
}

TEST(Words, EmojiAndPunctuationSeparate) { EXPECT_EQ(words_of("need💰money—now…“please”"), (Strings{"need", "money", "now", "please"})); }

TEST(Words, BytesThatAreNotUtf8Separate) {
  EXPECT_EQ(words_of("ab\xFF"
                     "cd"),
            (Strings{"ab", "cd"}));
  EXPECT_EQ(words_of("ab\xC3"), Strings{"ab"});  // cut short
  EXPECT_EQ(words_of("a\xC0\xAF"
                     "b"),
            (Strings{"a", "b"}));  // overlong
  EXPECT_EQ(words_of("a\xED\xA0\x80"
                     "b"),
            (Strings{"a", "b"}));  // half of a surrogate pair
  EXPECT_EQ(words_of("a\xF5\x80\x80\x80"
                     "b"),
            (Strings{"a", "b"}));                          // beyond Unicode
  EXPECT_EQ(words_of("a\xE8\xB4z"), (Strings{"a", "z"}));  // what follows a broken sequence is read
}

TEST(Words, RunsOfHanAreCutByTheLongestListedWord) {
  const WordNumbers known{{"贷款", 0}, {"贷款用途", 1}, {"还", 2}, {"资金周转", 3}};
  EXPECT_EQ(split_words("还贷款", known), (Strings{"还", "贷款"}));
  EXPECT_EQ(split_words("贷款用途：资金周转", known), (Strings{"贷款用途", "资金周转"}));
  EXPECT_EQ(split_words("贷款用", known), (Strings{"贷款", "用"}));
  EXPECT_EQ(split_words("借5万元贷款", known), (Strings{"借", "5", "万", "元", "贷款"}));
  EXPECT_EQ(split_words("ローンの返済", {}), (Strings{"ロ", "ー", "ン", "の", "返", "済"}));
}

ScorePlan tokens_plan(std::vector<std::string> words, std::vector<int32_t> ids, int32_t other, uint32_t length) {
  PlanBuilder builder;
  builder.output("ids", builder.tokens(builder.input("text", InputKind::kCategory, "text"), std::move(words), std::move(ids), other, length));
  return builder.build();
}

std::vector<float> run(const ScorePlan& plan, const Strings& cells) {
  std::vector<int32_t> codes;
  for (size_t i = 0; i < cells.size(); ++i) codes.push_back(cells[i] == "-" ? -1 : static_cast<int32_t>(i));
  const InputBatch batch{cells.size(), {{{}, codes, &cells}}};
  std::vector<float> ids = Interpreter(plan).run(batch, {})[0].numbers;
  for (auto& id : ids) {
    if (id != id) id = -1;  // NaN
  }
  return ids;
}

TEST(Tokens, AreTheIdsOfTheFirstWords) {
  const ScorePlan plan = tokens_plan({"a", "b"}, {0, 7}, 9, 3);
  EXPECT_EQ(run(plan, {"B a", "x", "-", "", "a a a b"}), (std::vector<float>{7, 0, -1, 9, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0}));
}

TEST(Tokens, MayLeaveOutWordsThatAreNotListed) {
  const ScorePlan plan = tokens_plan({"a", "b"}, {0, 1}, -1, 2);
  EXPECT_EQ(run(plan, {"x b y a b", "nothing of it"}), (std::vector<float>{1, 0, -1, -1}));
}

TEST(Tokens, ALongWordIsNotListedAndALongTextIsRead) {
  const std::string longest(kMostWordBytes, 'a');
  const ScorePlan plan = tokens_plan({longest, longest + "a", "end"}, {0, 1, 2}, 5, 2);
  EXPECT_EQ(run(plan, {longest + " " + longest + "a"}), (std::vector<float>{0, 5}));
  EXPECT_EQ(run(plan, {std::string(1 << 20, ' ') + "end"}), (std::vector<float>{2, -1}));
}

TEST(Embed, CopiesARowForEachIdAndZerosForOthers) {
  PlanBuilder builder;
  const NodeId x = builder.concat({builder.input("a", InputKind::kNumber), builder.input("b", InputKind::kNumber)});
  builder.output("y", builder.embed(x, {1, 2, 3, 4, 5, 6}, 2));
  const ScorePlan plan = builder.build();
  const std::vector<float> a{0, 2.9F, -0.5F};
  const std::vector<float> b{std::nanf(""), 3, std::numeric_limits<float>::infinity()};
  const InputBatch batch{3, {{a, {}, nullptr}, {b, {}, nullptr}}};
  EXPECT_EQ(Interpreter(plan).run(batch, {})[0].numbers, (std::vector<float>{1, 2, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0}));
}

TEST(Tokens, VerifyRefusesWhatDoesNotFit) {
  EXPECT_THROW((void)tokens_plan({"a", "b"}, {0}, 1, 3), Error);
  EXPECT_THROW((void)tokens_plan({"a"}, {-1}, 1, 3), Error);
  EXPECT_THROW((void)tokens_plan({"a"}, {1 << 24}, 1, 3), Error);
  EXPECT_THROW((void)tokens_plan({"a"}, {0}, -2, 3), Error);
  EXPECT_THROW((void)tokens_plan({"a"}, {0}, 1, 0), Error);
}

}  // namespace
}  // namespace obligor
