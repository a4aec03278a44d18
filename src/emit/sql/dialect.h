// Private to the room: what the dialects say differently.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emit/sql/sql.h"

namespace obligor::sql {

[[nodiscard]] std::string quoted_name(SqlDialect dialect, std::string_view name);
[[nodiscard]] std::string quoted_text(SqlDialect dialect, std::string_view text);
// A float32 constant as a double literal that reads back exactly.
[[nodiscard]] std::string literal(SqlDialect dialect, float value);
[[nodiscard]] std::string_view double_type(SqlDialect dialect);
// A raw column as a double that was rounded to float32; a date as its days since 1970-01-01; a category as text.
[[nodiscard]] std::string number_input(SqlDialect dialect, std::string_view column);
[[nodiscard]] std::string date_input(SqlDialect dialect, std::string_view column);
[[nodiscard]] std::string text_input(SqlDialect dialect, std::string_view column);
// A named function of the plan of `x`, a name or a bracketed expression. Error{kUnsupported} where there is none.
[[nodiscard]] std::string function_of(SqlDialect dialect, std::string_view function, const std::string& x);
// Half away from zero.
// The largest of some numbers, none of which is missing.
[[nodiscard]] std::string largest(SqlDialect dialect, const std::vector<std::string>& x);
[[nodiscard]] std::string rounded(const std::string& x);

}  // namespace obligor::sql
