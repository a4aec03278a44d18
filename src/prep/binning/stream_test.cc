#include "prep/binning/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/random.h"
#include "prep/binning/sketch.h"

namespace obligor {
namespace {

using binning::QuantileSketch;

// The greatest distance between the share asked for and the ranks that the answer has in the sorted values.
double worst_error(const QuantileSketch& sketch, std::vector<float> values) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double worst = 0;
  for (int q = 1; q < 200; ++q) {
    const double share = q / 200.0;
    const float x = sketch.quantile(share);
    const double low = static_cast<double>(std::lower_bound(values.begin(), values.end(), x) - values.begin()) / n;
    const double high = static_cast<double>(std::upper_bound(values.begin(), values.end(), x) - values.begin()) / n;
    worst = std::max({worst, low - share, share - high});
  }
  return worst;
}

TEST(QuantileSketch, StaysWithinItsRankErrorWhateverTheOrder) {
  constexpr size_t kRows = 300'000;
  Random random(1, "sketch");
  std::vector<float> shuffled(kRows);
  for (float& x : shuffled) x = static_cast<float>(random.normal());
  std::vector<float> rising = shuffled;
  std::sort(rising.begin(), rising.end());
  const std::vector<float> falling(rising.rbegin(), rising.rend());
  std::vector<float> tied = shuffled;
  for (float& x : tied) x = std::round(2 * x);
  for (const std::vector<float>* values : {&std::as_const(shuffled), &std::as_const(rising), &falling, &std::as_const(tied)}) {
    QuantileSketch sketch(400, 7);
    sketch.add(*values);
    EXPECT_EQ(sketch.count(), kRows);
    EXPECT_LT(sketch.kept(), 2000U);
    EXPECT_LT(worst_error(sketch, *values), sketch.rank_error());
  }
}

TEST(QuantileSketch, MergedPartsAreAsGoodAsOneStream) {
  Random random(2, "parts");
  std::vector<float> all;
  QuantileSketch merged(400, 1);
  for (uint64_t part = 0; part < 20; ++part) {
    std::vector<float> values(static_cast<size_t>(1000 + 3000 * part));
    for (float& x : values) x = static_cast<float>(random.uniform() + static_cast<double>(part));
    QuantileSketch sketch(400, part + 2);
    sketch.add(values);
    merged.merge(sketch);
    all.insert(all.end(), values.begin(), values.end());
  }
  EXPECT_EQ(merged.count(), all.size());
  EXPECT_LT(worst_error(merged, all), merged.rank_error());
}

TEST(QuantileSketch, HoldsFewValuesExactlyAndSkipsMissing) {
  QuantileSketch sketch(64, 1);
  EXPECT_TRUE(std::isnan(sketch.quantile(0.5)));
  sketch.add(std::vector<float>{5, kMissing, 1, 3});
  EXPECT_EQ(sketch.count(), 3U);
  EXPECT_EQ(sketch.quantile(0.5), 3);
  EXPECT_THAT(sketch.cuts(3), testing::ElementsAre(3));
}

struct Chunks {
  std::vector<Table> tables;
  std::vector<std::vector<uint8_t>> bads;
  std::vector<float> x;
  std::vector<float> few;
  std::vector<int32_t> level;
  std::vector<uint8_t> bad;
};

// Chunks whose dictionaries list the levels in another order each.
Chunks make_chunks() {
  Random random(3, "chunks");
  Chunks chunks;
  for (int c = 0; c < 7; ++c) {
    std::vector<float> x;
    std::vector<float> few;
    std::vector<int32_t> codes;
    std::vector<uint8_t> bad;
    for (int r = 0; r < 3000 + 100 * c; ++r) {
      const double v = random.normal();
      const auto level = static_cast<int32_t>(random.below(4)) - 1;
      x.push_back(random.below(20) == 0 ? kMissing : static_cast<float>(v));
      few.push_back(static_cast<float>(random.below(6)));
      codes.push_back(level < 0 ? -1 : (level + c) % 3);
      chunks.level.push_back(level);
      bad.push_back(random.uniform() < 1 / (1 + std::exp(2 - v - 0.5 * level - 0.2 * static_cast<double>(few.back()))) ? 1 : 0);
    }
    chunks.x.insert(chunks.x.end(), x.begin(), x.end());
    chunks.few.insert(chunks.few.end(), few.begin(), few.end());
    chunks.bad.insert(chunks.bad.end(), bad.begin(), bad.end());
    const std::vector<std::string> words{"a", "b", "c"};
    std::vector<std::string> turned(3);
    for (size_t l = 0; l < 3; ++l) turned[(l + static_cast<size_t>(c)) % 3] = words[l];
    TableBuilder builder;
    builder.add_numbers("x", x).add_numbers("few", few).add_categories("level", codes, turned);
    chunks.tables.push_back(builder.build());
    chunks.bads.push_back(bad);
  }
  return chunks;
}

TEST(StreamBinner, GivesWhatTheFitInMemoryGives) {
  const Chunks chunks = make_chunks();
  const Context context;
  StreamBinner binner({{"x", ColumnKind::kNumber, {}}, {"few", ColumnKind::kNumber, {}}, {"level", ColumnKind::kCategory, {}}}, 1);
  for (const Table& chunk : chunks.tables) binner.observe(chunk, context);
  for (size_t c = 0; c < chunks.tables.size(); ++c) {
    binner.count(chunks.tables[c], all_rows(chunks.tables[c].rows()), chunks.bads[c], {}, context);
  }
  // Few values and levels: the very same tables.
  const Binning few = binner.finish(1);
  EXPECT_EQ(binning_json(few.table()), binning_json(fit_binning(NumberSample{"few", chunks.few}, chunks.bad, {}).table()));
  const std::vector<std::string> words{"a", "b", "c"};
  const Binning level = binner.finish(2);
  EXPECT_EQ(binning_json(level.table()), binning_json(fit_binning(CategorySample{"level", chunks.level, words}, chunks.bad, {}).table()));
  // Many values: exact counts for its own cuts, and hardly less information than from exact quantiles and a tree.
  const Binning x = binner.finish(0);
  BinningSpec own;
  own.candidates = x.splits();
  own.fixed_splits = x.splits();
  own.trend = BinTrend::kNone;
  EXPECT_NEAR(x.table().iv, fit_binning(NumberSample{"x", chunks.x}, chunks.bad, own).table().iv, 1e-12);
  const double whole = fit_binning(NumberSample{"x", chunks.x}, chunks.bad, {}).table().iv;
  EXPECT_GT(x.table().iv, 0.98 * whole);
  EXPECT_EQ(x.table().rows, static_cast<double>(chunks.x.size()));
}

}  // namespace
}  // namespace obligor
