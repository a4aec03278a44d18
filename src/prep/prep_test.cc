#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "prep/fitted.h"
#include "prep/preprocessor.h"

namespace obligor {
namespace {

const float kInf = std::numeric_limits<float>::infinity();

// A table with an age (some missing), a salary of heavy tail, a job and a zip code of many levels, and the target.
struct Loans {
  Table table;
  Task task;
};

Loans make_loans(size_t rows, uint64_t seed) {
  Random random(seed, "loans");
  std::vector<float> age;
  std::vector<float> salary;
  std::vector<int32_t> job;
  std::vector<int32_t> zip;
  std::vector<int32_t> target;
  for (size_t i = 0; i < rows; ++i) {
    age.push_back(random.uniform() < 0.1 ? kMissing : static_cast<float>(20 + random.below(50)));
    salary.push_back(static_cast<float>(std::exp(8 + random.normal())));
    job.push_back(random.uniform() < 0.05 ? -1 : static_cast<int32_t>(random.below(3)));
    zip.push_back(static_cast<int32_t>(random.below(200)));
    target.push_back(random.uniform() < 0.3 ? 1 : 0);
  }
  std::vector<std::string> zips;
  for (int i = 0; i < 200; ++i) zips.push_back("z" + std::to_string(i));
  TableBuilder builder;
  builder.source("loans").add_numbers("age", age).add_numbers("salary", salary).add_categories("job", job, {"clerk", "farmer", "pilot"});
  builder.add_categories("zip", zip, zips).add_categories("bad", target, {"0", "1"});
  Loans loans{builder.build(), {}};
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  loans.task = make_task(loans.table, spec);
  return loans;
}

std::vector<float> column(const Design& design, size_t c) {
  std::vector<float> values;
  for (size_t r = 0; r < design.rows; ++r) values.push_back(design.features[r * design.width + c]);
  return values;
}

size_t index_of(const Preprocessor& prep, const std::string& name) {
  const auto& names = prep.feature_names();
  const auto found = std::find(names.begin(), names.end(), name);
  EXPECT_NE(found, names.end()) << name;
  return static_cast<size_t>(found - names.begin());
}

TEST(Samples, QuantilesCountWeights) {
  const std::vector<float> values{1, 2, 3, 4};
  const std::vector<double> weights{1, 1, 1, 5};
  EXPECT_FLOAT_EQ(prep::Sample(values, {}).quantile(0.5), 2);
  EXPECT_FLOAT_EQ(prep::Sample(values, weights).quantile(0.5), 4);
  EXPECT_DOUBLE_EQ(prep::Sample(values, {}).mid_rank(0), 0.125);
}

TEST(SpecialCodes, AreFoundFarOutsideAndOftenOnly) {
  std::vector<float> days;
  for (int i = 0; i < 1000; ++i) days.push_back(static_cast<float>(-i));
  EXPECT_TRUE(prep::find_special_codes(prep::Sample(days, {})).empty());
  days.push_back(365243);  // once: an outlier, not a code
  EXPECT_TRUE(prep::find_special_codes(prep::Sample(days, {})).empty());
  for (int i = 0; i < 50; ++i) days.push_back(365243);
  for (int i = 0; i < 20; ++i) days.push_back(-99999);
  EXPECT_THAT(prep::find_special_codes(prep::Sample(days, {})), testing::ElementsAre(-99999, 365243));
  std::vector<float> counts;  // a skewed count is no code
  for (int i = 0; i < 1000; ++i) counts.push_back(i % 10 == 0 ? 4.0F : 0.0F);
  EXPECT_TRUE(prep::find_special_codes(prep::Sample(counts, {})).empty());
}

TEST(Numbers, StandardScalingHasMeanZeroAndUnitSpread) {
  const Loans loans = make_loans(2000, 1);
  PrepSpec spec;
  spec.missing_flag = true;
  const Context context({.seed = 1, .threads = 1});
  const auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, context);
  const auto salary = column(design, index_of(prep, "salary"));
  const double mean = std::accumulate(salary.begin(), salary.end(), 0.0) / 2000;
  double squares = 0;
  for (const float x : salary) squares += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
  EXPECT_NEAR(mean, 0, 1e-5);
  EXPECT_NEAR(squares / 2000, 1, 1e-4);
  const auto flag = column(design, index_of(prep, "age = missing"));
  EXPECT_EQ(static_cast<size_t>(std::accumulate(flag.begin(), flag.end(), 0.0)), loans.table.column("age").missing_count());
}

TEST(Numbers, QuantileScalingIsNormalWhateverTheShape) {
  const Loans loans = make_loans(4000, 2);
  PrepSpec spec;
  spec.numbers = NumberCoding::kQuantile;
  const Context context({.seed = 1, .threads = 1});
  const auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, context);
  auto salary = column(design, index_of(prep, "salary"));
  std::sort(salary.begin(), salary.end());
  EXPECT_NEAR(salary[2000], 0.0, 0.02);
  EXPECT_NEAR(salary[3364], 1.0, 0.03);  // Phi(1) = .8413
  EXPECT_LT(salary.back(), 4.5F);
}

