#include "prep/binning/binning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"
#include "prep/binning/binning_test_data.h"
#include "prep/binning/counter.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const BinRow& row_of(const Binning& b, BinKind kind) {
  for (const BinRow& row : b.table().bins) {
    if (row.kind == kind) return row;
  }
  throw std::runtime_error("no such bin");
}

// Wisconsin breast cancer, mean radius. Published by optbinning's tutorial: splits, IV, Gini, KS. Its pre-bins are the leaves of
// a tree, of which those without an event or a non-event are merged away before the search; that leaves these eight cuts.
TEST(Binning, FindsThePublishedBinsOfBreastCancer) {
  std::ifstream file(OBLIGOR_SOURCE_DIR "/tests/data/wdbc_mean_radius.csv");
  std::string line;
  std::getline(file, line);
  Numbers d;
  while (std::getline(file, line)) {
    d.x.push_back(std::stof(line));
    d.y.push_back(line.back() == '1' ? 1 : 0);
  }
  ASSERT_EQ(d.x.size(), 569U);
  BinningSpec spec;
  spec.candidates = {11.425F, 12.33F, 12.775F, 13.095F, 13.705F, 14.255F, 15.045F, 16.925F};
  spec.max_bins = 0;
  spec.min_events = 1;
  spec.min_non_events = 1;
  const Binning b = fit_binning(NumberSample{"mean radius", d.x}, d.y, spec);
  EXPECT_THAT(b.splits(), ElementsAre(11.425F, 12.33F, 13.095F, 13.705F, 15.045F, 16.925F));
  EXPECT_NEAR(b.table().iv, 5.04392547, 5e-9);
  EXPECT_NEAR(b.table().gini, 0.87541620, 5e-9);
  EXPECT_NEAR(b.table().ks, 0.72862164, 5e-9);
  EXPECT_EQ(b.table().trend, BinTrend::kAscending);

  // The same tree with its pure leaves left to the search: the same constraints are met at a higher IV.
  spec.candidates = {};
  spec.prebins = PrebinMethod::kTree;
  spec.max_prebins = 20;
  spec.min_prebin_share = 0.05;
  spec.midpoints = true;
  const Binning better = fit_binning(NumberSample{"mean radius", d.x}, d.y, spec);
  EXPECT_GT(better.table().iv, 5.11);
  for (const BinRow& row : better.table().bins) {
    EXPECT_GE(row.events, 1);
    EXPECT_GE(row.count - row.events, 1);
    EXPECT_GE(row.share, 0.05);
  }
}

TEST(Binning, MeasuresWoeAndIvAsStated) {
  // 40 goods, 10 bads below 5; 20 goods, 30 bads from 5 on.
  Numbers d;
  const auto add = [&](float x, int goods, int bads) {
    for (int i = 0; i < goods + bads; ++i) {
      d.x.push_back(x);
      d.y.push_back(i < bads ? 1 : 0);
    }
  };
  add(4, 40, 10);
  add(5, 20, 30);
  const Binning b = fit_binning(NumberSample{"x", d.x}, d.y, {});
  ASSERT_THAT(b.splits(), ElementsAre(5.0F));
  const auto& bins = b.table().bins;
  EXPECT_EQ(bins[0].label, "< 5");
  EXPECT_EQ(bins[1].label, ">= 5");
  const double woe = std::log((40.0 / 60) / (10.0 / 40));
  EXPECT_NEAR(bins[0].woe, woe, 1e-12);
  EXPECT_NEAR(bins[0].iv, (40.0 / 60 - 10.0 / 40) * woe, 1e-12);
  EXPECT_NEAR(b.table().iv, bins[0].iv + (20.0 / 60 - 30.0 / 40) * std::log((20.0 / 60) / (30.0 / 40)), 1e-12);
  EXPECT_NEAR(bins[0].event_rate, 0.2, 1e-12);
  // Pearson's chi-square of the 2 x 2 table: 100 (40 30 - 10 20)^2 / (50 50 60 40).
  EXPECT_NEAR(b.table().chi2, 100.0 * 1000 * 1000 / (50.0 * 50 * 60 * 40), 1e-9);
  EXPECT_NEAR(bins[0].p_value, std::erfc(std::sqrt(b.table().chi2 / 2)), 1e-12);
  EXPECT_EQ(b.table().trend, BinTrend::kAscending);
}

