#include "prep/binning/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "prep/binning/binning_test_data.h"
#include "prep/binning/counter.h"

namespace obligor {
namespace {

// The pass over radix codes against a sort, on values of many magnitudes with heavy ties.
TEST(BinningGroups, RadixGroupsAreFineAndHoldTheRowsOfASort) {
  Random random(8, "groups");
  std::vector<float> x;
  std::vector<uint8_t> y;
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t kind = random.below(4);
    const double v =
        kind == 0 ? 20 + std::floor(55 * random.uniform()) : (kind == 1 ? 1e6 + random.uniform() : (kind == 2 ? std::exp(5 * random.normal()) : 0));
    x.push_back(static_cast<float>(random.below(50) == 0 ? -v : v));
    y.push_back(random.below(3) == 0 ? 1 : 0);
  }
  const auto groups = binning::group_values(x, {y, {}}, {}, {}, {200, 0, 0}).groups;
  std::vector<std::pair<float, uint8_t>> sorted;
  for (size_t i = 0; i < x.size(); ++i) sorted.emplace_back(x[i] == 0 ? 0.0F : x[i], y[i]);
  std::sort(sorted.begin(), sorted.end());
  size_t at = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto end = at + static_cast<size_t>(groups[g].cell.rows);
    ASSERT_LE(end, sorted.size());
    EXPECT_GE(sorted[at].first, groups[g].low);
    if (g + 1 < groups.size()) {
      EXPECT_LT(sorted[end - 1].first, groups[g + 1].low);
    }
    double bads = 0;
    for (size_t i = at; i < end; ++i) bads += sorted[i].second;
    ASSERT_EQ(groups[g].cell.events, bads);
    if (groups[g].cell.rows > 500) {
      EXPECT_EQ(sorted[at].first, sorted[end - 1].first) << "heavy groups are single values";
    }
    at = end;
  }
  EXPECT_EQ(at, sorted.size());
}

// With the groups beside its cuts taken apart, the tree over coarse groups cuts where the tree over all values does.
TEST(BinningGroups, ATreeOverGroupsIsAsGoodAsOverAllValues) {
  const Numbers d = make(300'000, 5);
  const auto coarse = binning::group_values(d.x, {d.y, {}}, {}, {}, {1000, 20, 15000}).groups;
  std::vector<std::pair<float, uint8_t>> sorted;
  for (size_t i = 0; i < d.x.size(); ++i) sorted.emplace_back(d.x[i], d.y[i]);
  std::sort(sorted.begin(), sorted.end());
  std::vector<binning::Group> all;
  for (const auto& [x, y] : sorted) {
    if (all.empty() || all.back().low != x) all.push_back({x, x, {}});
    all.back().cell.add({1, 1, static_cast<double>(y), static_cast<double>(y), static_cast<double>(y)});
  }
  ASSERT_LT(10 * coarse.size(), all.size());
  const auto between = [&](const std::vector<float>& cuts) {
    std::vector<binning::Cell> cells(cuts.size() + 1);
    for (const auto& group : all) {
      cells[static_cast<size_t>(std::upper_bound(cuts.begin(), cuts.end(), group.low) - cuts.begin())].add(group.cell);
    }
    double total = 0;
    for (const auto& cell : cells) total += cell.sum * cell.sum / cell.count;
    return total;
  };
  const auto exact = binning::tree_cuts(all, 20, 15000);
  const auto found = binning::tree_cuts(coarse, 20, 15000);
  ASSERT_EQ(found.size(), exact.size());
  EXPECT_NEAR(between(found), between(exact), 1e-4 * between(exact));
}

TEST(BinningGroups, CountsFromGroupsAreThoseOfTheRows) {
  Numbers d = make(20'000, 6);
  for (size_t i = 0; i < 900; ++i) d.x[i] = i % 3 == 0 ? kMissing : (i % 3 == 1 ? -9.0F : 99.0F);
  const std::vector<float> specials{-9, 99};
  const auto column = binning::group_values(d.x, {d.y, {}}, {}, specials, {200, 0, 0});
  const auto cuts = binning::quantile_cuts(column.groups, 30);
  const binning::Counter from_groups(cuts, specials, column);
  binning::Counter from_rows(cuts, specials);
  from_rows.add(d.x, {d.y, {}}, {});
  ASSERT_EQ(from_groups.cells().size(), from_rows.cells().size());
  for (size_t k = 0; k < from_rows.cells().size(); ++k) {
    EXPECT_EQ(from_groups.cells()[k].rows, from_rows.cells()[k].rows) << k;
    EXPECT_EQ(from_groups.cells()[k].events, from_rows.cells()[k].events) << k;
    if (k < from_rows.prebins()) {
      EXPECT_EQ(from_groups.lowest(k), from_rows.lowest(k));
      EXPECT_EQ(from_groups.highest(k), from_rows.highest(k));
    }
  }
}

TEST(BinningGroups, QuantileCutsHoldEqualShares) {
  const Numbers d = make(200'000);
  const auto groups = binning::group_values(d.x, {d.y, {}}, {}, {}, {200, 0, 0}).groups;
  const auto cuts = binning::quantile_cuts(groups, 50);
  ASSERT_EQ(cuts.size(), 49U);
  for (size_t c = 0; c < cuts.size(); ++c) {
    const auto below = std::count_if(d.x.begin(), d.x.end(), [&](float v) { return v < cuts[c]; });
    EXPECT_NEAR(static_cast<double>(below) / 200'000, static_cast<double>(c + 1) / 50, 0.0025);
  }
}

}  // namespace
}  // namespace obligor
