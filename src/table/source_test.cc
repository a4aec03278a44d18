#include "table/source.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "core/date.h"
#include "core/file.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::caught;
using testing_support::scratch;
using testing_support::write;

std::vector<std::string> cells(const Column& column) {
  std::vector<std::string> result;
  for (size_t row = 0; row < column.size(); ++row) result.push_back(column.cell_text(row));
  return result;
}

std::string zstd(const std::string& raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 3));
  return out;
}

const std::string kLoans =
    "\xEF\xBB\xBF"
    "id, amount ,rate,ok,job,opened,note\r\n"
    "1,1000,0.5,true,clerk,2014-02-01,\"a, \"\"b\"\"\"\r\n"
    "2,,1.25,false,,2014-03-01,\r\n"
    "3,30,,true,farmer,,x\r\n";

void expect_loans(const Table& table) {
  EXPECT_THAT(table.names(), ElementsAre("id", "amount", "rate", "ok", "job", "opened", "note"));
  EXPECT_THAT(cells(table.column("amount")), ElementsAre("1000", "", "30"));
  EXPECT_THAT(cells(table.column("rate")), ElementsAre("0.5", "1.25", ""));
  EXPECT_THAT(cells(table.column("ok")), ElementsAre("1", "0", "1"));
  EXPECT_THAT(cells(table.column("job")), ElementsAre("clerk", "", "farmer"));
  EXPECT_THAT(cells(table.column("opened")), ElementsAre("2014-02-01", "2014-03-01", ""));
  EXPECT_THAT(cells(table.column("note")), ElementsAre("a, \"b\"", "", "x"));
  EXPECT_EQ(table.column("ok").kind(), ColumnKind::kNumber);
  EXPECT_EQ(table.column("job").kind(), ColumnKind::kCategory);
  EXPECT_EQ(table.column("opened").kind(), ColumnKind::kDate);
}

TEST(Source, CsvKindsAreInferredAndEmptyCellsAreMissing) { expect_loans(read_table(write(scratch() / "loans.csv", kLoans), {})); }

TEST(Source, GzipAndZstdAreReadWhateverTheName) {
  const auto dir = scratch();
  expect_loans(read_table(write(dir / "loans.csv.zst", zstd(kLoans)), {}));
  expect_loans(read_table(write(dir / "really-zstd.csv", zstd(kLoans)), {}));
  gzFile file = gzopen((dir / "loans.csv.gz").c_str(), "wb");
  gzwrite(file, kLoans.data(), static_cast<unsigned>(kLoans.size()));
  gzclose(file);
  expect_loans(read_table(dir / "loans.csv.gz", {}));
}

TEST(Source, DelimitersAreDetectedOrGiven) {
  const auto dir = scratch();
  for (const char delimiter : {';', '\t', '|'}) {
    const std::string d(1, delimiter);
    const Table table = read_table(write(dir / "a.csv", "a x" + d + "b\n1.5" + d + "2\n3.5" + d + "4\n"), {});
    EXPECT_THAT(table.names(), ElementsAre("a x", "b")) << delimiter;
    EXPECT_THAT(cells(table.column("b")), ElementsAre("2", "4"));
  }
  ReadOptions options;
  options.delimiter = "^";
  EXPECT_THAT(read_table(write(dir / "b.csv", "a^b\n1^2\n"), options).names(), ElementsAre("a", "b"));
  options.delimiter = "ab";
  EXPECT_EQ(caught([&] { (void)read_table((dir / "b.csv").string(), options); }).code, ErrorCode::kInvalid);
}

