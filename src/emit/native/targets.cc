#include <array>
#include <string>
#include <utility>

#include "core/error.h"
#include "emit/native/kernels.h"

namespace obligor::native {
namespace {

constexpr std::array<std::pair<std::string_view, Function>, 10> kFunctions{{
    {"identity", Function::kIdentity},
    {"relu", Function::kRelu},
    {"tanh", Function::kTanh},
    {"sigmoid", Function::kSigmoid},
    {"logit", Function::kLogit},
    {"selu", Function::kSelu},
    {"gelu", Function::kGelu},
    {"silu", Function::kSilu},
    {"log", Function::kLog},
    {"exp", Function::kExp},
}};

}  // namespace

Function find_native_function(std::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  throw Error(ErrorCode::kInternal, "native scorer: a function of op activate without a kernel: " + std::string(name));
}

}  // namespace obligor::native