TEST(Binning, KeepsMissingAndEachSpecialCodeInBinsOfTheirOwn) {
  Numbers d = make(2000);
  for (size_t i = 0; i < 200; ++i) d.x[i] = i < 80 ? kMissing : (i < 150 ? -9999.0F : 365243.0F);
  BinningSpec spec;
  spec.special_codes = {365243, -9999, -1234};
  const Binning b = fit_binning(NumberSample{"x", d.x}, d.y, spec);
  const auto measured = [&](size_t from, size_t to) {
    double bads = 0;
    for (size_t i = from; i < to; ++i) bads += d.y[i];
    const double all = static_cast<double>(std::count(d.y.begin(), d.y.end(), 1));
    return std::log(((static_cast<double>(to - from) - bads) / (2000 - all)) / (bads / all));
  };
  EXPECT_EQ(row_of(b, BinKind::kMissingValues).count, 80);
  EXPECT_NEAR(row_of(b, BinKind::kMissingValues).woe, measured(0, 80), 1e-12);
  const std::vector<float> asked{kMissing, -9999, 365243, -1234};
  const auto woe = b.woe(asked);
  EXPECT_FLOAT_EQ(woe[0], static_cast<float>(measured(0, 80)));
  EXPECT_FLOAT_EQ(woe[1], static_cast<float>(measured(80, 150)));
  EXPECT_FLOAT_EQ(woe[2], static_cast<float>(measured(150, 200)));
  EXPECT_EQ(woe[3], 0.0F) << "a special code that training did not hold";
  double rows = 0;
  for (const BinRow& row : b.table().bins) {
    rows += row.count;
    if (row.kind == BinKind::kRange && std::isfinite(row.low)) {
      EXPECT_GT(row.low, -100.0F);
    }
  }
  EXPECT_EQ(rows, 2000);
}

std::vector<float> run_plan(const Binning& b, const InputColumn& column, size_t rows) {
  PlanBuilder builder;
  builder.output("woe", b.lower_woe(builder));
  const ScorePlan plan = builder.build();
  const std::vector<InputColumn> columns{column};
  return Interpreter(plan).run({rows, columns}, {})[0].numbers;
}

TEST(Binning, LowersToAPlanThatGivesTheSameWoe) {
  Numbers d = make(5000);
  for (size_t i = 0; i < 500; ++i) d.x[i] = i % 2 == 0 ? kMissing : -1.0F;
  BinningSpec spec;
  spec.special_codes = {-1};
  const Binning b = fit_binning(NumberSample{"x", d.x}, d.y, spec);
  std::vector<float> asked = d.x;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  asked.insert(asked.end(), {kInfinity, -kInfinity, 0.0F, -0.0F, 1e30F});
  for (const float split : b.splits()) asked.insert(asked.end(), {split, std::nextafter(split, -kInfinity)});
  EXPECT_EQ(run_plan(b, {asked, {}, nullptr}, asked.size()), b.woe(asked));
  for (const float split : b.splits()) EXPECT_EQ(b.code(split), b.code(std::nextafter(split, -kInfinity)) + 1) << "bins are left-closed";
}

