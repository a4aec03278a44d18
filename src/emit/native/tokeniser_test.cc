#include "emit/native/tokeniser.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "plan/words.h"

namespace obligor::native {
namespace {

std::string random_text(Random& random, const std::vector<std::string>& pieces) {
  std::string text;
  for (size_t count = static_cast<size_t>(random.below(30)); count > 0; --count) {
    if (random.below(5) == 0) text += static_cast<char>(static_cast<unsigned char>(random.below(256)));
    else text += pieces[static_cast<size_t>(random.below(pieces.size()))];
    if (random.below(2) == 0) text += ' ';
  }
  return text;
}

TEST(Tokeniser, EqualsTheSplittingRuleWordForWord) {
  const std::vector<std::string> pieces{"loan", "Debt", "ÉCOLE", "ё", "Ж",  "ΑΘ",   "３Ｄ",     "贷款",     "贷",   "款用", "途",
                                        "ロー", "ン",   "€",     "💰", "𠀀", "한국", "\xE8\xB4", "\xF0\x9F", "\xC0", "x",    std::string(130, 'q')};
  std::vector<std::string> words{"loan", "debt", "école", "ё", "贷款", "贷款用途", "款用途", "ローン", "한국", "3d", "xx", "𠀀贷", "loan"};
  words.push_back(std::string(kMostWordBytes, 'q'));
  std::string too_many;
  for (size_t i = 0; i <= kMostWordLetters; ++i) too_many += "贷";
  words.push_back(too_many);
  std::vector<int32_t> ids;
  WordNumbers known;
  for (size_t i = 0; i < words.size(); ++i) {
    ids.push_back(static_cast<int32_t>(i));
    known.emplace(words[i], static_cast<int32_t>(i));
  }
  Random random(7, "texts");
  for (int trial = 0; trial < 5000; ++trial) {
    const std::string text = random_text(random, pieces);
    const int32_t other = static_cast<int32_t>(random.below(2)) * 100 - 1;
    const size_t length = 1 + static_cast<size_t>(random.below(40));
    std::vector<float> expected;
    for (const auto& word : split_words(text, known)) {
      const auto found = word.size() > kMostWordBytes ? known.end() : known.find(word);
      const int32_t id = found == known.end() ? other : found->second;
      if (id >= 0 && expected.size() < length) expected.push_back(static_cast<float>(id));
    }
    std::vector<float> out(3 * length, -5);
    Tokeniser(words, ids, other).fill(text, length, out.data(), 3);
    for (size_t t = 0; t < length; ++t) {
      if (t < expected.size()) ASSERT_EQ(out[3 * t], expected[t]) << text << " word " << t;
      else ASSERT_TRUE(std::isnan(out[3 * t])) << text << " word " << t;
    }
  }
}

TEST(Tokeniser, StopsAtTheLastWordThatCounts) {
  const std::string long_text(1 << 20, 'a');  // one word of a megabyte, then many
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "loan ";
  float ids[2];
  const Tokeniser tokeniser({"loan"}, std::vector<int32_t>{4}, 9);
  tokeniser.fill(long_text, 2, ids, 1);
  EXPECT_EQ(ids[0], 9);
  EXPECT_TRUE(std::isnan(ids[1]));
  tokeniser.fill(many, 2, ids, 1);
  EXPECT_EQ(ids[1], 4);
}

}  // namespace
}  // namespace obligor::native
