// The named functions of op `activate`: the closed list, each defined in docs/plan.md.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace obligor {

using ScalarFunction = double (*)(double);

// Null when the name is not one of: identity, relu, tanh, sigmoid, logit, selu, gelu, silu, log, exp.
[[nodiscard]] std::optional<ScalarFunction> find_function(std::string_view name);
[[nodiscard]] std::vector<std::string_view> function_names();

}  // namespace obligor