TEST(Binning, CategoriesLowerToAPlanThatGivesTheSameWoe) {
  Random random(5, "levels");
  const std::vector<std::string> words{"a", "b", "c", "d", "rare 1", "rare 2"};
  std::vector<int32_t> codes;
  std::vector<uint8_t> y;
  for (int i = 0; i < 3000; ++i) {
    const auto code = i < 6 ? 4 + i % 2 : static_cast<int32_t>(random.below(5)) - 1;
    codes.push_back(code);
    y.push_back(random.uniform() < 0.1 + 0.1 * code ? 1 : 0);
  }
  for (const double rare : {0.0, 0.01}) {
    BinningSpec spec;
    spec.rare_share = rare;
    const Binning b = fit_binning(CategorySample{"job", codes, words}, y, spec);
    const std::vector<std::string> other{"c", "never seen", "rare 1", "a"};
    const std::vector<int32_t> asked{0, 1, 2, 3, -1};
    const auto woe = b.woe(asked, other);
    EXPECT_EQ(run_plan(b, {{}, asked, &other}, asked.size()), woe);
    EXPECT_EQ(woe[4], static_cast<float>(row_of(b, BinKind::kMissingValues).woe));
    if (rare > 0) {
      EXPECT_EQ(woe[1], woe[2]) << "an unseen level is as the pool of rare ones";
      EXPECT_NE(b.code_label(static_cast<uint32_t>(b.code("never seen"))).find("other (2 rare)"), std::string::npos);
    } else {
      EXPECT_EQ(woe[1], 0.0F) << "an unseen level is average";
    }
    EXPECT_GT(woe[3], woe[0]) << "'a' is safer than 'c'";
  }
}

// End to end against all partitions of the distinct values, with the stated constraints.
TEST(Binning, IsTheBestPartitionOfTheDistinctValues) {
  Random random(9, "end-to-end");
  for (int repeat = 0; repeat < 60; ++repeat) {
    const size_t distinct = 2 + random.below(9);
    std::vector<double> goods(distinct);
    std::vector<double> bads(distinct);
    Numbers d;
    for (size_t i = 0; i < 150; ++i) {
      const size_t v = random.below(distinct);
      d.x.push_back(static_cast<float>(v) * 1.5F - 3);
      d.y.push_back(random.uniform() < 0.2 + 0.5 * random.uniform() ? 1 : 0);
      (d.y.back() != 0 ? bads : goods)[v] += 1;
    }
    BinningSpec spec;
    spec.trend = BinTrend::kMonotone;
    spec.max_bins = 4;
    spec.min_share = 0.1;
    const Binning b = fit_binning(NumberSample{"x", d.x}, d.y, spec);
    const double all_bads = static_cast<double>(std::count(d.y.begin(), d.y.end(), 1));
    double best = 0;
    for (uint32_t cuts = 0; cuts < (1U << (distinct - 1)); ++cuts) {
      std::vector<std::pair<double, double>> bins(1);
      for (size_t v = 0; v < distinct; ++v) {
        bins.back().first += goods[v];
        bins.back().second += bads[v];
        if (v + 1 < distinct && (cuts >> v & 1U) != 0) bins.emplace_back();
      }
      bool good = bins.size() <= 4;
      bool up = true;
      bool down = true;
      double iv = 0;
      for (size_t k = 0; k < bins.size(); ++k) {
        auto [g, n] = bins[k];
        good = good && g + n >= 15;
        if (g == 0 || n == 0) {
          g += 0.5;
          n += 0.5;
        }
        iv += (g / (150 - all_bads) - n / all_bads) * std::log(g / (150 - all_bads) / (n / all_bads));
        if (k == 0) continue;
        const double rate = bins[k].second / (bins[k].first + bins[k].second);
        const double before = bins[k - 1].second / (bins[k - 1].first + bins[k - 1].second);
        up = up && rate >= before;
        down = down && rate <= before;
      }
      if (good && (up || down)) best = std::max(best, iv);
    }
    EXPECT_NEAR(b.table().iv, best, 1e-9) << repeat;
  }
}