TEST(Source, KindsCanBeOverriddenByName) {
  const auto dir = scratch();
  ReadOptions options;
  options.categories = {"zip"};
  options.numbers = {"x"};
  options.texts = {"t"};
  options.dates = {"d"};
  options.null_strings = {"NA", "?"};
  const Table table = read_table(write(dir / "a.csv", "zip,x,t,d\n007,1,a,2014-01-02 10:00:00\n008,NA,b,2015-01-01 00:00:00\n?,3,?,?\n"), options);
  EXPECT_EQ(table.column("zip").kind(), ColumnKind::kCategory);
  EXPECT_THAT(cells(table.column("zip")), ElementsAre("007", "008", ""));
  EXPECT_THAT(cells(table.column("x")), ElementsAre("1", "", "3"));
  EXPECT_EQ(table.column("t").kind(), ColumnKind::kText);
  EXPECT_THAT(cells(table.column("t")), ElementsAre("a", "b", ""));
  EXPECT_THAT(cells(table.column("d")), ElementsAre("2014-01-02T10:00:00", "2015-01-01", ""));
  options.numbers = {"y"};
  const auto error = caught([&] { (void)read_table((dir / "a.csv").string(), options); });
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("a.csv: unknown column 'y'"));
}

TEST(Source, ACellThatIsNoNumberNamesLineAndColumn) {
  const auto dir = scratch();
  ReadOptions options;
  options.numbers = {"b"};
  const auto error = caught([&] { (void)read_table(write(dir / "a.csv", "a,b\n1,2\n2,abc\n3,4\n"), options); });
  EXPECT_EQ(error.code, ErrorCode::kData);
  EXPECT_THAT(error.message, HasSubstr("a.csv:3: column 'b': 'abc' is not a number; fix the cell"));
}

