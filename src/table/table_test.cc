#include "table/table.h"

#include <cmath>

#include "core/date.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::caught;

Table small() {
  const std::vector<std::optional<std::string>> jobs{"clerk", std::nullopt, "farmer", "clerk"};
  TableBuilder builder;
  builder.source("loans.csv").add_numbers("age", {22, kMissing, 53, 40.5F}).add_strings("job", jobs);
  builder.add({"opened", DateData{{0, kMissingDate, *parse_date("2014-02-01"), *parse_date("2014-02-01 12:30:05")}}});
  builder.add({"note", TextData{{0, 2, 2, 5, 5}, "hiyou", {0, 1, 0, 0}}});
  return builder.build();
}

TEST(Table, KeepsKindsValuesAndMissingCells) {
  const Table table = small();
  EXPECT_EQ(table.rows(), 4U);
  EXPECT_THAT(table.names(), ElementsAre("age", "job", "opened", "note"));
  EXPECT_EQ(table.column("age").kind(), ColumnKind::kNumber);
  EXPECT_EQ(kind_name(table.column("note").kind()), "text");
  EXPECT_THAT(table.column("job").codes(), ElementsAre(0, kMissingCode, 1, 0));
  EXPECT_THAT(table.column("job").dictionary(), ElementsAre("clerk", "farmer"));
  for (const Column& column : table.columns()) {
    EXPECT_EQ(column.missing_count(), 1U) << column.name();
    EXPECT_TRUE(column.is_missing(1)) << column.name();
    EXPECT_EQ(column.cell_text(1), "");
  }
  EXPECT_EQ(table.column("age").cell_text(0), "22");
  EXPECT_EQ(table.column("age").cell_text(3), "40.5");
  EXPECT_EQ(table.column("opened").cell_text(2), "2014-02-01");
  EXPECT_EQ(table.column("opened").cell_text(3), "2014-02-01T12:30:05");
  EXPECT_EQ(table.column("note").cell_text(2), "you");
}

TEST(Table, CopiesShareColumns) {
  const Table table = small();
  const Table copy = table;
  EXPECT_EQ(table.column("age").numbers().data(), copy.column("age").numbers().data());
  EXPECT_EQ(table.column("age").renamed("years").numbers().data(), copy.column("age").numbers().data());
}

TEST(Table, UnknownColumnNamesNearCandidates) {
  const auto error = caught([] { (void)small().column("agee"); });
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "unknown column 'agee'; did you mean 'age'?");
}

TEST(Table, RefusesUnequalLengthsDuplicateNamesAndCodesOutsideTheDictionary) {
  const auto unequal = caught([] { (void)TableBuilder().add_numbers("a", {1, 2}).add_numbers("b", {1}).build(); });
  EXPECT_EQ(unequal.code, ErrorCode::kInvalid);
  EXPECT_THAT(unequal.message, HasSubstr("column 'b' has 1 rows, column 'a' 2"));
  const auto duplicate = caught([] { (void)TableBuilder().add_numbers("a", {1}).add_numbers("a", {1}).build(); });
  EXPECT_EQ(duplicate.code, ErrorCode::kInvalid);
  EXPECT_THAT(duplicate.message, HasSubstr("'a' stands twice"));
  EXPECT_THAT(caught([] { TableBuilder().add_categories("c", {0, 2}, {"x", "y"}); }).message, HasSubstr("code 2"));
  EXPECT_THAT(caught([] { TableBuilder().add_categories("c", {0, 1}, {"x", "x"}); }).message, HasSubstr("'x' stands twice"));
}

TEST(Table, ReadingAColumnAsAnotherKindIsAnInternalError) {
  const auto error = caught([] { (void)small().column("job").numbers(); });
  EXPECT_EQ(error.code, ErrorCode::kInternal);
  EXPECT_EQ(error.message, "column 'job' is a category, and was read as a number");
}