// Merging levels in the order of their rates loses nothing: against every way to part five levels into groups.
TEST(Binning, CategoriesReachTheBestOfAllGroupings) {
  Random random(11, "groupings");
  const std::vector<std::string> words{"a", "b", "c", "d", "e"};
  for (int repeat = 0; repeat < 40; ++repeat) {
    std::vector<int32_t> codes;
    std::vector<uint8_t> y;
    std::array<double, 5> goods{};
    std::array<double, 5> bads{};
    std::array<double, 5> rate{};
    for (double& r : rate) r = random.uniform();
    for (int i = 0; i < 200; ++i) {
      const size_t code = random.below(5);
      codes.push_back(static_cast<int32_t>(code));
      y.push_back(random.uniform() < rate.at(code) ? 1 : 0);
      (y.back() != 0 ? bads : goods).at(code) += 1;
    }
    BinningSpec spec;
    spec.prior_weight = 0;
    spec.min_share = 0;
    spec.max_bins = 3;
    const Binning b = fit_binning(CategorySample{"c", codes, words}, y, spec);
    const double all_bads = static_cast<double>(std::count(y.begin(), y.end(), 1));
    double best = 0;
    for (int grouping = 0; grouping < 243; ++grouping) {
      std::array<double, 3> g{};
      std::array<double, 3> n{};
      for (int level = 0, rest = grouping; level < 5; ++level, rest /= 3) {
        g.at(static_cast<size_t>(rest % 3)) += goods.at(static_cast<size_t>(level));
        n.at(static_cast<size_t>(rest % 3)) += bads.at(static_cast<size_t>(level));
      }
      double iv = 0;
      for (size_t k = 0; k < 3; ++k) {
        if (g.at(k) + n.at(k) == 0) continue;
        const double e = g.at(k) == 0 || n.at(k) == 0 ? 0.5 : 0;
        const double p = (g.at(k) + e) / (200 - all_bads);
        const double q = (n.at(k) + e) / all_bads;
        iv += (p - q) * std::log(p / q);
      }
      best = std::max(best, iv);
    }
    EXPECT_NEAR(b.table().iv, best, 1e-9) << repeat;
  }
}

TEST(Binning, AWeightOfTwoIsARowTwice) {
  const Numbers d = make(6000);
  Numbers twice;
  std::vector<double> weights;
  for (size_t i = 0; i < d.x.size(); ++i) {
    const int times = i % 3 == 0 ? 2 : (i % 3 == 1 ? 1 : 0);
    weights.push_back(times);
    for (int t = 0; t < times; ++t) {
      twice.x.push_back(d.x[i]);
      twice.y.push_back(d.y[i]);
    }
  }
  const Binning a = fit_binning(NumberSample{"x", d.x, weights}, d.y, {});
  const Binning b = fit_binning(NumberSample{"x", twice.x}, twice.y, {});
  EXPECT_EQ(a.splits(), b.splits());
  EXPECT_NEAR(a.table().iv, b.table().iv, 1e-9);
  EXPECT_EQ(a.table().count, b.table().count);
}

TEST(Binning, KeepsFixedSplitsAndCutsNowhereElseWhenToldSo) {
  const Numbers d = make(4000);
  BinningSpec spec;
  spec.fixed_splits = {0.123F};
  const Binning some = fit_binning(NumberSample{"x", d.x}, d.y, spec);
  EXPECT_THAT(some.splits(), testing::Contains(0.123F));
  EXPECT_GT(some.splits().size(), 1U);
  spec.candidates = {0.5F, -1.0F};
  spec.fixed_splits = {0.5F, -1.0F};
  EXPECT_THAT(fit_binning(NumberSample{"x", d.x}, d.y, spec).splits(), ElementsAre(-1.0F, 0.5F));
  spec.fixed_splits = {-100.0F};
  EXPECT_THAT(message_of([&] { (void)fit_binning(NumberSample{"x", d.x}, d.y, spec); }), HasSubstr("the fixed splits"));
}

