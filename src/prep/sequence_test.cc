#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "prep/preprocessor.h"
#include "table/sequence.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const float kNone = kMissing;

struct Book {
  Table table;
  Task task;
};

// Three steps of a balance and a status; row 2 has one step, row 3 none. `age` is no part of the history.
Book book(const std::vector<float>& newest = {3, 6, 3, kNone, 1, 2}) {
  TableBuilder builder;
  builder.source("book").add_numbers("age", {20, 30, 40, 50, 60, 70});
  builder.add_numbers("b3", {1, 2, kNone, kNone, 1, 4}).add_numbers("b2", {2, kNone, kNone, kNone, 4, 3}).add_numbers("b1", newest);
  builder.add_categories("s3", {0, 1, -1, -1, 0, 1}, {"ok", "late"}).add_categories("s2", {0, 1, -1, -1, 0, 0}, {"ok", "late"});
  builder.add_categories("s1", {1, 0, 1, -1, 1, 1}, {"late", "ok"});
  builder.add_categories("bad", {0, 1, 0, 1, 0, 1}, {"0", "1"});
  Book made{builder.build(), {}};
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  spec.sequences = {parse_sequence("h: balance=b3..b1, status=s3..s1")};
  made.task = make_task(made.table, spec);
  return made;
}

PrepSpec sequences() {
  PrepSpec spec;
  spec.sequences = true;
  return spec;
}

std::vector<float> row_of(const Design& design, size_t r) {
  return {design.features.begin() + static_cast<std::ptrdiff_t>(r * design.width),
          design.features.begin() + static_cast<std::ptrdiff_t>((r + 1) * design.width)};
}

TEST(Sequences, StandAsOneGroupStepByStepAfterThePlainColumns) {
  const Book made = book();
  const auto [prep, design] = Preprocessor::fit_transform(made.table, made.task, made.task.rows, sequences(), Context());
  ASSERT_EQ(prep.groups().size(), 1U);
  const FeatureGroup& group = prep.groups()[0];
  EXPECT_EQ(group.name, "h");
  EXPECT_EQ(group.first, 1U);
  EXPECT_EQ(group.steps, 3U);
  EXPECT_EQ(group.channels, 4U);
  EXPECT_EQ(group.first + group.width(), design.width);
  EXPECT_THAT(std::vector<std::string>(prep.feature_names().begin(), prep.feature_names().begin() + 6),
              ElementsAre("age", "h[-3].balance", "h[-3].balance = missing", "h[-3].status = ok", "h[-3].status = late", "h[-2].balance"));
  EXPECT_EQ(prep.feature_names().back(), "h[-1] is there");
  EXPECT_EQ(prep.feature_source()[5], "b2");
  EXPECT_EQ(prep.feature_source()[7], "s2");
}

TEST(Sequences, AreScaledByAllTheirStepsTogether) {
  const Book made = book();
  const auto [prep, design] = Preprocessor::fit_transform(made.table, made.task, made.task.rows, sequences(), Context());
  // The thirteen balances of the steps that are there: 1 2 1 4 | 2 4 3 | 3 6 3 1 2.
  const std::vector<double> seen{1, 2, 1, 4, 2, 4, 3, 3, 6, 3, 1, 2};
  double mean = 0;
  for (const double x : seen) mean += x / static_cast<double>(seen.size());
  double variance = 0;
  for (const double x : seen) variance += (x - mean) * (x - mean) / static_cast<double>(seen.size());
  const auto row = row_of(design, 0);
  EXPECT_NEAR(row[1], (1 - mean) / std::sqrt(variance), 1e-5);
  EXPECT_NEAR(row[5], (2 - mean) / std::sqrt(variance), 1e-5);
  EXPECT_NEAR(row[9], (3 - mean) / std::sqrt(variance), 1e-5);
  // Row 1 misses the balance of step 2, which is there: its status is known.
  EXPECT_EQ(row_of(design, 1)[6], 1);
  // Dictionaries differ between the columns; the words count.
  EXPECT_THAT(std::vector<float>(row.begin() + 11, row.begin() + 13), ElementsAre(1, 0));
}

TEST(Sequences, AbsentStepsAreZeroThroughout) {
  const Book made = book();
  const auto [prep, design] = Preprocessor::fit_transform(made.table, made.task, made.task.rows, sequences(), Context());
  const auto row = row_of(design, 3);
  for (size_t c = 1; c < row.size(); ++c) EXPECT_EQ(row[c], 0) << prep.feature_names()[c];
  const auto one = row_of(design, 2);
  EXPECT_THAT(std::vector<float>(one.end() - 3, one.end()), ElementsAre(0, 0, 1));
  for (size_t c = 1; c < 9; ++c) EXPECT_EQ(one[c], 0) << prep.feature_names()[c];
}

TEST(Sequences, ArePlainColumnsForAModelThatReadsNone) {
  const Book made = book();
  const auto [prep, design] = Preprocessor::fit_transform(made.table, made.task, made.task.rows, PrepSpec{}, Context());
  EXPECT_TRUE(prep.groups().empty());
  EXPECT_THAT(prep.feature_source(), testing::Contains("b2"));
}

TEST(Sequences, AreRefusedWhereTheyCannotBe) {
  const Book made = book();
  const auto refusal = [&](const std::string& text) {
    TaskSpec spec;
    spec.target = "bad";
    spec.positive = "1";
    spec.ignore = {"age"};
    spec.sequences = {parse_sequence(text)};
    try {
      const Task task = make_task(made.table, spec);
      (void)Preprocessor::fit_transform(made.table, task, task.rows, sequences(), Context());
      return std::string("no error");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(refusal("h: b=b3..b0"), HasSubstr("b0"));
  EXPECT_THAT(refusal("h: a=b3|age"), HasSubstr("'age' is no feature"));
  EXPECT_THAT(refusal("h: a=b3|bad"), HasSubstr("'bad' is no feature"));
  EXPECT_THAT(refusal("h: a=b3|s2"), HasSubstr("column 's2' is a category column"));
}

}  // namespace
}  // namespace obligor
