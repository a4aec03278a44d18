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

// Every op once, small enough to read.
ScorePlan every_op(Random& random) {
  PlanBuilder builder;
  const NodeId x = builder.input("x", InputKind::kNumber);
  const NodeId y = builder.input("y", InputKind::kNumber);
  const NodeId s = builder.input("s", InputKind::kCategory);
  const NodeId clean = builder.special(x, {-99});
  const NodeId filled = builder.impute(clean, {0.25F});
  const NodeId clipped = builder.clip(filled, {-2}, {2});
  const NodeId scaled = builder.scale(clipped, {0.5F}, {1.25F});
  const NodeId mapped = builder.interpolate(builder.impute(y, {1}), {-2, -0.5F, 1, 3}, {0, 0.2F, 0.9F, 1});
  const NodeId pieces = builder.piecewise_linear(y, {-2, 0, 1.5F, 3});
  const NodeId bins = builder.bin(y, {-1, 0, 1.5F}, {-99});
  const NodeId woe = builder.look_up(bins, {0.3F, -0.2F, 0.1F, 0.5F, -0.7F, 0.05F}, 1);
  const NodeId code = builder.encode(s, {"word0", "word1", "word2", "word3"}, {0, 1, 1, 2}, 3, 4, 5);
  const NodeId embedded = builder.look_up(code, native::random_values(random, 10, -1, 1), 2);
  const NodeId hot = builder.one_hot(code, {0, 1, -1, 2, 1}, 3);
  const NodeId pair = builder.cross(code, builder.bin(x, {0}), {0, 0, 1, 1, 1, 2, 4, 2, 3}, 0, 4);
  const NodeId number = builder.code_number(pair);
  const NodeId all = builder.concat({scaled, mapped, pieces, woe, embedded, hot, number, builder.missing_flag(clean)});
  const uint32_t width = builder.type(all).width;
  const NodeId some = builder.select(all, {0, 2, 5, static_cast<int32_t>(width) - 2});
  NodeId hidden = builder.affine(all, native::random_values(random, size_t{3} * width, -0.5, 0.5), {0.1F, -0.1F, 0}, 3);
  std::vector<NodeId> parts;
  for (const char* function : {"relu", "tanh", "selu", "silu", "log", "identity"}) parts.push_back(builder.activate(hidden, function));
  hidden = builder.sum(parts, {1, 0.5F, -0.25F, 1, 0.5F, 0.125F});
  // Two queries, three keys, two heads of one number; a value of two numbers a head.
  const auto mapped_to = [&](uint32_t out) {
    return builder.affine(hidden, native::random_values(random, size_t{3} * out, -0.5, 0.5), native::random_values(random, out, -0.5, 0.5), out);
  };
  const NodeId attended = builder.attend(mapped_to(4), mapped_to(6), mapped_to(12), 2, 3);
  const NodeId normal = builder.normalise(attended, {1, -0.5F, 0.25F, 2}, {0, 0.1F, 0.2F, 0.3F}, 0.1F);
  hidden = builder.affine(builder.multiply(normal, attended), native::random_values(random, 24, -1, 1), {0.1F, 0.2F, 0.3F}, 3);
  const NodeId linear = builder.affine(hidden, {0.4F, -0.3F, 0.2F}, {-0.5F}, 1);
  const NodeId raw = builder.concat({x, y, number, scaled});
  const NodeId trees = builder.trees(raw, native::random_trees(random, 12, 6, 4, 0.3, false));
  const NodeId log_odds = builder.sum({linear, trees, builder.affine(some, {0.1F, 0.2F, 0.3F, 0.4F}, {0}, 1)}, {1, 1, 0.5F});
  const NodeId probability = builder.activate(log_odds, "sigmoid");
  builder.output("log_odds", log_odds);
  builder.output("probability", probability);
  builder.output("back", builder.activate(probability, "logit"));
  builder.output("exponential", builder.activate(scaled, "exp"));
  builder.output("points", builder.points(log_odds, 28.8539F, 487.1229F, "exact"));
  builder.output("whole", builder.points(log_odds, 28.8539F, 487.1229F, "round"));
  return builder.build();
}

TEST(Sql, DuckDbComputesEveryOpAsTheInterpreterDoes) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Random random(seed, "sql");
    const ScorePlan plan = every_op(random);
    const auto sample = without_empty_strings(native::random_sample(plan, 150, random, true));
    SqlOptions options;
    options.table = values_of(plan, sample);
    options.keep = {"row_number"};
    const std::string text = emit_sql(plan, options);
    const auto expected = Interpreter(plan).run(sample.batch(0, sample.rows), {});
    ReadOptions read;
    for (const PlanOutput& output : plan.outputs) read.numbers.push_back(output.name);
    const Table table = read_sql("SELECT * FROM (" + text + ") ORDER BY row_number", read);
    ASSERT_EQ(table.rows(), sample.rows);
    for (size_t o = 0; o < plan.outputs.size(); ++o) {
      const auto got = column_of(table, plan.outputs[o].name);
      for (size_t r = 0; r < sample.rows; ++r) {
        const auto want = static_cast<double>(expected[o].numbers[r]);
        // A score within float32's rounding of a half may round to either side.
        const double tolerance = plan.outputs[o].name == "whole" ? 1.0 : 2e-5 * std::max(1.0, std::fabs(want));
        ASSERT_NEAR(got[r], want, tolerance) << "seed " << seed << " row " << r << " " << plan.outputs[o].name;
      }
    }
  }
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

TEST(Sql, StepsOfASequenceAreRefusedByName) {
  const auto refusal = [](const auto& make) {
    PlanBuilder builder;
    const NodeId x = builder.impute(builder.input("x", InputKind::kNumber), {0});
    builder.output("y", make(builder, x));
    try {
      (void)emit_sql(builder.build(), {});
      return std::string();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      return std::string(error.what());
    }
  };
  EXPECT_THAT(refusal([](PlanBuilder& b, NodeId x) { return b.recur(x, x, "tanh", {1}, {1}, {0}); }), testing::HasSubstr("'recur'"));
  EXPECT_THAT(refusal([](PlanBuilder& b, NodeId x) { return b.convolve(x, {1}, {0}, 1); }), testing::HasSubstr("'convolve'"));
  EXPECT_THAT(refusal([](PlanBuilder& b, NodeId x) { return b.pool(x, x, "max"); }), testing::HasSubstr("'pool'"));
  EXPECT_THAT(refusal([](PlanBuilder& b, NodeId x) { return b.attend(x, x, x, x, 1, 1); }), testing::HasSubstr("'attend'"));
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

TEST(Sql, ABoundOfADateColumnSaysItsDate) {
  PlanBuilder builder;
  const NodeId opened = builder.input("opened", InputKind::kNumber, "date");
  const NodeId days = builder.input("days", InputKind::kNumber);
  builder.output("log_odds", builder.look_up(builder.bin(opened, {13208, 13528.5F}), {1, 2, 3, 4}, 1));
  builder.output("other", builder.look_up(builder.bin(days, {13209}), {1, 2, 3}, 1));
  const std::string text = emit_sql(builder.build(), {});
  EXPECT_THAT(text, testing::HasSubstr("< 13208e0 /* 2006-03-01 */ THEN 1e0"));
  EXPECT_THAT(text, testing::HasSubstr("/* 2007-01-15T12:00:00 */ THEN 2e0"));
  EXPECT_THAT(text, testing::HasSubstr("< 13209e0 THEN 1e0"));
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
