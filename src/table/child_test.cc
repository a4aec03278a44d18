// Child tables through DuckDB: what is read is strictly before the decision, whatever else the file holds.
#include "table/child.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNan;

class Child : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  ChildHistory history(const std::string& rows, size_t steps = 3, std::vector<ReadNote>* notes = nullptr) {
    const std::string file = (folder_ / "events.csv").string();
    write_file(file, "account,date,amount,kind\n" + rows);
    ChildSpec spec;
    spec.name = "p";
    spec.table = file;
    spec.key = "account";
    spec.order = "date";
    spec.until = "decided";
    spec.steps = steps;
    return {spec, {}, notes};
  }
  Table loans(const std::string& rows) {
    const std::string file = (folder_ / "loans.csv").string();
    write_file(file, "account,decided\n" + rows);
    ReadOptions read;
    read.categories = {"account"};
    return read_table(file, read);
  }
  static std::vector<float> column(const Table& table, const std::string& name) {
    const auto values = table.column(name).numbers();
    return {values.begin(), values.end()};
  }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("obligor-child-" + std::to_string(getpid()));
};

const char* const kLoans = "1,2020-03-01\n2,2020-03-01\n3,2020-03-01\n";
// Unsorted; account 1 has four events before the decision, one on its day and one after; account 2 one; account 3 none.
const char* const kEvents =
    "1,2020-02-20,4,in\n1,2020-01-01,1,out\n2,2020-02-28,20,in\n1,2020-01-11,2,in\n1,2020-03-01,90,in\n1,2020-04-01,99,in\n1,2020-01-31,3,out\n";

TEST_F(Child, TheNewestStepsBeforeTheDecisionStandOldestFirst) {
  const Table wide = history(kEvents).widen(loans(kLoans), true);
  EXPECT_THAT(column(wide, "p[-3].amount"), ElementsAre(2, IsNan(), IsNan()));
  EXPECT_THAT(column(wide, "p[-2].amount"), ElementsAre(3, IsNan(), IsNan()));
  EXPECT_THAT(column(wide, "p[-1].amount"), ElementsAre(4, 20, IsNan()));
  EXPECT_THAT(column(wide, "p[-3].gap"), ElementsAre(20, IsNan(), IsNan()));
  EXPECT_THAT(column(wide, "p[-2].gap"), ElementsAre(20, IsNan(), IsNan()));
  EXPECT_THAT(column(wide, "p[-1].gap"), ElementsAre(10, 2, IsNan()));
  EXPECT_THAT(column(wide, "p.count"), ElementsAre(4, 1, 0));
  EXPECT_EQ(wide.column("p[-2].kind").cell_text(0), "out");
  EXPECT_TRUE(wide.column("p[-2].kind").is_missing(1));
}

TEST_F(Child, WhatComesOnOrAfterTheDecisionChangesNothing) {
  const Table before = history(kEvents).widen(loans(kLoans), true);
  const Table after =
      history(std::string(kEvents) + "1,2020-03-01,7,new\n2,2021-01-01,8,in\n3,2020-03-02,9,in\n2,2020-03-01,1,in\n").widen(loans(kLoans), true);
  ASSERT_EQ(before.names(), after.names());
  for (const Column& one : before.columns()) {
    for (size_t row = 0; row < before.rows(); ++row) EXPECT_EQ(one.cell_text(row), after.column(one.name()).cell_text(row)) << one.name();
  }
}

TEST_F(Child, EventsOfOneTimeKeepTheOrderOfTheFile) {
  const Table wide = history("1,2020-01-02,1,a\n1,2020-01-01,0,a\n1,2020-01-02,2,a\n1,2020-01-02,3,a\n").widen(loans(kLoans), true);
  EXPECT_EQ(column(wide, "p[-3].amount")[0], 1);
  EXPECT_EQ(column(wide, "p[-2].amount")[0], 2);
  EXPECT_EQ(column(wide, "p[-1].amount")[0], 3);
  EXPECT_EQ(column(wide, "p[-2].gap")[0], 0);
}

TEST_F(Child, AHundredThousandEventsOfOneBorrower) {
  std::string rows;
  for (int i = 0; i < 100'000; ++i) rows += "1,2020-01-01 00:00:" + std::to_string(i % 60) + "," + std::to_string(i) + ",a\n";
  const Table wide = history(rows).widen(loans(kLoans), true);
  EXPECT_EQ(column(wide, "p.count")[0], 100'000);
  EXPECT_EQ(column(wide, "p[-1].amount")[0], 99'959);  // the last of second 59
}

TEST_F(Child, AnEventWithoutKeyOrTimeIsLeftOutAndCounted) {
  std::vector<ReadNote> notes;
  const Table wide = history("1,,5,a\n,2020-01-01,6,a\n1,2020-01-01,7,a\n", 3, &notes).widen(loans("1,2020-03-01\n1,\n"), true);
  EXPECT_THAT(column(wide, "p.count"), ElementsAre(1, 0));  // and a row without a decision date has no history
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0].message, HasSubstr("2 of 3 events"));
}

TEST_F(Child, DeclarationsSayWhatTheyLack) {
  const auto refusal = [](const std::string& text) {
    try {
      (void)parse_child(text);
      return std::string("no error");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalid);
      return std::string(error.what());
    }
  };
  const ChildSpec spec = parse_child("payments: table=data/p.csv, key=id, order=date, until=decided, steps=8, columns=amount|kind");
  EXPECT_EQ(spec.name, "payments");
  EXPECT_EQ(spec.table, "data/p.csv");
  EXPECT_EQ(spec.steps, 8U);
  EXPECT_THAT(spec.columns, ElementsAre("amount", "kind"));
  EXPECT_TRUE(declares_child("p: table=x.csv, key=id"));
  EXPECT_FALSE(declares_child("h: paid=p6..p1"));
  EXPECT_THAT(refusal("p: table=x.csv, key=id, order=date"), HasSubstr("until is missing"));
  EXPECT_THAT(refusal("p: table=x.csv, order=date, until=d"), HasSubstr("key is missing"));
  EXPECT_THAT(refusal("p: table=x.csv, key=id, order=date, until=d, steps=0"), HasSubstr("no whole number"));
  EXPECT_THAT(refusal("p: table=x.csv, kee=id"), HasSubstr("'kee' is none of"));
  const ChildSpec again = child_of_json(child_json(spec, ColumnKind::kDate), "test");
  EXPECT_EQ(again.columns, spec.columns);
  EXPECT_EQ(again.until, spec.until);
  EXPECT_THROW((void)child_of_json(Json{{"name", 3}}, "test"), Error);
}

TEST_F(Child, TablesThatDoNotFitAreRefused) {
  EXPECT_THROW((void)history(kEvents).widen(loans("x1,2020-03-01\n"), true), Error);
  EXPECT_NO_THROW((void)history(kEvents).widen(loans("x1,2020-03-01\n"), false));
  EXPECT_THROW((void)history(kEvents).widen(loans("1,5\n2,6\n"), true), Error);  // a number is no date
}

}  // namespace
}  // namespace obligor