TEST(Source, TypesThatLaterRowsRefuteAreInferredAgain) {
  std::string text = "a,b,c\n";
  for (int i = 0; i < 60'000; ++i) text += std::to_string(i) + "," + std::to_string(i) + ",\n";
  text += "0.5,x,7\n";
  const Table table = read_table(write(scratch() / "a.csv", text), {});
  EXPECT_EQ(table.rows(), 60'001U);
  EXPECT_EQ(table.column("a").numbers()[60'000], 0.5F);
  EXPECT_EQ(table.column("b").kind(), ColumnKind::kCategory);
  EXPECT_EQ(table.column("b").cell_text(60'000), "x");
  EXPECT_EQ(table.column("b").cell_text(59'999), "59999");
  EXPECT_EQ(table.column("c").kind(), ColumnKind::kNumber);  // all empty in the sample
  EXPECT_EQ(table.column("c").numbers()[60'000], 7);
}

TEST(Source, FileOrderSurvivesParallelReading) {
  std::string text = "i,c\n";
  for (int i = 0; i < 400'000; ++i) text += std::to_string(i) + ",level" + std::to_string(i % 10'000) + "\n";
  ReadOptions options;
  options.threads = 4;
  const Table table = read_table(write(scratch() / "a.csv", text), options);
  ASSERT_EQ(table.rows(), 400'000U);
  for (size_t row = 0; row < table.rows(); ++row) ASSERT_EQ(table.column("i").numbers()[row], static_cast<float>(row));
  const Column& c = table.column("c");
  ASSERT_EQ(c.dictionary().size(), 10'000U);
  for (size_t row = 0; row < 10'000; ++row) {  // in order of first appearance
    ASSERT_EQ(c.codes()[row], static_cast<int32_t>(row));
    ASSERT_EQ(c.dictionary()[row], "level" + std::to_string(row));
  }
}

TEST(Source, InfinitiesStayAndDoublesBeyondFloatAreClampedAndCounted) {
  std::vector<ReadNote> notes;
  const Table table = read_table(write(scratch() / "a.csv", "a,b\n1,inf\n1e308,1\n-1e308,-Infinity\n3e38,nan\n5,\n"), {}, &notes);
  const auto a = table.column("a").numbers();
  EXPECT_THAT(a, ElementsAre(1, std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 3e38F, 5));
  const auto b = table.column("b").numbers();
  EXPECT_TRUE(std::isinf(b[0]) && b[0] > 0);
  EXPECT_TRUE(std::isinf(b[2]) && b[2] < 0);
  EXPECT_TRUE(table.column("b").is_missing(3));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].column, "a");
  EXPECT_EQ(notes[0].message, "2 values beyond float32 were clamped to 3.4e38");
}

TEST(Source, NumbersAreRoundedOnceToTheNearestFloat) {
  const Table table = read_table(write(scratch() / "a.csv", "i,d\n16777217,0.1\n16777219,1e-50\n9007199254740993,123456.789\n"), {});
  const auto i = table.column("i").numbers();
  EXPECT_EQ(i[0], 16777216.0F);
  EXPECT_EQ(i[1], 16777220.0F);
  EXPECT_EQ(i[2], static_cast<float>(int64_t{9007199254740993}));
  EXPECT_THAT(table.column("d").numbers(), ElementsAre(0.1F, 0.0F, 123456.789F));
}

TEST(Source, TextIsKnownForItByItsFirstRowsAndReadToItsEnd) {
  std::string lines = "note,job,late\n";
  for (int i = 0; i < 70000; ++i) {
    const std::string note = fmt::format("loan {} is wanted for a car that was seen in the town", i);
    lines += fmt::format("{},{},{}\n", i % 1000 == 0 ? "" : note, "a job whose name is long and that many people have: " + std::to_string(i % 9),
                         i < 66000 ? "short" : note);
  }
  const Table table = read_table(write(scratch() / "notes.csv", lines), {});
  EXPECT_EQ(table.column("note").kind(), ColumnKind::kText);
  EXPECT_EQ(table.column("job").kind(), ColumnKind::kCategory);
  EXPECT_EQ(table.column("late").kind(), ColumnKind::kCategory);
  const auto notes = cells(table.column("note"));
  EXPECT_EQ(notes[0], "");
  EXPECT_EQ(notes[12345], "loan 12345 is wanted for a car that was seen in the town");
  EXPECT_EQ(notes[69999], "loan 69999 is wanted for a car that was seen in the town");
  EXPECT_EQ(cells(table.column("job"))[69998], "a job whose name is long and that many people have: 5");
}

TEST(Source, LongDistinctStringsAreTextOthersCategories) {
  std::string text = "story,repeated,short\n";
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    text += "a story of more than forty characters number " + n + ",a sentence of more than forty characters in all,s" + n + "\n";
  }
  const Table table = read_table(write(scratch() / "a.csv", text), {});
  EXPECT_EQ(table.column("story").kind(), ColumnKind::kText);
  EXPECT_EQ(table.column("story").cell_text(7), "a story of more than forty characters number 7");
  EXPECT_EQ(table.column("repeated").kind(), ColumnKind::kCategory);
  EXPECT_EQ(table.column("short").kind(), ColumnKind::kCategory);
}

TEST(Source, OneRowAnAllEmptyColumnAndManyLevelsAreFine) {
  const auto dir = scratch();
  const Table one = read_table(write(dir / "one.csv", "a,b\n1,x"), {});
  EXPECT_EQ(one.rows(), 1U);
  EXPECT_EQ(one.column("b").cell_text(0), "x");
  const Table empty = read_table(write(dir / "null.csv", "a,b\n1,\n2,\n"), {});
  EXPECT_EQ(empty.column("b").missing_count(), 2U);
  EXPECT_EQ(empty.column("b").kind(), ColumnKind::kNumber);
  EXPECT_EQ(read_table(write(dir / "single.csv", "a\n1\n2\n"), {}).rows(), 2U);
}

TEST(Source, HeaderlessFilesTakeNames) {
  const auto dir = scratch();
  ReadOptions options;
  options.header = false;
  EXPECT_THAT(read_table(write(dir / "a.csv", "1,x\n2,y\n"), options).names(), ElementsAre("column0", "column1"));
  options.column_names = {"n", "c"};
  const Table table = read_table((dir / "a.csv").string(), options);
  EXPECT_THAT(table.names(), ElementsAre("n", "c"));
  EXPECT_EQ(table.rows(), 2U);
  options.column_names = {"n"};
  EXPECT_THAT(caught([&] { (void)read_table((dir / "a.csv").string(), options); }).message, HasSubstr("1 column names are given and the file has 2"));
}

TEST(Source, NamesThatDifferInCaseAndUnnamedColumnsAreKept) {
  const Table table = read_table(write(scratch() / "a.csv", "Age,age,,q\"x;--\n1,2,3,4\n"), {});
  EXPECT_THAT(table.names(), ElementsAre("Age", "age", "column2", "q\"x;--"));
  EXPECT_THAT(cells(table.column("age")), ElementsAre("2"));
}

TEST(Source, BadFilesAreRefusedWithFileAndLine) {
  const auto dir = scratch();
  const auto check = [&](const std::string& name, const std::string& content, ErrorCode code, const std::string& expected) {
    const auto error = caught([&] { (void)read_table(write(dir / name, content), {}); });
    EXPECT_EQ(error.code, code) << name;
    EXPECT_EQ(error.message, (dir / name).string() + expected);
    EXPECT_EQ(facts(error.code).exit_status, 2);
  };
  EXPECT_EQ(caught([&] { (void)read_table((dir / "none.csv").string(), {}); }).message,
            (dir / "none.csv").string() + ": there is no such file; check the path");
  EXPECT_EQ(caught([&] { (void)read_table((dir / "none.csv").string(), {}); }).code, ErrorCode::kNotFound);
  EXPECT_THAT(caught([&] { (void)read_table(dir.string() + "/.csv", {}); }).message, HasSubstr("unknown extension ''"));
  check("empty.csv", "", ErrorCode::kData, ": the file is empty; a header and rows are wanted");
  check("blank.csv", "\n \n", ErrorCode::kData, ": the file is empty; a header and rows are wanted");
  check("header.csv", "a,b\n", ErrorCode::kData, ": the file has a header and no rows");
  check("header2.csv", "a,b", ErrorCode::kData, ": the file has a header and no rows");
  check("short.csv", "a,b\n1,2\n3\n4,5\n", ErrorCode::kData, ":3: 1 cells where the header has 2");
  check("long.csv", "a,b\n1,\"2\n2\"\n3,4,5\n", ErrorCode::kData, ":4: 3 cells where the header has 2");
  check("latin.csv", "a,b\n1,x\n2,caf\xE9\n", ErrorCode::kData,
        ":3: bytes that are not UTF-8; save the file as UTF-8 (for example: iconv -f latin1 -t utf-8)");
  check("utf16.csv",
        std::string("\xFF\xFE"
                    "a\0,\0b\0\n\0",
                    10),
        ErrorCode::kData, ": the file is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)");
  check("quote.csv", "a,b\n1,\"xy\n3,4\n", ErrorCode::kData, ":2: the quoted cell that starts here does not end");
  check("twice.csv", "a,b,a\n1,2,3\n", ErrorCode::kData, ":1: column name 'a' stands twice (columns 1 and 3); rename one of them");
  check("table.xlsx", "PK", ErrorCode::kUnsupported,
        ": unknown extension '.xlsx'; known are .csv .tsv .txt .data .asc .dat .arff .parquet .jsonl .ndjson .json, each also with .gz or "
        ".zst; or name the format");
  check("cut.csv.zst", zstd(kLoans).substr(0, 40), ErrorCode::kData, ": the zstd data is broken or cut short; get the file again");
}

TEST(Source, ARaggedRowFarDownIsFoundByLine) {
  std::string text = "a,b,c\n";
  for (int i = 0; i < 200'000; ++i) text += i == 150'000 ? "1,2\n" : "1,2,3\n";
  const auto error = caught([&] { (void)read_table(write(scratch() / "a.csv", text), {}); });
  EXPECT_THAT(error.message, HasSubstr("a.csv:150002: 2 cells where the header has 3"));
}

TEST(Source, SpaceSeparatedFilesMayHaveRunsOfBlanks) {
  const auto dir = scratch();
  ReadOptions options;
  options.header = false;
  options.column_names = {"status", "months", "class"};
  const Table table = read_table(write(dir / "g.data", "A11 6 1\nA12 48 2\n"), options);
  EXPECT_THAT(cells(table.column("status")), ElementsAre("A11", "A12"));
  EXPECT_THAT(cells(table.column("months")), ElementsAre("6", "48"));
  options.format = "space";
  const Table wide = read_table(write(dir / "w.txt", "  A11\t 6   1 \r\nA12  48 2"), options);
  EXPECT_THAT(cells(wide.column("class")), ElementsAre("1", "2"));
  EXPECT_THAT(cells(wide.column("status")), ElementsAre("A11", "A12"));
}

TEST(Source, ArffIsReadWithItsTypesAndRowsCountedAfterData) {
  const auto dir = scratch();
  const std::string head = "@relation r\n@attribute 'a x' numeric\n@attribute c {u,'v w'}\n@attribute class {0,1}\n@data\n";
  const Table table = read_table(write(dir / "a.arff", head + "% note\n1.5, u, 0\n?,'v w',1\n\n3,?,0\n"), {});
  EXPECT_EQ(table.rows(), 3U);
  EXPECT_THAT(cells(table.column("a x")), ElementsAre("1.5", "", "3"));
  EXPECT_THAT(cells(table.column("c")), ElementsAre("u", "v w", ""));
  EXPECT_EQ(table.column("class").kind(), ColumnKind::kCategory);
  EXPECT_THAT(caught([&] { (void)read_table(write(dir / "b.arff", head + "1,u,0\n% note\n2,u\n"), {}); }).message,
              HasSubstr("b.arff:8: 2 cells where the first row has 3"));
  EXPECT_THAT(caught([&] { (void)read_table(write(dir / "c.arff", head), {}); }).message, HasSubstr("no rows after @data"));
  EXPECT_THAT(caught([&] { (void)read_table(write(dir / "d.arff", head + "{0 1, 2 1}\n"), {}); }).message,
              HasSubstr("d.arff:6: sparse ARFF rows cannot be read"));
  EXPECT_EQ(
      caught([&] { (void)read_table(write(dir / "e.arff", head + "x,u,0\n"), {}); }).message,
      (dir / "e.arff").string() + ":6: column 'a x': 'x' is not a number; fix the cell, name it as a null string, or declare the column a category");
}

TEST(Source, ParquetJsonLinesAndSqlGiveTheSameTable) {
  const auto dir = scratch();
  const std::string csv = write(dir / "it's.csv", "a,b,d\n1,x,2014-01-01\n2,,2014-02-01\n3,y,2014-03-01\n");
  const Table from_csv = read_table(csv, {});
  const auto parquet = (dir / "it's.parquet").string();
  std::string quoted = csv;
  std::string quoted_parquet = parquet;
  quoted.replace(quoted.find('\''), 1, "''");
  quoted_parquet.replace(quoted_parquet.find('\''), 1, "''");
  EXPECT_EQ(read_sql("COPY (select * from '" + quoted + "') TO '" + quoted_parquet + "' (FORMAT parquet);", {}).rows(), 1U);
  write(dir / "a.jsonl",
        "{\"a\":1,\"b\":\"x\",\"d\":\"2014-01-01\"}\n{\"a\":2,\"b\":null,\"d\":\"2014-02-01\"}\n{\"a\":3,\"b\":\"y\",\"d\":\"2014-03-01\"}\n");
  for (const Table& table :
       {read_table(parquet, {}), read_table((dir / "a.jsonl").string(), {}), read_sql("select * from '" + quoted_parquet + "' ; ", {})}) {
    EXPECT_EQ(table.names(), from_csv.names()) << table.source();
    for (const Column& column : table.columns()) {
      EXPECT_EQ(cells(column), cells(from_csv.column(column.name()))) << table.source();
      EXPECT_EQ(column.kind(), from_csv.column(column.name()).kind());
    }
  }
}

TEST(Source, SqlTypesBecomeOurKinds) {
  ReadOptions options;
  options.categories = {"n"};
  const Table table = read_sql(
      "select 1.25::decimal(10,2) as dec, 5::hugeint as big, true as flag, '2014-01-01'::date as day, "
      "'2014-01-01 10:00:00'::timestamp_ms as moment, '12'::varchar as digits, 7 as n, ['x', 'y'] as list, 'a'::enum('a','b') as level, 3::utinyint "
      "as tiny",
      options);
  EXPECT_EQ(cells(table.column("dec"))[0], "1.25");
  EXPECT_EQ(cells(table.column("big"))[0], "5");
  EXPECT_EQ(cells(table.column("flag"))[0], "1");
  EXPECT_EQ(cells(table.column("day"))[0], "2014-01-01");
  EXPECT_EQ(cells(table.column("moment"))[0], "2014-01-01T10:00:00");
  EXPECT_EQ(table.column("digits").kind(), ColumnKind::kCategory);  // SQL says that it is text
  EXPECT_EQ(table.column("n").kind(), ColumnKind::kCategory);
  EXPECT_EQ(cells(table.column("list"))[0], "[x, y]");
  EXPECT_EQ(cells(table.column("level"))[0], "a");
  EXPECT_EQ(cells(table.column("tiny"))[0], "3");
}

TEST(Source, SqlThatFailsIsBadInputInOneLine) {
  const auto error = caught([] { (void)read_sql("select nonsense from nowhere", {}); });
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("SQL: Catalog Error: Table with name nowhere does not exist"));
  EXPECT_EQ(error.message.find('\n'), std::string::npos);
  EXPECT_EQ(caught([] { (void)read_sql("select 1 as a where false", {}); }).message, "SQL: there are no rows");
  EXPECT_EQ(caught([] { (void)read_sql("select 1 as a, 2 as a", {}); }).message, "SQL: column name 'a' stands twice; rename one of them");
  EXPECT_EQ(caught([] { (void)read_sql(" ; ", {}); }).code, ErrorCode::kInvalid);
  EXPECT_THAT(caught([] { (void)read_sql("select 'x'::blob as b", {}); }).message, HasSubstr("column 'b' holds bytes"));
}

TEST(Source, SelectSeesTheFileAsSourceAndKeepsRowNumbers) {
  const auto dir = scratch();
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i % 10) + "," + std::to_string(i) + "\n";
  ReadOptions options;
  options.select = "select b, source_row, a + 1 as c from source where a = 3";
  const Table table = read_table(write(dir / "a.csv", text), options);
  EXPECT_THAT(table.names(), ElementsAre("b", "c"));
  ASSERT_EQ(table.rows(), 5000U);
  for (size_t row = 0; row < table.rows(); ++row) {
    ASSERT_EQ(table.source_row(row), row * 10 + 3);
    ASSERT_EQ(table.column("b").numbers()[row], static_cast<float>(row * 10 + 3));
  }
  options.select = "select nothing from source";
  const auto error = caught([&] { (void)read_table((dir / "a.csv").string(), options); });
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("a.csv: Binder Error"));
}

TEST(RowStream, GivesTheFileInOrderInChunksWithTheKindsOfTheBundle) {
  const auto dir = scratch();
  std::string text = "c,x,unused,flag\n";
  for (int i = 0; i < 200'000; ++i) {
    text += std::to_string(i % 3) + "," + std::to_string(i) + (i > 100'000 ? ".5" : "") + ",u," + (i % 2 == 0 ? "true" : "false") + "\n";
  }
  RowStream stream(write(dir / "a.csv", text), false, {}, {{"x", ColumnKind::kNumber}, {"c", ColumnKind::kCategory}, {"flag", ColumnKind::kNumber}});
  size_t row = 0;
  size_t chunks = 0;
  while (const auto chunk = stream.next()) {
    ++chunks;
    ASSERT_THAT(chunk->names(), ElementsAre("x", "c", "flag"));
    EXPECT_LE(chunk->rows(), 65'536U);
    for (size_t i = 0; i < chunk->rows(); ++i, ++row) {
      ASSERT_EQ(chunk->source_row(i), row);
      ASSERT_EQ(chunk->column("x").numbers()[i], static_cast<float>(row) + (row > 100'000 ? 0.5F : 0.0F));
      ASSERT_EQ(chunk->column("c").cell_text(i), std::to_string(row % 3));
      ASSERT_EQ(chunk->column("flag").numbers()[i], row % 2 == 0 ? 1.0F : 0.0F);
    }
  }
  EXPECT_EQ(row, 200'000U);
  EXPECT_GE(chunks, 4U);
}

TEST(RowStream, MissingColumnsAndBadCellsAreErrors) {
  const auto dir = scratch();
  const std::string path = write(dir / "a.csv", "a,b\n1,2\nx,3\n");
  EXPECT_THAT(caught([&] {
                RowStream(path, false, {}, {{"aa", ColumnKind::kNumber}});
              }).message,
              HasSubstr("a.csv: unknown column 'aa'; did you mean"));
  const auto error = caught([&] {
    RowStream stream(path, false, {}, {{"a", ColumnKind::kNumber}});
    while (stream.next()) {
    }
  });
  EXPECT_THAT(error.message, HasSubstr("a.csv:3: column 'a': 'x' is not a number"));
  RowStream sql("select i as a from range(3) t(i)", true, {}, {{"a", ColumnKind::kCategory}});
  EXPECT_THAT(cells(sql.next()->column("a")), ElementsAre("0", "1", "2"));
  EXPECT_FALSE(sql.next());
}

// The peak memory of a child that streams n rows of Parquet.
int64_t stream_peak(const std::string& path) {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  if (child == 0) try {
      ReadOptions options;
      options.threads = 1;
      options.memory_limit = "256MB";
      RowStream stream(path, false, options, {{"a", ColumnKind::kNumber}, {"b", ColumnKind::kNumber}, {"c", ColumnKind::kCategory}});
      double sum = 0;
      while (const auto chunk = stream.next()) sum += static_cast<double>(chunk->column("a").numbers()[0]);
      const int64_t peak = sum < 0 ? 0 : peak_memory_bytes();
      if (::write(channel[1], &peak, sizeof peak) != static_cast<ssize_t>(sizeof peak)) _exit(1);
      _exit(0);
    } catch (...) {
      _exit(2);
    }
  int64_t peak = 0;
  close(channel[1]);
  EXPECT_EQ(read(channel[0], &peak, sizeof peak), static_cast<ssize_t>(sizeof peak));
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return peak;
}

TEST(RowStream, MemoryDoesNotGrowWithTheFile) {
  const auto dir = scratch();
  // The files are written by a child too, so that this process opens no threads before it forks.
  const auto make = [&](const std::string& name, int64_t rows) {
    const std::string path = (dir / name).string();
    const pid_t child = fork();
    if (child == 0) try {
        (void)read_sql("COPY (select random() as a, random() as b, 'level' || (i % 50) as c from range(" + std::to_string(rows) + ") t(i)) TO '" +
                           path + "' (FORMAT parquet)",
                       {});
        _exit(0);
      } catch (...) {
        _exit(2);
      }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return path;
  };
  const int64_t small = stream_peak(make("small.parquet", 500'000));
  const int64_t large = stream_peak(make("large.parquet", 5'000'000));
  EXPECT_LT(large, small + small / 4) << "small " << small << ", large " << large;
}

}  // namespace
}  // namespace obligor