TEST(Numbers, InfinitiesAndHugeValuesStayFiniteAfterScaling) {
  TableBuilder builder;
  std::vector<float> x{kInf, -kInf, 3.0e38F, -3.0e38F, 1, 2, 3, kMissing};
  builder.add_numbers("x", x).add_categories("bad", {0, 1, 0, 1, 0, 1, 0, 1}, {"0", "1"});
  Table table = builder.build();
  TaskSpec task_spec;
  task_spec.target = "bad";
  task_spec.positive = "1";
  const Task task = make_task(table, task_spec);
  for (const auto coding : {NumberCoding::kStandard, NumberCoding::kRobust, NumberCoding::kQuantile, NumberCoding::kUniform,
                            NumberCoding::kPiecewiseLinear, NumberCoding::kBins}) {
    PrepSpec spec;
    spec.numbers = coding;
    const auto [prep, design] = Preprocessor::fit_transform(table, task, task.rows, spec, Context({.seed = 1, .threads = 1}));
    for (const float value : design.features) EXPECT_TRUE(std::isfinite(value)) << static_cast<int>(coding);
  }
}

TEST(Categories, CodesForTreesNameTheirLevelsAndMayLeaveMissingAndUnseenUnknown) {
  const Loans loans = make_loans(500, 3);
  PrepSpec spec;
  spec.ordinal = true;
  spec.ordinal_missing = true;
  const auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, Context({.seed = 1, .threads = 1}));
  const size_t job = index_of(prep, "job");
  const auto& levels = prep.feature_levels()[job];
  ASSERT_EQ(levels.size(), 5U);  // three jobs, missing, other
  for (size_t r = 0; r < design.rows; ++r) {
    const float code = design.features[r * design.width + job];
    const Column& raw = loans.table.column("job");
    ASSERT_EQ(std::isnan(code), raw.is_missing(r));
    if (!std::isnan(code)) {
      ASSERT_EQ(levels[static_cast<size_t>(code)], raw.cell_text(r));
    }
  }
  TableBuilder builder;
  builder.add_numbers("age", {30}).add_numbers("salary", {1}).add_categories("job", {0}, {"astronaut"}).add_categories("zip", {0}, {"z1"});
  const std::vector<uint32_t> rows{0};
  EXPECT_TRUE(std::isnan(prep.apply(builder.build(), rows).features[job]));
  EXPECT_TRUE(prep.feature_levels()[index_of(prep, "salary")].empty());
}

TEST(Categories, UnseenLevelsAreAnExplicitCategory) {
  const Loans loans = make_loans(500, 3);
  PrepSpec spec;
  spec.one_hot_max_levels = 10;
  const auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, Context({.seed = 1, .threads = 1}));
  EXPECT_THAT(prep.feature_names(), testing::IsSupersetOf({"job = clerk", "job = pilot", "job = missing"}));
  TableBuilder builder;
  builder.add_numbers("age", {30}).add_numbers("salary", {1000}).add_categories("job", {0}, {"astronaut"}).add_categories("zip", {0}, {"z1"});
  const Table fresh = builder.build();
  const Design one = prep.apply(fresh, all_rows(1));
  EXPECT_FLOAT_EQ(one.features[index_of(prep, "job = clerk")], 0);
  EXPECT_FLOAT_EQ(one.features[index_of(prep, "job = missing")], 0);
}

