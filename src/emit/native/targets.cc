#include <array>
#include <utility>

#include <hwy/highway.h>

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

int64_t present_targets() { return hwy::SupportedTargets() & HWY_TARGETS; }

void use_target(int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

std::string_view target_name(int64_t target) { return hwy::TargetName(target); }

int64_t chosen_target() {
  const int64_t present = present_targets();
  return present & -present;  // a better set has a lower bit
}

}  // namespace obligor::native
