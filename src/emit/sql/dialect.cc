#include "emit/sql/dialect.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {
constexpr std::array<std::pair<SqlDialect, std::string_view>, 4> kDialects{{
    {SqlDialect::kDuckDb, "duckdb"},
    {SqlDialect::kPostgres, "postgresql"},
    {SqlDialect::kSqlite, "sqlite"},
    {SqlDialect::kSpark, "spark"},
}};
}  // namespace

std::string_view dialect_name(SqlDialect dialect) {
  for (const auto& [known, name] : kDialects) {
    if (known == dialect) return name;
  }
  return {};
}

SqlDialect parse_dialect(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [dialect, known] : kDialects) {
    if (known == name) return dialect;
    names.emplace_back(known);
  }
  throw unknown_name("SQL dialect", name, names);
}

namespace sql {
namespace {

std::string doubled(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    result += c;
    if (c == quote) result += c;
  }
  return result + quote;
}

}  // namespace

std::string quoted_name(SqlDialect dialect, std::string_view name) { return doubled(name, dialect == SqlDialect::kSpark ? '`' : '"'); }

std::string quoted_text(SqlDialect dialect, std::string_view text) {
  if (dialect != SqlDialect::kSpark) return doubled(text, '\'');
  // Spark reads backslashes as escapes.
  std::string result = "'";
  for (const char c : text) {
    if (c == '\\' || c == '\'') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string_view double_type(SqlDialect dialect) {
  switch (dialect) {
    case SqlDialect::kDuckDb:
    case SqlDialect::kSpark: return "DOUBLE";
    case SqlDialect::kPostgres: return "DOUBLE PRECISION";
    case SqlDialect::kSqlite: return "REAL";
  }
  return {};
}

std::string literal(SqlDialect dialect, float value) {
  const auto exact = static_cast<double>(value);
  if (std::isnan(value)) return fmt::format("CAST(NULL AS {})", double_type(dialect));
  if (std::isinf(value)) {
    if (dialect == SqlDialect::kSqlite) return value > 0 ? "9e999" : "-9e999";
    return fmt::format("CAST('{}' AS {})", value > 0 ? "Infinity" : "-Infinity", double_type(dialect));
  }
  std::string text = fmt::format("{}", exact);
  // Without an exponent DuckDB, PostgreSQL and Spark would read a decimal.
  if (text.find('e') == std::string::npos) text += "e0";
  return exact < 0 ? "(" + text + ")" : text;
}

std::string number_input(SqlDialect dialect, std::string_view column) {
  const std::string name = quoted_name(dialect, column);
  switch (dialect) {
    case SqlDialect::kDuckDb: return fmt::format("CASE WHEN isnan(CAST({0} AS DOUBLE)) THEN NULL ELSE CAST(CAST({0} AS FLOAT) AS DOUBLE) END", name);
    case SqlDialect::kPostgres:
      return fmt::format("CASE WHEN CAST({0} AS DOUBLE PRECISION) = 'NaN' THEN NULL ELSE CAST(CAST({0} AS REAL) AS DOUBLE PRECISION) END", name);
    case SqlDialect::kSpark: return fmt::format("CASE WHEN isnan(CAST({0} AS DOUBLE)) THEN NULL ELSE CAST(CAST({0} AS FLOAT) AS DOUBLE) END", name);
    case SqlDialect::kSqlite: return fmt::format("CAST({} AS REAL)", name);
  }
  return {};
}

std::string date_input(SqlDialect dialect, std::string_view column) {
  const std::string name = quoted_name(dialect, column);
  switch (dialect) {
    case SqlDialect::kDuckDb: return fmt::format("CAST(date_diff('day', DATE '1970-01-01', CAST({} AS DATE)) AS DOUBLE)", name);
    case SqlDialect::kPostgres: return fmt::format("CAST(CAST({} AS DATE) - DATE '1970-01-01' AS DOUBLE PRECISION)", name);
    case SqlDialect::kSpark: return fmt::format("CAST(datediff(CAST({} AS DATE), DATE '1970-01-01') AS DOUBLE)", name);
    case SqlDialect::kSqlite: return fmt::format("(julianday(date({})) - julianday('1970-01-01'))", name);
  }
  return {};
}

std::string text_input(SqlDialect dialect, std::string_view column) {
  const std::string_view type = dialect == SqlDialect::kSqlite || dialect == SqlDialect::kPostgres ? "TEXT"
                                : dialect == SqlDialect::kSpark                                    ? "STRING"
                                                                                                   : "VARCHAR";
  return fmt::format("NULLIF(CAST({} AS {}), '')", quoted_name(dialect, column), type);
}

std::string function_of(SqlDialect dialect, std::string_view function, const std::string& x) {
  // Kept within what exp can say, so that no dialect overflows: sigmoid is 0 or 1 to the last bit long before.
  const auto held = [&](const std::string& value) {
    return fmt::format("CASE WHEN {0} > 700e0 THEN 700e0 WHEN {0} < -700e0 THEN -700e0 ELSE {0} END", value);
  };
  const std::string sigmoid = fmt::format("(1e0 / (1e0 + exp(-({}))))", held(x));
  if (function == "identity") return x;
  if (function == "relu") return fmt::format("(CASE WHEN {0} < 0e0 THEN 0e0 ELSE {0} END)", x);
  if (function == "sigmoid") return sigmoid;
  if (function == "silu") return fmt::format("({} * {})", x, sigmoid);
  if (function == "exp") return fmt::format("exp({})", held(x));
  if (function == "tanh")
    return fmt::format("(2e0 / (1e0 + exp(-2e0 * ({}))) - 1e0)",
                       fmt::format("CASE WHEN {0} > 300e0 THEN 300e0 WHEN {0} < -300e0 THEN -300e0 ELSE {0} END", x));
  if (function == "logit") {
    const std::string kept = fmt::format("CASE WHEN {0} < 1e-7 THEN 1e-7 WHEN {0} > 0.9999999e0 THEN 0.9999999e0 ELSE {0} END", x);
    return fmt::format("(ln({0}) - ln(1e0 - ({0})))", kept);
  }
  if (function == "selu") {
    return fmt::format("(CASE WHEN {0} > 0e0 THEN 1.0507009873554805e0 * {0} ELSE 1.7580993408473766e0 * (exp({1}) - 1e0) END)", x, held(x));
  }
  if (function == "log") return fmt::format("(CASE WHEN {0} < 0e0 THEN -ln(1e0 - {0}) ELSE ln(1e0 + {0}) END)", x);
  throw Error(ErrorCode::kUnsupported, fmt::format("SQL ({}): the activation '{}' has no SQL form; export to onnx instead, or train with relu, selu, "
                                                   "tanh or silu",
                                                   dialect_name(dialect), function));
}

std::string largest(SqlDialect dialect, const std::vector<std::string>& x) {
  // SQLite's function takes at most 100 arguments and means another thing with one.
  constexpr size_t kMost = 64;
  if (x.size() == 1) return x[0];
  if (x.size() <= kMost) return fmt::format("{}({})", dialect == SqlDialect::kSqlite ? "max" : "greatest", fmt::join(x, ", "));
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < x.size(); begin += kMost) {
    const size_t end = std::min(x.size(), begin + kMost);
    parts.push_back(largest(dialect, {x.begin() + static_cast<std::ptrdiff_t>(begin), x.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return largest(dialect, parts);
}

std::string rounded(const std::string& x) { return fmt::format("(CASE WHEN {0} < 0e0 THEN -floor(0.5e0 - {0}) ELSE floor({0} + 0.5e0) END)", x); }

}  // namespace sql
}  // namespace obligor