TEST(Binning, AContinuousTargetGivesTheBinsOfGreatestVarianceBetween) {
  Random random(2, "continuous");
  std::vector<float> x;
  std::vector<double> y;
  for (int i = 0; i < 900; ++i) {
    x.push_back(static_cast<float>(i / 300));
    y.push_back(1e6 + 10.0 * (i / 300) + random.normal());
  }
  const Binning b = fit_binning(NumberSample{"x", x}, y, {});
  EXPECT_THAT(b.splits(), ElementsAre(1.0F, 2.0F));
  double mean = 0;
  for (const double v : y) mean += v / 900;
  double total = 0;
  double within = 0;
  for (size_t k = 0; k < 3; ++k) {
    double own = 0;
    for (size_t i = 300 * k; i < 300 * (k + 1); ++i) own += y[i] / 300;
    EXPECT_NEAR(b.table().bins[k].event_rate, own, 1e-6);
    EXPECT_NEAR(b.table().bins[k].woe, own - mean, 1e-6);
    for (size_t i = 300 * k; i < 300 * (k + 1); ++i) within += (y[i] - own) * (y[i] - own);
  }
  for (const double v : y) total += (v - mean) * (v - mean);
  EXPECT_NEAR(b.table().chi2, 1 - within / total, 1e-9);
}

TEST(Binning, LevelsThatDifferByChanceAloneSayNothing) {
  Random random(4, "chance");
  std::vector<std::string> words;
  for (int l = 0; l < 800; ++l) words.push_back(fmt::format("zip {}", l));
  std::vector<int32_t> codes;
  std::vector<uint8_t> y;
  for (int i = 0; i < 4000; ++i) {
    codes.push_back(static_cast<int32_t>(random.below(800)));
    y.push_back(random.uniform() < 0.2 ? 1 : 0);
  }
  const Binning shrunken = fit_binning(CategorySample{"zip", codes, words}, y, {});
  BinningSpec raw;
  raw.prior_weight = 0;
  const Binning plain = fit_binning(CategorySample{"zip", codes, words}, y, raw);
  EXPECT_LT(shrunken.table().iv, 0.02);
  EXPECT_GT(plain.table().iv, 0.5) << "without shrinkage noise passes for information";
}

// Levels whose rates do differ: shrunken WoE is nearer to the truth than the raw WoE of the same levels.
TEST(Binning, ShrinkageBringsTheWoeOfManyLevelsNearerToTheTruth) {
  Random random(6, "truth");
  constexpr int kLevels = 500;
  std::vector<std::string> words;
  std::vector<double> truth;
  for (int l = 0; l < kLevels; ++l) {
    words.push_back(fmt::format("city {}", l));
    truth.push_back(-1.5 + 0.5 * random.normal());
  }
  std::vector<int32_t> codes;
  std::vector<uint8_t> y;
  for (int i = 0; i < 6000; ++i) {
    const size_t l = random.below(kLevels);
    codes.push_back(static_cast<int32_t>(l));
    y.push_back(random.uniform() < 1 / (1 + std::exp(-truth[l])) ? 1 : 0);
  }
  const double all_bads = static_cast<double>(std::count(y.begin(), y.end(), 1));
  const double base = std::log(all_bads / (6000 - all_bads));
  const auto loss = [&](double prior_weight) {
    BinningSpec spec;
    spec.prior_weight = prior_weight;
    const Binning b = fit_binning(CategorySample{"city", codes, words}, y, spec);
    double total = 0;
    for (size_t l = 0; l < kLevels; ++l) {
      const double d = base - static_cast<double>(b.code_woe()[static_cast<size_t>(b.code(words[l]))]) - truth[l];
      total += d * d / kLevels;
    }
    return total;
  };
  EXPECT_LT(loss(-1), 0.25) << "below the variance of the truth: better than to ignore the column";
  EXPECT_LT(loss(-1), 0.6 * loss(0));
}

