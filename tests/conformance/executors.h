// Every executor of a plan that scores must agree on. A new executor is one more line here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emit/native/native.h"
#include "plan/executor.h"

namespace obligor::conformance {

struct NamedExecutor {
  std::string name;
  std::function<std::unique_ptr<Executor>(const ScorePlan&)> make;
};

inline std::vector<NamedExecutor> executors() {
  return {
      {"interpreter", [](const ScorePlan& plan) { return std::make_unique<Interpreter>(plan); }},
      {"native", [](const ScorePlan& plan) { return std::make_unique<NativeExecutor>(plan); }},
  };
}

}  // namespace obligor::conformance