TEST(Table, TakeCopiesCellsInTheOrderOfTheRowsAndCarriesSourceRows) {
  TableBuilder builder;
  builder.add_numbers("x", {10, 11, 12, 13}).source_rows({5, 6, 8, 9});
  const Table table = small().with_column(builder.build().column("x"));
  const std::vector<uint32_t> rows{3, 0, 3};
  const Table taken = table.take(rows);
  ASSERT_EQ(taken.rows(), 3U);
  for (const Column& column : table.columns()) {
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(taken.column(column.name()).cell_text(i), column.cell_text(rows[i])) << column.name();
  }
  EXPECT_EQ(taken.source_row(0), 3U);
  EXPECT_EQ(taken.take(std::vector<uint32_t>{1}).source_row(0), 0U);
  EXPECT_EQ(taken.source(), "loans.csv");
  EXPECT_THAT(caught([&] { (void)table.take(std::vector<uint32_t>{4}); }).message, HasSubstr("row 4 is outside the table of 4 rows"));
}

TEST(Table, SequencesAreTakenWithTheirChildRows) {
  const auto child = std::make_shared<const Table>(TableBuilder().add_numbers("amount", {1, 2, 3, 4, 5}).build());
  const Table table = TableBuilder().add({"payments", SequenceData{{0, 2, 2, 5}, child}}).build();
  EXPECT_TRUE(table.column("payments").is_missing(1));
  const Table taken = table.take(std::vector<uint32_t>{2, 0});
  const SequenceData& data = taken.column("payments").sequences();
  EXPECT_THAT(data.offsets, ElementsAre(0, 3, 5));
  EXPECT_THAT(data.child->column("amount").numbers(), ElementsAre(3, 4, 5, 1, 2));
}

TEST(Table, WithColumnReplacesByNameAndWithoutLeavesOut) {
  const Table table = small();
  const Table replaced = table.with_column({"age", std::vector<float>{1, 2, 3, 4}});
  EXPECT_EQ(replaced.columns().size(), 4U);
  EXPECT_THAT(replaced.column("age").numbers(), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(std::isnan(table.column("age").numbers()[1]));
  const Table fewer = table.without(std::vector<std::string>{"job", "note"});
  EXPECT_THAT(fewer.names(), ElementsAre("age", "opened"));
  EXPECT_EQ(fewer.find("opened"), std::optional<size_t>(1));
  EXPECT_THROW((void)table.with_column({"z", std::vector<float>{1}}), Error);
}

TEST(Table, DatesReadAsDaysSince1970) {
  const Table table = small();
  const std::vector<float> days = numeric_values(table.column("opened"));
  EXPECT_EQ(days[0], 0);
  EXPECT_TRUE(std::isnan(days[1]));
  EXPECT_EQ(days[2], 16102);  // python: (date(2014, 2, 1) - date(1970, 1, 1)).days
  EXPECT_THAT(numeric_values(table.column("age"))[2], 53);
}

TEST(Date, ParsesAndPrintsIsoAndRefusesTheRest) {
  EXPECT_EQ(parse_date("1970-01-02"), 86'400'000'000);
  EXPECT_EQ(parse_date("1969-12-31"), -86'400'000'000);
  EXPECT_EQ(date_text(*parse_date("1969-12-31T23:59")), "1969-12-31T23:59:00");
  EXPECT_EQ(date_text(1), "1970-01-01T00:00:00.000001");
  EXPECT_EQ(day_text(16102), "2014-02-01");
  EXPECT_EQ(day_text(-0.5), "1969-12-31T12:00:00");
  EXPECT_EQ(day_text(-719162), "0001-01-01");
  EXPECT_EQ(day_text(1e7), "10000000");
  for (const char* bad : {"", "2014", "2014-13-01", "2014-02-30", "14-02-01", "2014-02-01x", "2014-02-01 25:00", "2014/02/01"}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
}

}  // namespace
}  // namespace obligor