TEST(Categories, RareLevelsAreFoldedWithTheUnseen) {
  TableBuilder builder;
  std::vector<int32_t> codes(100, 0);
  for (int i = 50; i < 98; ++i) codes[static_cast<size_t>(i)] = 1;
  codes[98] = 2;
  codes[99] = 3;
  std::vector<int32_t> bad(100);
  for (size_t i = 0; i < 100; ++i) bad[i] = static_cast<int32_t>(i % 2);
  builder.add_categories("c", codes, {"a", "b", "rare1", "rare2"}).add_categories("bad", bad, {"0", "1"});
  const Table table = builder.build();
  PrepSpec spec;
  spec.min_count = 5;
  const auto rows = all_rows(100);
  const auto vocabulary = prep::fit_vocabulary(table.column("c"), rows, {}, spec);
  EXPECT_EQ(vocabulary.kept, 2U);
  EXPECT_TRUE(vocabulary.has_other);
  EXPECT_EQ(vocabulary.row_codes[98], vocabulary.other());
  EXPECT_EQ(vocabulary.row_codes[99], vocabulary.other());
}

TEST(Categories, AHeavyRareLevelIsFoldedAndACommonOneKept) {
  TableBuilder builder;
  builder.add_categories("c", {0, 1, 1, 1}, {"heavy", "common"});
  const Table table = builder.build();
  PrepSpec spec;
  spec.min_count = 2;
  const std::vector<double> weights{100, 1, 1, 1};
  const auto vocabulary = prep::fit_vocabulary(table.column("c"), all_rows(4), weights, spec);
  EXPECT_THAT(vocabulary.words, testing::ElementsAre("common"));
  EXPECT_EQ(vocabulary.row_codes[0], vocabulary.other());
  EXPECT_EQ(vocabulary.row_codes[1], 0);
}

TEST(Categories, OrdinalCodesStopAtTheirMostLevels) {
  const Loans loans = make_loans(2000, 3);
  std::vector<uint32_t> rows(loans.table.rows());
  std::iota(rows.begin(), rows.end(), 0U);
  PrepSpec spec;
  spec.ordinal = true;
  spec.ordinal_max_levels = 25;
  spec.target_statistics_min_levels = 26;
  const auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, rows, spec, Context({.seed = 1, .threads = 1}));
  EXPECT_THAT(prep.feature_names(), testing::AllOf(testing::Contains("job"), testing::Contains("zip (target statistic)")));
  EXPECT_THAT(prep.feature_names(), testing::Not(testing::Contains(testing::AnyOf("zip", "job (target statistic)"))));
}

TEST(TargetStatistics, WithoutAPriorWeightALevelWithoutRowsIsAverage) {
  const std::vector<int32_t> codes{0, 0, 1, 1};
  const std::vector<uint8_t> target{0, 1, 1, 1};
  const auto fitted = prep::fit_target_statistic(codes, 3, target, {}, 0.0, 1, 7);
  EXPECT_EQ(fitted.full[2], 0.0F);
  for (const float value : fitted.ordered[0]) EXPECT_TRUE(std::isfinite(value));
}