TEST(Binning, TakesBadInputAsDocumented) {
  const Numbers d = make(1000);
  const auto fit = [&](const std::vector<float>& x, const std::vector<uint8_t>& y, const BinningSpec& spec = {}) {
    return fit_binning(NumberSample{"x", x}, y, spec);
  };
  // One value.
  const Binning one = fit(std::vector<float>(1000, 7.0F), d.y);
  EXPECT_EQ(one.table().note, "one value");
  EXPECT_EQ(one.table().bins.size(), 1U);
  EXPECT_NEAR(one.table().iv, 0, 1e-12);
  // All special, all missing.
  BinningSpec spec;
  spec.special_codes = {7};
  const Binning special = fit(std::vector<float>(1000, 7.0F), d.y, spec);
  EXPECT_EQ(special.table().note, "no values");
  ASSERT_EQ(special.table().bins.size(), 1U);
  EXPECT_EQ(special.table().bins[0].kind, BinKind::kSpecialCode);
  EXPECT_THAT(special.woe(std::vector<float>{7, 3, kMissing}), ElementsAre(testing::FloatNear(0, 1e-6F), 0.0F, 0.0F));
  EXPECT_EQ(fit(std::vector<float>(1000, kMissing), d.y).table().bins.size(), 1U);
  // Few values: below the least share, so one bin, with a note.
  std::vector<float> few(1000, kMissing);
  for (size_t i = 0; i < 20; ++i) few[i] = static_cast<float>(i);
  EXPECT_THAT(fit(few, d.y).table().note, HasSubstr("below the minimum of 5 %"));
  // Perfect separation: finite WoE by the adjustment.
  std::vector<float> split;
  for (const uint8_t y : d.y) split.push_back(y != 0 ? 10.0F : 1.0F);
  const Binning perfect = fit(split, d.y);
  ASSERT_EQ(perfect.table().bins.size(), 2U);
  const double bads = static_cast<double>(std::count(d.y.begin(), d.y.end(), 1));
  EXPECT_NEAR(perfect.table().bins[1].woe, std::log((0.5 / (1000 - bads)) / ((bads + 0.5) / bads)), 1e-12);
  EXPECT_EQ(perfect.table().gini, 1);
  // A level with a single event.
  std::vector<int32_t> codes(1000, 0);
  std::vector<uint8_t> y(1000, 0);
  for (size_t i = 0; i < 300; ++i) {
    codes[i] = 1;
    y[i] = i < 1 ? 1 : 0;
  }
  for (size_t i = 500; i < 600; ++i) y[i] = 1;
  const std::vector<std::string> words{"many", "one event"};
  const Binning event = fit_binning(CategorySample{"c", codes, words}, y, {});
  ASSERT_EQ(event.table().bins.size(), 2U);
  EXPECT_EQ(event.table().bins[0].events, 1);
  EXPECT_TRUE(std::isfinite(event.table().bins[0].woe));
  // No solution: the message says why.
  spec = {};
  spec.min_bins = 5;
  spec.max_bins = 6;
  spec.min_share = 0.3;
  EXPECT_THAT(message_of([&] { (void)fit(d.x, d.y, spec); }), HasSubstr("no binning meets min_bins 5 and min_share 0.3 together"));
  spec = {};
  spec.max_share = 0.4;
  spec.min_share = 0;
  EXPECT_THAT(message_of([&] { (void)fit(split, d.y, spec); }), HasSubstr("max_share 0.4"));
  // Targets and shapes.
  EXPECT_THAT(message_of([&] { (void)fit(d.x, std::vector<uint8_t>(1000, 0)); }), HasSubstr("one class only (none"));
  EXPECT_THAT(message_of([&] { (void)fit(d.x, std::vector<uint8_t>(999, 0)); }), HasSubstr("1000 values, 999 targets"));
  EXPECT_THAT(message_of([&] { (void)fit(d.x, std::vector<uint8_t>(1000, 2)); }), HasSubstr("a target is 2"));
  spec = {};
  spec.max_prebins = 1;
  EXPECT_THAT(message_of([&] { (void)fit(d.x, d.y, spec); }), HasSubstr("max_prebins must be from 2 to 1000"));
  EXPECT_THAT(message_of([] { (void)parse_trend("ascendin"); }), HasSubstr("did you mean 'ascending'"));
}

