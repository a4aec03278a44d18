#include "zoo/tree/columns.h"

#include <map>

#include <gmock/gmock.h>

#include "zoo/tree/tree_test_support.h"
#include "zoo/tree/value_counts.h"

namespace obligor::tree {
namespace {

using testing::ElementsAre;

TEST(Columns, RanksAreThePlacesOfTheDistinctValues) {
  const float infinity = std::numeric_limits<float>::infinity();
  Sample sample = make_sample({"x", "level"}, {0, 1});
  const std::vector<float> given{3, -0.0F, kNan, 0, -infinity, -2.5F, 1e-40F, infinity, 3, -2.5F};
  for (size_t i = 0; i < given.size(); ++i) sample.add({given[i], i == 4 ? kNan : static_cast<float>(i % 3)}, i % 2 == 0 ? 1 : 0);
  const Columns columns = ranked_columns(sample);
  EXPECT_THAT(columns.distinct[0], ElementsAre(-infinity, -2.5F, 0, 1e-40F, 3, infinity));
  EXPECT_THAT(columns.code[0], ElementsAre(4, 2, 6, 2, 0, 1, 3, 5, 4, 1));
  EXPECT_THAT(columns.code[1], ElementsAre(0, 1, 2, 0, 3, 2, 0, 1, 2, 0));
  EXPECT_EQ(columns.codes(1), 3U);
}

// Few rows of many codes take the way through the bit set, many rows the one through all cells; both must count as a map does.
TEST(RuleText, ADateIsReadAsOne) {
  const std::vector<std::string> names{"opened", "age"};
  const std::vector<uint8_t> days{1, 0};
  Branch branch;
  branch.feature = 0;
  branch.cuts = {13208, 13528.5F};
  branch.child_of = {0, 1, 2};
  const FeatureTexts features{names, {}, days, {}};
  EXPECT_EQ(condition(branch, 0, features), "opened <= 2006-03-01");
  EXPECT_EQ(condition(branch, 1, features), "2006-03-01 < opened <= 2007-01-15T12:00:00");
  branch.feature = 1;
  EXPECT_EQ(condition(branch, 2, features), "age > 13528.5");
}

TEST(Columns, ValuesAreCountedInOrderWhateverTheNumberOfRows) {
  Random random(4, "counts");
  ValueCounter counter;
  for (const size_t levels : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}, size_t{20'000}}) {
    std::vector<uint32_t> codes(20'000);
    for (uint32_t& code : codes) code = static_cast<uint32_t>(random.below(levels + 1));
    for (const size_t rows : {size_t{0}, size_t{1}, size_t{5}, size_t{300}, size_t{20'000}}) {
      for (const bool weighted : {false, true}) {
        std::vector<uint32_t> keys;
        std::vector<double> weights;
        std::map<uint32_t, std::array<double, 2>> expected;
        for (size_t i = 0; i < rows; ++i) {
          const auto row = static_cast<uint32_t>(random.below(codes.size()));
          keys.push_back(row * 2 + static_cast<uint32_t>(random.below(2)));
          weights.push_back(0.25 * static_cast<double>(1 + random.below(7)));
          expected[codes[row]][keys.back() & 1U] += weighted ? weights.back() : 1;
        }
        const auto counts = counter.count(codes, levels, keys, weighted ? weights : std::vector<double>{});
        const auto missing = static_cast<uint32_t>(levels);
        EXPECT_EQ(counts.missing.weight[0], expected[missing][0]);
        EXPECT_EQ(counts.missing.weight[1], expected[missing][1]);
        expected.erase(missing);
        ASSERT_EQ(counts.known.size(), expected.size());
        size_t i = 0;
        for (const auto& [code, weight] : expected) {
          EXPECT_EQ(counts.known[i].code, code);
          EXPECT_EQ(counts.known[i].weight[0], weight[0]);
          EXPECT_EQ(counts.known[i].weight[1], weight[1]);
          ++i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace obligor::tree