// The rule that keeps target statistics honest: flipping a row's own target changes no value of its own, and a training row sees
// only the rows before it.
TEST(TargetStatistics, ARowsOwnTargetNeverEntersItsEncoding) {
  Random random(9, "codes");
  std::vector<int32_t> codes;
  std::vector<uint8_t> target;
  for (int i = 0; i < 300; ++i) {
    codes.push_back(static_cast<int32_t>(random.below(20)));
    target.push_back(static_cast<uint8_t>(random.below(2)));
  }
  // The prior is a property of all rows; two flips that cancel keep it.
  const auto before = prep::fit_target_statistic(codes, 20, target, {}, 1.0, 1, 7);
  for (size_t row = 0; row < codes.size(); ++row) {
    size_t other = row;
    for (size_t j = 0; j < codes.size(); ++j) {
      if (codes[j] != codes[row] && target[j] != target[row]) other = j;
    }
    ASSERT_NE(other, row);
    auto flipped = target;
    std::swap(flipped[row], flipped[other]);
    const auto after = prep::fit_target_statistic(codes, 20, flipped, {}, 1.0, 1, 7);
    EXPECT_FLOAT_EQ(after.ordered[0][row], before.ordered[0][row]);
    EXPECT_NE(after.full[static_cast<size_t>(codes[row])], before.full[static_cast<size_t>(codes[row])]);
  }
}

TEST(TargetStatistics, ThePlanHoldsTheFullSampleStatistic) {
  const Loans loans = make_loans(1000, 4);
  PrepSpec spec;
  spec.target_statistics_min_levels = 50;
  spec.prior_weight = 2.0;
  const auto [prep, train] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, Context({.seed = 1, .threads = 1}));
  const size_t c = index_of(prep, "zip (target statistic)");
  const Design applied = prep.apply(loans.table, loans.task.rows);
  const auto zip = loans.table.column("zip").codes();
  const double prior = static_cast<double>(loans.task.bad_count()) / 1000;
  for (const size_t row : {0UL, 17UL, 999UL}) {
    double bad = 0;
    double all = 0;
    for (size_t i = 0; i < 1000; ++i) {
      if (zip[i] != zip[row]) continue;
      ++all;
      bad += loans.task.target[i];
    }
    const double rate = (bad + 2 * prior) / (all + 2);
    EXPECT_NEAR(applied.features[row * applied.width + c], std::log(rate / (1 - rate)) - std::log(prior / (1 - prior)), 1e-5);
  }
  EXPECT_NE(column(train, c), column(applied, c));
}

TEST(Preprocessors, TrainingColumnsAreThePlansExceptOrderedStatistics) {
  const Loans loans = make_loans(700, 5);
  PrepSpec spec;
  spec.numbers = NumberCoding::kQuantile;
  spec.one_hot_max_levels = 5;
  spec.target_statistics_min_levels = 50;
  spec.frequency = true;
  const auto [prep, train] = Preprocessor::fit_transform(loans.table, loans.task, loans.task.rows, spec, Context({.seed = 1, .threads = 1}));
  const Design applied = prep.apply(loans.table, loans.task.rows);
  for (size_t c = 0; c < train.width; ++c) {
    if (prep.feature_names()[c].find("target statistic") != std::string::npos) continue;
    EXPECT_EQ(column(train, c), column(applied, c)) << prep.feature_names()[c];
  }
}

// Nothing of the test rows can reach what is fitted.
TEST(Preprocessors, PermutingTargetsOfOtherRowsChangesNothing) {
  const Loans loans = make_loans(600, 6);
  std::vector<uint32_t> train(loans.task.rows.begin(), loans.task.rows.begin() + 400);
  PrepSpec spec;
  spec.target_statistics_min_levels = 3;
  spec.pair_statistics = 2;
  const Context context({.seed = 1, .threads = 1});
  const auto [first, a] = Preprocessor::fit_transform(loans.table, loans.task, train, spec, context);
  Task shuffled = loans.task;
  std::reverse(shuffled.target.begin() + 400, shuffled.target.end());
  const auto [second, b] = Preprocessor::fit_transform(loans.table, shuffled, train, spec, context);
  EXPECT_EQ(a.features, b.features);
  EXPECT_EQ(dump(first.plan()), dump(second.plan()));
}

