#include "plan/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace obligor {
namespace {

double identity(double x) { return x; }
double relu(double x) { return x > 0 || std::isnan(x) ? x : 0; }
double hyperbolic_tangent(double x) { return std::tanh(x); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// The argument is kept 1e-7 away from 0 and 1, so that a certain score stays finite.
double logit(double p) {
  if (std::isnan(p)) return p;
  const double kept = std::clamp(p, 1e-7, 1 - 1e-7);
  return std::log(kept / (1 - kept));
}

// Klambauer et al. 2017, equation 2.
double selu(double x) {
  constexpr double kScale = 1.0507009873554804934193349852946;
  constexpr double kAlpha = 1.6732632423543772848170429916717;
  return x > 0 ? kScale * x : kScale * kAlpha * std::expm1(x);
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double silu(double x) { return x * sigmoid(x); }
double exponential(double x) { return std::exp(x); }
double signed_log(double x) { return std::copysign(std::log1p(std::fabs(x)), x); }

constexpr std::array<std::pair<std::string_view, ScalarFunction>, 10> kFunctions{{
    {"identity", identity},
    {"relu", relu},
    {"tanh", hyperbolic_tangent},
    {"sigmoid", sigmoid},
    {"logit", logit},
    {"selu", selu},
    {"gelu", gelu},
    {"silu", silu},
    {"log", signed_log},
    {"exp", exponential},
}};

}  // namespace

std::optional<ScalarFunction> find_function(std::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return std::nullopt;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  names.reserve(kFunctions.size());
  for (const auto& [name, function] : kFunctions) names.push_back(name);
  return names;
}

}  // namespace obligor
