#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/floats.h"
#include "core/json.h"
#include "core/random.h"

namespace obligor {
namespace {

TEST(Errors, UnknownNameSuggestsTheNearest) {
  const std::vector<std::string> known{"logistic", "lightgbm", "ann", "dnn"};
  EXPECT_STREQ(unknown_name("model", "lightgmb", known).what(), "unknown model 'lightgmb'; did you mean 'lightgbm'?");
  EXPECT_THAT(unknown_name("model", "zzzzzzzz", known).what(), testing::HasSubstr("known are: logistic, lightgbm, ann, dnn"));
}

TEST(Errors, AQuotedCellNeitherBreaksTheLineNorMovesTheTerminal) {
  EXPECT_STREQ(Error(ErrorCode::kData, "column 'a\nb' of \x1b[2J\tx\n").what(), "column 'a b' of  [2J x");
  EXPECT_STREQ(Error(ErrorCode::kData,
                     "Stra\xC3\x9F"
                     "e")
                   .what(),
               "Stra\xC3\x9F"
               "e");
}

TEST(Errors, BadInputExitsWithTwo) {
  EXPECT_EQ(facts(ErrorCode::kInvalid).exit_status, 2);
  EXPECT_EQ(facts(ErrorCode::kData).exit_status, 2);
  EXPECT_EQ(facts(ErrorCode::kIo).exit_status, 1);
}

TEST(KernelMemory, BeginsOnCacheLinesIsZeroAndHasALineMore) {
  float* a = nullptr;
  float* b = nullptr;
  const Floats memory = lay_out({{&a, 20}, {&b, 3}});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 64, 0U);
  EXPECT_EQ(b - a, 32);
  EXPECT_EQ(memory.size(), 48U);
  EXPECT_EQ(std::count(a, a + memory.size() + kLineFloats, 0.0F), 64);
  Floats moved = Floats(3);
  std::fill_n(moved.data(), 3, 1.0F);
  moved.clear();
  EXPECT_EQ(std::count(moved.data(), moved.data() + 3, 0.0F), 3);
}

TEST(RandomStreams, DependOnSeedAndNameAlone) {
  Random a(1, "x");
  Random b(1, "x");
  Random c(1, "y");
  const uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

TEST(RandomStreams, NormalHasUnitVariance) {
  Random random(3, "normal");
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(RandomStreams, PermutationHoldsEachIndexOnce) {
  auto order = Random(5, "p").permutation(1000);
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(order, expected);
}

TEST(JsonDocuments, RefuseDeepNestingAndWhatIsNotJson) {
  EXPECT_THROW((void)parse_json(std::string(100'000, '['), "test"), Error);
  EXPECT_THROW((void)parse_json("{\"a\":", "test"), Error);
  EXPECT_THROW((void)parse_json("[1e999]", "test"), Error);  // nlohmann's own exception for it is another than for a bad character
  EXPECT_EQ(json_get<int>(parse_json(R"({"a": 3})", "test"), "a", "test"), 3);
  EXPECT_THROW((void)json_get<int>(parse_json(R"({"a": "x"})", "test"), "a", "test"), Error);
}

}  // namespace
}  // namespace obligor