TEST(Preprocessors, PairStatisticsFindAnInteraction) {
  Random random(11, "xor");
  std::vector<int32_t> a;
  std::vector<int32_t> b;
  std::vector<int32_t> c;
  std::vector<int32_t> bad;
  for (int i = 0; i < 2000; ++i) {
    a.push_back(static_cast<int32_t>(random.below(4)));
    b.push_back(static_cast<int32_t>(random.below(4)));
    c.push_back(static_cast<int32_t>(random.below(4)));
    const bool odd = (a.back() + b.back()) % 2 == 1;
    bad.push_back(random.uniform() < (odd ? 0.8 : 0.2) ? 1 : 0);
  }
  const std::vector<std::string> levels{"p", "q", "r", "s"};
  TableBuilder builder;
  builder.add_categories("a", a, levels).add_categories("b", b, levels).add_categories("c", c, levels).add_categories("bad", bad, {"0", "1"});
  const Table table = builder.build();
  TaskSpec task_spec;
  task_spec.target = "bad";
  task_spec.positive = "1";
  const Task task = make_task(table, task_spec);
  PrepSpec spec;
  spec.target_statistics_min_levels = 2;
  spec.pair_statistics = 1;
  const auto [prep, design] = Preprocessor::fit_transform(table, task, task.rows, spec, Context({.seed = 1, .threads = 1}));
  EXPECT_THAT(prep.feature_names(), testing::Contains("a x b (target statistic)"));
}

TEST(Preprocessors, ATableWithoutUsableColumnsIsAnError) {
  TableBuilder builder;
  builder.add_numbers("constant", {1, 1, 1, 1}).add_numbers("empty", {kMissing, kMissing, kMissing, kMissing});
  builder.add_categories("bad", {0, 1, 0, 1}, {"0", "1"});
  const Table table = builder.build();
  TaskSpec task_spec;
  task_spec.target = "bad";
  task_spec.positive = "1";
  const Task task = make_task(table, task_spec);
  PrepSpec spec;
  spec.missing_flag = false;
  EXPECT_THROW((void)Preprocessor::fit_transform(table, task, task.rows, spec, Context({.seed = 1, .threads = 1})), Error);
}

TEST(Prep, WoeColumnsAreThoseOfTheBinningFittedOnTheTrainingRowsAlone) {
  Loans loans = make_loans(3000, 3);
  for (size_t r = 0; r < 3000; ++r) {  // age and job tell something
    const float age = loans.table.column("age").numbers()[r];
    if (age < 30 || loans.table.column("job").codes()[r] == 1) loans.task.target[r] = r % 3 == 0 ? 0 : 1;
  }
  std::vector<uint32_t> train;
  for (uint32_t r = 0; r < 2000; ++r) train.push_back(r);
  PrepSpec spec;
  spec.numbers = NumberCoding::kWoe;
  spec.woe = true;
  const auto fit = [&](const Task& task) { return Preprocessor::fit_transform(loans.table, task, train, spec, Context()); };
  const auto [prep, design] = fit(loans.task);
  const size_t age = index_of(prep, "age (WoE)");
  const size_t job = index_of(prep, "job (WoE)");
  ASSERT_EQ(prep.feature_source()[job], "job");
  std::vector<uint8_t> bads;
  for (const uint32_t r : train) bads.push_back(loans.task.target[r]);
  const Binning alone = fit_binning(loans.table.column("age"), train, bads, {}, spec.binning);
  EXPECT_EQ(column(design, age), alone.woe(loans.table.column("age").numbers().first(2000)));
  const Binning& kept = prep.binnings()[static_cast<size_t>(prep.feature_binning()[job])];
  EXPECT_EQ(kept.name(), "job");
  EXPECT_TRUE(kept.categorical());
  const Design later = prep.apply(loans.table, all_rows(3000));
  EXPECT_EQ(column(later, job), kept.woe(loans.table.column("job").codes(), loans.table.column("job").dictionary()));
  // Targets of the other rows change nothing.
  Task turned = loans.task;
  for (size_t r = 2000; r < 3000; ++r) turned.target[r] = turned.target[r] != 0 ? 0 : 1;
  EXPECT_EQ(fit(turned).second.features, design.features);
}

}  // namespace
}  // namespace obligor
