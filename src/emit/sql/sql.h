// A plan as one SELECT statement, for scoring inside a warehouse.
//
//   SqlOptions options;  options.dialect = SqlDialect::kPostgres;  options.table = "risk.loans";  options.keep = {"id"};
//   std::string text = emit_sql(bundle.plan, options);
//
// The statement reads the plan's input columns from `table` and yields `keep` and the plan's outputs of one number. Values that more
// than one expression reads become columns of a common table expression, so the text grows with the plan, not with its paths. Bins
// and levels are written as CASE with their bounds, so that a card stays readable.
//
// Contract: NULL is missing (a NaN or an empty string in the table is a value to SQL and is turned into NULL first where the dialect
// can say so). Numbers are rounded to float32 as the plan's inputs are, where the dialect has the type (SQLite has not: a value
// within a float's rounding of a threshold may fall on its other side). Arithmetic is in double; scores agree with the interpreter
// to 1e-5 in probability. Errors: Error{kUnsupported} for an activation that the dialect cannot compute, or a plan above `max_terms`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace obligor {

enum class SqlDialect { kDuckDb, kPostgres, kSqlite, kSpark };
[[nodiscard]] std::string_view dialect_name(SqlDialect dialect);
[[nodiscard]] SqlDialect parse_dialect(std::string_view name);  // Error{kNotFound} with near candidates

struct SqlOptions {
  SqlDialect dialect = SqlDialect::kDuckDb;
  std::string table = "loans";    // written as given: schema.table or a subquery in brackets
  std::vector<std::string> keep;  // columns carried into the result
  size_t max_terms = 2'000'000;   // products, tree nodes and cases, together
};

[[nodiscard]] std::string emit_sql(const ScorePlan& plan, const SqlOptions& options);

}  // namespace obligor
