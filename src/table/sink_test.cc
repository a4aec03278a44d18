#include "table/sink.h"

#include <utility>

#include "core/file.h"
#include "table/source.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing_support::caught;
using testing_support::scratch;

const std::vector<SinkColumn> kColumns{
    {"name", SinkType::kString}, {"day", SinkType::kDate}, {"count", SinkType::kInteger}, {"share", SinkType::kReal}};

Table block(int first, size_t rows) {
  std::vector<std::optional<std::string>> names;
  DateData days;
  std::vector<float> counts;
  std::vector<float> shares;
  for (size_t i = 0; i < rows; ++i) {
    const int n = first + static_cast<int>(i);
    names.emplace_back(n % 5 == 0 ? std::optional<std::string>() : "a \"quoted\", name " + std::to_string(n % 7));
    days.microseconds.push_back(n % 11 == 0 ? kMissingDate : 86'400'000'000 * n);
    counts.push_back(n % 3 == 0 ? kMissing : static_cast<float>(n));
    shares.push_back(static_cast<float>(n) / 7);
  }
  TableBuilder builder;
  builder.add_strings("name", names).add({"day", std::move(days)}).add_numbers("count", std::move(counts)).add_numbers("share", std::move(shares));
  return builder.build();
}

std::function<std::optional<Table>()> blocks(int count, size_t rows) {
  return [=, made = 0]() mutable -> std::optional<Table> {
    if (made == count) return std::nullopt;
    return block(static_cast<int>(rows) * made++, rows);
  };
}

TEST(Sink, WhatIsWrittenReadsBackInOrderWithItsMissingCells) {
  const Table expected = block(0, 9000);
  for (const SinkFormat format : {SinkFormat::kCsv, SinkFormat::kParquet}) {
    const auto path = scratch() / (format == SinkFormat::kCsv ? "t.csv" : "t.parquet");
    EXPECT_EQ(write_table_file(path, format, kColumns, blocks(3, 3000)), 9000U);
    ReadOptions options;
    options.categories = {"name"};
    const Table read = read_table(path.string(), options);
    ASSERT_EQ(read.rows(), 9000U);
    for (const Column& column : expected.columns()) {
      ASSERT_EQ(read.column(column.name()).kind(), column.kind()) << column.name();
      for (size_t row = 0; row < read.rows(); ++row) ASSERT_EQ(read.column(column.name()).cell_text(row), column.cell_text(row)) << row;
    }
  }
}

TEST(Sink, ARowNumberIsTheSourceRowInAll64Bits) {
  const auto path = scratch() / "t.parquet";
  const std::vector<uint64_t> numbers{0, 16'777'217, 5'000'000'001};  // the second is no float32, the third no 32-bit integer
  bool made = false;
  write_table_file(path, SinkFormat::kParquet, std::vector<SinkColumn>{{"p", SinkType::kReal}, {"row", SinkType::kRow}},
                   [&]() -> std::optional<Table> {
                     if (std::exchange(made, true)) return std::nullopt;
                     TableBuilder builder;
                     builder.source_rows(numbers).add_numbers("p", {0.1F, 0.2F, 0.3F});
                     return builder.build();
                   });
  ReadOptions options;
  options.categories = {"row"};
  const Table read = read_table(path.string(), options);
  ASSERT_EQ(read.rows(), 3U);
  for (size_t row = 0; row < 3; ++row) EXPECT_EQ(read.column("row").cell_text(row), std::to_string(numbers[row]));
}

TEST(Sink, NothingIsLeftWhenTheRowsCannotBeMade) {
  const auto folder = scratch();
  int made = 0;
  const auto error = caught([&] {
    write_table_file(folder / "t.csv", SinkFormat::kCsv, kColumns, [&]() -> std::optional<Table> {
      if (++made == 3) throw Error(ErrorCode::kCancelled, "stopped");
      return block(0, 5000);
    });
  });
  EXPECT_EQ(error.code, ErrorCode::kCancelled);
  EXPECT_EQ(error.message, "stopped");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_EQ(caught([&] { write_table_file("/proc/no/such/t.csv", SinkFormat::kCsv, kColumns, blocks(1, 10)); }).code, ErrorCode::kIo);
}

}  // namespace
}  // namespace obligor
