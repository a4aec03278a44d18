#include "table/split.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "core/date.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::caught;
using testing_support::scratch;
using testing_support::write;

constexpr size_t kRows = 1003;

// Every seventh row is bad; 40 groups of unequal size; 12 months; the target of three rows is missing.
struct Sample {
  Table table;
  Task task;
};

Sample sample() {
  std::vector<float> target;
  std::vector<float> group;
  std::vector<int64_t> time;
  for (size_t i = 0; i < kRows; ++i) {
    target.push_back(i % 7 == 0 ? 1.0F : 0.0F);
    group.push_back(static_cast<float>(i * i % 397 % 40));
    time.push_back(*parse_date("2015-01-01") + static_cast<int64_t>(i * 37 % 12) * 31 * 86'400'000'000);
  }
  target[5] = target[500] = target[700] = kMissing;
  TableBuilder builder;
  builder.source("loans.csv").add_numbers("y", target).add_numbers("x", std::vector<float>(kRows, 1)).add_numbers("g", group);
  builder.add({"issued", DateData{time}});
  Sample sample{builder.build(), {}};
  TaskSpec spec;
  spec.target = "y";
  spec.time = "issued";
  spec.group = "g";
  sample.task = make_task(sample.table, spec);
  return sample;
}

void expect_partition(const Fold& fold, Rows rows) {
  EXPECT_TRUE(std::is_sorted(fold.train.begin(), fold.train.end()));
  EXPECT_TRUE(std::is_sorted(fold.test.begin(), fold.test.end()));
  std::vector<uint32_t> all(fold.train);
  all.insert(all.end(), fold.test.begin(), fold.test.end());
  std::sort(all.begin(), all.end());
  EXPECT_TRUE(std::equal(all.begin(), all.end(), rows.begin(), rows.end()));
}

size_t bads(const Task& task, const std::vector<uint32_t>& rows) {
  return std::accumulate(rows.begin(), rows.end(), size_t{0}, [&](size_t sum, uint32_t row) { return sum + task.target[row]; });
}

SplitSpec spec_of(SplitKind kind) {
  SplitSpec spec;
  spec.kind = kind;
  return spec;
}

TEST(Split, KFoldTestsEachRowOnceWithClassCountsWithinOne) {
  const Sample s = sample();
  SplitSpec spec = spec_of(SplitKind::kKFold);
  spec.folds = 10;
  const Split split = make_split(s.table, s.task, spec, 1);
  ASSERT_EQ(split.folds.size(), 10U);
  std::set<uint32_t> tested;
  std::set<size_t> sizes;
  std::set<size_t> bad_sizes;
  for (const Fold& fold : split.folds) {
    expect_partition(fold, s.task.rows);
    tested.insert(fold.test.begin(), fold.test.end());
    sizes.insert(fold.test.size());
    bad_sizes.insert(bads(s.task, fold.test));
  }
  EXPECT_EQ(tested.size(), s.task.rows.size());
  EXPECT_LE(*sizes.rbegin() - *sizes.begin(), 1U);
  EXPECT_LE(*bad_sizes.rbegin() - *bad_sizes.begin(), 1U);
  EXPECT_EQ(split.detail, "10 stratified folds");
}

TEST(Split, SameSeedSameFoldsAnotherSeedOthers) {
  const Sample s = sample();
  const SplitSpec spec = spec_of(SplitKind::kKFold);
  EXPECT_EQ(make_split(s.table, s.task, spec, 1).folds[0].test, make_split(s.table, s.task, spec, 1).folds[0].test);
  EXPECT_NE(make_split(s.table, s.task, spec, 1).folds[0].test, make_split(s.table, s.task, spec, 2).folds[0].test);
}

TEST(Split, HoldOutKeepsTheShareInBothClasses) {
  const Sample s = sample();
  SplitSpec spec = spec_of(SplitKind::kHoldOut);
  spec.test_share = 0.3;
  const Split split = make_split(s.table, s.task, spec, 1);
  ASSERT_EQ(split.folds.size(), 1U);
  expect_partition(split.folds[0], s.task.rows);
  EXPECT_EQ(split.folds[0].test.size(), 300U);
  EXPECT_EQ(bads(s.task, split.folds[0].test), 43U);  // round(0.3 x 143)
}

TEST(Split, OutOfTimeTestsTheNewestAndKeepsEqualTimesTogether) {
  const Sample s = sample();
  SplitSpec spec = spec_of(SplitKind::kOutOfTime);
  spec.test_share = 0.25;
  const Split split = make_split(s.table, s.task, spec, 1);
  const Fold& fold = split.folds.at(0);
  expect_partition(fold, s.task.rows);
  const auto dates = s.table.column("issued").dates();
  int64_t newest_train = 0;
  int64_t oldest_test = std::numeric_limits<int64_t>::max();
  for (const uint32_t row : fold.train) newest_train = std::max(newest_train, dates[row]);
  for (const uint32_t row : fold.test) oldest_test = std::min(oldest_test, dates[row]);
  EXPECT_LT(newest_train, oldest_test);
  EXPECT_NEAR(static_cast<double>(fold.test.size()), 250, 42);  // three of twelve months
  EXPECT_EQ(split.detail, "newest 25 % by issued (from 2015-10-07)");
  spec.cutoff = "2015-10-07";
  EXPECT_EQ(make_split(s.table, s.task, spec, 1).folds[0].test, fold.test);
}

TEST(Split, OutOfTimeLeavesOutRowsWithoutATimeAndCountsThem) {
  Sample s = sample();
  const auto dates = s.table.column("issued").dates();
  std::vector<int64_t> holes(dates.begin(), dates.end());
  holes[0] = holes[1] = kMissingDate;
  s.table = s.table.with_column({"issued", DateData{holes}});
  const Split split = make_split(s.table, s.task, spec_of(SplitKind::kOutOfTime), 1);
  EXPECT_EQ(split.folds[0].train.size() + split.folds[0].test.size(), s.task.rows.size() - 2);
  EXPECT_THAT(split.detail, HasSubstr("2 rows without a time are left out"));
}

TEST(Split, GroupsAreWholeAndBadsStayBalanced) {
  const Sample s = sample();
  const Split split = make_split(s.table, s.task, spec_of(SplitKind::kGrouped), 3);
  const auto groups = s.table.column("g").numbers();
  std::map<float, std::set<size_t>> folds_of_group;
  size_t tested = 0;
  for (size_t f = 0; f < split.folds.size(); ++f) {
    expect_partition(split.folds[f], s.task.rows);
    tested += split.folds[f].test.size();
    for (const uint32_t row : split.folds[f].test) folds_of_group[groups[row]].insert(f);
    EXPECT_NEAR(static_cast<double>(bads(s.task, split.folds[f].test)), 143 / 5.0, 12);
    EXPECT_NEAR(static_cast<double>(split.folds[f].test.size()), 200, 60);
  }
  EXPECT_EQ(tested, s.task.rows.size());
  EXPECT_EQ(folds_of_group.size(), 40U);
  for (const auto& [group, folds] : folds_of_group) EXPECT_EQ(folds.size(), 1U) << group;
}

TEST(Split, FileGivesFoldsBySourceRowAndMayListASubset) {
  TableBuilder builder;
  builder.source("loans.csv").add_numbers("y", {0, 1, 0, 1, 1}).add_numbers("x", {1, 2, 3, 4, 5}).source_rows({0, 2, 3, 7, 9});
  const Table table = builder.build();
  TaskSpec task_spec;
  task_spec.target = "y";
  task_spec.positive = "1";
  const Task task = make_task(table, task_spec);
  const auto dir = scratch();
  SplitSpec spec = spec_of(SplitKind::kFile);
  spec.file = write(dir / "folds.csv", "row,fold\n0,3\n2,3\n3,1\n7,1\n");
  const Split split = make_split(table, task, spec, 1);
  ASSERT_EQ(split.folds.size(), 2U);
  EXPECT_THAT(split.folds[0].test, ElementsAre(2U, 3U));  // fold 1
  EXPECT_THAT(split.folds[0].train, ElementsAre(0U, 1U));
  EXPECT_THAT(split.folds[1].test, ElementsAre(0U, 1U));

  const auto error_for = [&](const std::string& content) {
    spec.file = write(dir / "bad.csv", content);
    return caught([&] { (void)make_split(table, task, spec, 1); });
  };
  EXPECT_THAT(error_for("row,fold\n0,0\n1,0\n").message, HasSubstr("bad.csv:3: row 1 is not a row of loans.csv"));
  EXPECT_THAT(error_for("row,fold\n0,0\n2,0\n0,1\n").message, HasSubstr("bad.csv:4: row 0 stands twice"));
  EXPECT_THAT(error_for("row,fold\n0,0\n2,0\n7,1\n9,1\n").message, HasSubstr("fold 1 has 0 good and 2 bad rows"));
  EXPECT_THAT(error_for("row,fold\n0,0\n2,0\n").message, HasSubstr("there is one fold only"));
  EXPECT_EQ(error_for("row,fold\n0,0\n1,0\n").code, ErrorCode::kData);
}

TEST(Split, RefusesImpossibleRequests) {
  const Sample s = sample();
  const auto error_for = [&](const SplitSpec& spec) { return caught([&] { (void)make_split(s.table, s.task, spec, 1); }); };
  SplitSpec spec = spec_of(SplitKind::kKFold);
  spec.folds = 144;
  EXPECT_EQ(error_for(spec).code, ErrorCode::kInvalid);
  EXPECT_EQ(error_for(spec).message, "144 folds are too many for 143 bad rows; allowed are 2 to 143");
  spec.folds = 1;
  EXPECT_THAT(error_for(spec).message, HasSubstr("1 folds are not possible"));
  spec = spec_of(SplitKind::kHoldOut);
  spec.test_share = 1;
  EXPECT_THAT(error_for(spec).message, HasSubstr("a test share of 1 is not possible"));
  spec = spec_of(SplitKind::kOutOfTime);
  spec.cutoff = "yesterday";
  EXPECT_THAT(error_for(spec).message, HasSubstr("cut-off 'yesterday' is not a date"));
  spec.cutoff = "2030-01-01";
  EXPECT_THAT(error_for(spec).message, HasSubstr("each part needs both"));
  TaskSpec plain;
  plain.target = "y";
  const Task bare = make_task(s.table, plain);
  EXPECT_THAT(caught([&] { (void)make_split(s.table, bare, spec_of(SplitKind::kOutOfTime), 1); }).message, HasSubstr("--time"));
  EXPECT_THAT(caught([&] { (void)make_split(s.table, bare, spec_of(SplitKind::kGrouped), 1); }).message, HasSubstr("--group"));
}

TEST(Split, HoldBackFollowsTheRulesOfTheOuterSplit) {
  const Sample s = sample();
  const auto dates = s.table.column("issued").dates();
  const auto groups = s.table.column("g").numbers();

  const Split by_time = make_split(s.table, s.task, spec_of(SplitKind::kOutOfTime), 1);
  const Fold newest = hold_back(s.table, s.task, by_time, by_time.folds[0].train, 0.2, 1);
  expect_partition(newest, by_time.folds[0].train);
  for (const uint32_t row : newest.train) {
    for (const uint32_t other : newest.test) ASSERT_LT(dates[row], dates[other]);
  }

  const Split by_group = make_split(s.table, s.task, spec_of(SplitKind::kGrouped), 1);
  const Fold whole = hold_back(s.table, s.task, by_group, by_group.folds[0].train, 0.2, 1);
  expect_partition(whole, by_group.folds[0].train);
  std::set<float> held;
  for (const uint32_t row : whole.test) held.insert(groups[row]);
  for (const uint32_t row : whole.train) EXPECT_FALSE(held.contains(groups[row]));
  EXPECT_NEAR(static_cast<double>(whole.test.size()), 160, 60);

  const Split random = make_split(s.table, s.task, spec_of(SplitKind::kKFold), 1);
  const Fold part = hold_back(s.table, s.task, random, random.folds[0].train, 0.2, 1);
  expect_partition(part, random.folds[0].train);
  EXPECT_EQ(bads(s.task, part.test), 23U);  // round(0.2 x 114 or 115)
}

TEST(Split, HoldBackKeepsBothClassesOnBothSidesOfTinyData) {
  const Table table = TableBuilder().add_numbers("y", {0, 1, 0, 1, 0, 0}).add_numbers("x", {1, 2, 3, 4, 5, 6}).build();
  TaskSpec spec;
  spec.target = "y";
  const Task task = make_task(table, spec);
  const Fold part = hold_back(table, task, {}, task.rows, 0.05, 1);
  EXPECT_EQ(bads(task, part.test), 1U);
  EXPECT_EQ(part.test.size(), 2U);
}

TEST(Split, InnerFoldsOfAnOutOfTimeSplitAreExpandingWindows) {
  const Sample s = sample();
  const Split outer = make_split(s.table, s.task, spec_of(SplitKind::kOutOfTime), 1);
  const auto windows = inner_folds(s.table, s.task, outer, outer.folds[0].train, 3, 1);
  ASSERT_EQ(windows.size(), 3U);
  const auto dates = s.table.column("issued").dates();
  for (size_t i = 0; i < windows.size(); ++i) {
    if (i > 0) {
      EXPECT_EQ(windows[i].train.size(), windows[i - 1].train.size() + windows[i - 1].test.size());
    }
    for (const uint32_t row : windows[i].train) {
      for (const uint32_t other : windows[i].test) ASSERT_LT(dates[row], dates[other]);
    }
  }
  const Split random = make_split(s.table, s.task, spec_of(SplitKind::kKFold), 1);
  const auto inner = inner_folds(s.table, s.task, random, random.folds[0].train, 4, 1);
  ASSERT_EQ(inner.size(), 4U);
  for (const Fold& fold : inner) expect_partition(fold, random.folds[0].train);
}

TEST(Split, PermutedTestTargetsLeaveTheFileFoldsAlone) {
  // Folds by a file depend on the file alone: another target over the same rows gives the same parts.
  const Sample s = sample();
  const auto dir = scratch();
  std::string content = "row,fold\n";
  for (const uint32_t row : s.task.rows) content += std::to_string(row) + "," + std::to_string(row % 5) + "\n";
  SplitSpec spec = spec_of(SplitKind::kFile);
  spec.file = write(dir / "folds.csv", content);
  Task other = s.task;
  std::reverse(other.target.begin(), other.target.end());
  EXPECT_EQ(make_split(s.table, s.task, spec, 1).folds[2].train, make_split(s.table, other, spec, 9).folds[2].train);
}

// Ten applications, every other one rejected; groups and months by row.
struct Decided {
  Table table;
  Task task;
};
Decided decided(bool grouped) {
  std::vector<float> target;
  std::vector<float> flag;
  std::vector<float> group;
  std::vector<int64_t> time;
  for (int64_t i = 0; i < 40; ++i) {
    flag.push_back(i % 2 == 0 ? 0.0F : 1.0F);
    target.push_back(i % 2 == 0 ? static_cast<float>(i / 2 % 2) : kMissing);
    group.push_back(static_cast<float>(i / 4));  // two accepted and two rejected each
    time.push_back(i * 86'400'000'000);
  }
  TableBuilder builder;
  builder.add_numbers("y", target).add_numbers("x", std::vector<float>(40, 1)).add_numbers("g", group).add_numbers("flag", flag);
  builder.add({"day", DateData{time}});
  Decided made;
  made.table = builder.build();
  TaskSpec spec;
  spec.target = "y";
  spec.positive = "1";
  spec.reject_flag = "flag";
  spec.reject_value = "1";
  if (grouped) spec.group = "g";
  else spec.time = "day";
  made.task = make_task(made.table, spec);
  return made;
}

TEST(RejectsBeside, NoneIsNewerThanTheRowsThatTrain) {
  const Decided d = decided(false);
  SplitSpec spec;
  spec.kind = SplitKind::kOutOfTime;
  const Split split = make_split(d.table, d.task, spec, 1);
  const auto& train = split.folds[0].train;
  const auto rejects = rejects_beside(d.table, d.task, split, train);
  ASSERT_FALSE(rejects.empty());
  EXPECT_LT(rejects.size(), d.task.rejects.size());
  for (const uint32_t row : d.task.rejects) EXPECT_EQ(std::binary_search(rejects.begin(), rejects.end(), row), row < train.back()) << row;
  EXPECT_EQ(rejects_beside(d.table, d.task, {}, train), d.task.rejects);  // of a split that does not go by time
}

TEST(RejectsBeside, NoneIsOfAGroupThatTests) {
  const Decided d = decided(true);
  SplitSpec spec;
  spec.kind = SplitKind::kGrouped;
  spec.folds = 5;
  const Split split = make_split(d.table, d.task, spec, 1);
  for (const Fold& fold : split.folds) {
    std::set<float> testing;
    for (const uint32_t row : fold.test) testing.insert(d.table.column("g").numbers()[row]);
    const auto rejects = rejects_beside(d.table, d.task, split, fold.train);
    EXPECT_EQ(rejects.size(), 20 - 2 * testing.size());
    for (const uint32_t row : rejects) EXPECT_FALSE(testing.contains(d.table.column("g").numbers()[row]));
  }
}

}  // namespace
}  // namespace obligor
