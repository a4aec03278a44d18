#include "emit/sql/sql.h"

#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "emit/native/random_plan.h"
#include "plan/builder.h"
#include "table/source.h"

namespace obligor {
namespace {

// Rows as a subquery, so that DuckDB itself computes the statement.
std::string values_of(const ScorePlan& plan, const native::Sample& sample) {
  std::string text = "(SELECT * FROM (VALUES ";
  for (size_t r = 0; r < sample.rows; ++r) {
    text += r == 0 ? "(" : ", (";
    text += fmt::format("{}", r);
    for (size_t c = 0; c < plan.inputs.size(); ++c) {
      if (plan.inputs[c].kind == InputKind::kCategory) {
        const int32_t code = sample.codes[c][r];
        text += code < 0 ? ", CAST(NULL AS VARCHAR)" : ", '" + sample.dictionary[static_cast<size_t>(code)] + "'";
        continue;
      }
      const float x = sample.numbers[c][r];
      if (std::isnan(x)) text += ", CAST(NULL AS DOUBLE)";
      else if (std::isinf(x)) text += x > 0 ? ", CAST('Infinity' AS DOUBLE)" : ", CAST('-Infinity' AS DOUBLE)";
      else text += fmt::format(", CAST({} AS DOUBLE)", static_cast<double>(x));
    }
    text += ")";
  }
  text += ") AS rows(row_number";
  for (const PlanInput& input : plan.inputs) text += ", \"" + input.name + "\"";
  return text + ")) AS loans";
}

// An empty string in a table is a missing cell to the plan's readers; the samples hold it as a level, so it is left out here.
native::Sample without_empty_strings(native::Sample sample) {
  for (auto& codes : sample.codes) {
    for (auto& code : codes) {
      if (code >= 0 && sample.dictionary[static_cast<size_t>(code)].empty()) code = -1;
    }
  }
  return sample;
}

std::vector<float> column_of(const Table& table, const std::string& name) {
  const auto values = table.column(name).numbers();
  return {values.begin(), values.end()};
}

TEST(Sql, DuckDbComputesWhatTheInterpreterDoes) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Random random(seed, "sql");
    auto made = native::random_plan(random);
    for (Node& node : made.plan.nodes) {
      if (node.function == "gelu") node.function = "silu";  // no dialect has the error function
    }
    const auto sample = without_empty_strings(native::random_sample(made.plan, 100, random, true));
    SqlOptions options;
    options.table = values_of(made.plan, sample);
    options.keep = {"row_number"};
    const std::string text = emit_sql(made.plan, options);
    const Interpreter interpreter(made.plan);
    const auto expected = interpreter.run(sample.batch(0, sample.rows), {});
    ReadOptions read;
    for (size_t o = 0; o < made.plan.outputs.size(); ++o) {
      if (expected[o].width == 1 && !expected[o].numbers.empty()) read.numbers.push_back(made.plan.outputs[o].name);
    }
    const Table table = read_sql("SELECT * FROM (" + text + ") ORDER BY row_number", read);
    for (size_t o = 0; o < made.plan.outputs.size(); ++o) {
      const PlanOutput& output = made.plan.outputs[o];
      if (expected[o].width != 1 || expected[o].numbers.empty()) continue;
      const auto got = column_of(table, output.name);
      for (size_t r = 0; r < sample.rows; ++r) {
        const float want = expected[o].numbers[r];
        if (std::isnan(want) || std::isinf(want)) continue;  // where infinities meet zero weights: docs/sql.md
        ++compared;
        ASSERT_NEAR(got[r], want, 1e-5 * std::max(1.0, std::fabs(static_cast<double>(want))))
            << "seed " << seed << " row " << r << " " << output.name;
      }
    }
  }
  EXPECT_GT(compared, 500);
}

ScorePlan small_card() {
  PlanBuilder builder;
  const NodeId age = builder.bin(builder.input("age", InputKind::kNumber), {26, 35.5F}, {-9999});
  const NodeId points = builder.look_up(age, {10, 20, 30, 15, 5}, 1);
  builder.name(points, "age (points)");
  const NodeId job = builder.encode(builder.input("job's \"kind\"", InputKind::kCategory), {"clerk", "o'neil"}, {0, 1}, 2, 3, 4);
  const NodeId more = builder.look_up(job, {1, 2, 3, 4}, 1);
  builder.output("points", builder.sum({points, more}, {1, 1}));
  return builder.build();
}

TEST(Sql, AnActivationWithoutAFormIsRefusedByName) {
  PlanBuilder builder;
  builder.output("y", builder.activate(builder.impute(builder.input("x", InputKind::kNumber), {0}), "gelu"));
  try {
    (void)emit_sql(builder.build(), {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("gelu"));
  }
}

TEST(Sql, ACardReadsAsCases) {
  const std::string text = emit_sql(small_card(), {});
  EXPECT_THAT(text, testing::HasSubstr("IS NULL THEN 15e0"));
  EXPECT_THAT(text, testing::HasSubstr("< 26e0 THEN 10e0"));
  EXPECT_THAT(text, testing::HasSubstr("< 35.5e0 THEN 20e0"));
  EXPECT_THAT(text, testing::HasSubstr("= (-9999e0) THEN 5e0"));
  EXPECT_THAT(text, testing::HasSubstr("/* age (points) */"));
  EXPECT_THAT(text, testing::HasSubstr("'o''neil'"));
  EXPECT_THAT(text, testing::HasSubstr("\"job's \"\"kind\"\"\""));
}

TEST(Sql, DialectsQuoteAsTheyShould) {
  SqlOptions spark;
  spark.dialect = SqlDialect::kSpark;
  EXPECT_THAT(emit_sql(small_card(), spark), testing::AllOf(testing::HasSubstr("`job's \"kind\"`"), testing::HasSubstr("'o\\'neil'")));
  SqlOptions postgres;
  postgres.dialect = SqlDialect::kPostgres;
  EXPECT_THAT(emit_sql(small_card(), postgres), testing::HasSubstr("DOUBLE PRECISION"));
  EXPECT_THROW((void)parse_dialect("oracel"), Error);
  EXPECT_EQ(parse_dialect("postgresql"), SqlDialect::kPostgres);
}

TEST(Sql, ANameCannotEndTheComment) {
  PlanBuilder builder;
  const NodeId x = builder.input("a*/; DROP TABLE loans; /*", InputKind::kNumber);
  builder.output("y", builder.impute(x, {0}));
  const std::string text = emit_sql(builder.build(), {});
  // Only inside quotes and comments.
  EXPECT_THAT(text, testing::HasSubstr("/* a* /; DROP TABLE loans; /* */"));
}

TEST(Sql, APlanThatIsTooLargeIsRefused) {
  SqlOptions options;
  options.max_terms = 3;
  try {
    (void)emit_sql(small_card(), options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace obligor