TEST(Binning, AutoTakesATurnOnlyWhereItGainsEnough) {
  Numbers d;
  const std::vector<int> bads{10, 30, 50, 49};  // of 100 each: a turn that says almost nothing
  const auto fill = [&](const std::vector<int>& counts) {
    d = {};
    for (size_t v = 0; v < counts.size(); ++v) {
      for (int i = 0; i < 100; ++i) {
        d.x.push_back(static_cast<float>(v));
        d.y.push_back(i < counts[v] ? 1 : 0);
      }
    }
  };
  fill(bads);
  EXPECT_EQ(fit_binning(NumberSample{"x", d.x}, d.y, {}).table().trend, BinTrend::kAscending);
  fill({50, 20, 20, 60});
  EXPECT_EQ(fit_binning(NumberSample{"x", d.x}, d.y, {}).table().trend, BinTrend::kValley);
  BinningSpec spec;
  spec.trend = BinTrend::kMonotone;
  EXPECT_EQ(fit_binning(NumberSample{"x", d.x}, d.y, spec).table().trend, BinTrend::kAscending);
}

TEST(Binning, ReadsTheSameAsTextAndAsJson) {
  Numbers d = make(3000);
  for (size_t i = 0; i < 100; ++i) d.x[i] = kMissing;
  const Binning b = fit_binning(NumberSample{"x", d.x}, d.y, {});
  const Json document = binning_json(b.table());
  EXPECT_EQ(document["bins"].size(), b.table().bins.size());
  EXPECT_TRUE(document["bins"][0]["low"].is_null());
  EXPECT_EQ(document["bins"].back()["kind"], "missing");
  double iv = 0;
  for (const auto& bin : document["bins"]) iv += bin["iv"].get<double>();
  EXPECT_NEAR(iv, document["iv"].get<double>(), 1e-12);
  const std::string text = binning_text(b.table());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<int64_t>(b.table().bins.size()) + 3);
  EXPECT_THAT(text, HasSubstr(fmt::format("{:.4f}", b.table().iv)));
}

TEST(Binning, ADateColumnReadsAsDates) {
  Numbers d;
  for (int i = 0; i < 900; ++i) {
    d.x.push_back(static_cast<float>(13208 + i % 3 * 320));  // 2006-03-01, 2007-01-15 and 2007-12-01
    d.y.push_back(i % (2 + 3 * (i % 3)) == 0 ? 1 : 0);
  }
  for (int i = 0; i < 20; ++i) d.x[static_cast<size_t>(i)] = -25567;
  BinningSpec spec;
  spec.special_codes = {-25567};
  NumberSample sample{"opened", d.x};
  sample.date = true;
  const Binning dates = fit_binning(sample, d.y, spec);
  ASSERT_EQ(dates.table().bins.size(), 4U);
  EXPECT_EQ(dates.table().bins[0].label, "< 2007-01-15");
  EXPECT_EQ(dates.table().bins[1].label, "[2007-01-15, 2007-12-01)");
  EXPECT_EQ(dates.table().bins[2].label, ">= 2007-12-01");
  EXPECT_EQ(dates.table().bins[3].label, "special 1900-01-01");
  for (uint32_t code = 0; code < 3; ++code) EXPECT_EQ(dates.code_label(code), dates.table().bins[code].label);
  EXPECT_EQ(dates.code_label(4), "special 1900-01-01");
  const Json document = binning_json(dates.table());
  EXPECT_EQ(document["date"], true);
  EXPECT_EQ(document["bins"][1]["from"], "2007-01-15");
  EXPECT_EQ(document["bins"][1]["before"], "2007-12-01");
  EXPECT_EQ(document["bins"][1]["low"], 13528);
  EXPECT_TRUE(document["bins"][0]["from"].is_null());
  EXPECT_EQ(document["bins"][3]["date"], "1900-01-01");
  EXPECT_THAT(binning_text(dates.table()), HasSubstr("[2007-01-15, 2007-12-01)"));
}

}  // namespace
}  // namespace obligor
