// What was accepted must run: a plan over a few rows of odd values.
#pragma once

#include <cmath>
#include <limits>

#include "checked.h"
#include "plan/executor.h"

namespace obligor::fuzz {

inline void score_odd_rows(const ScorePlan& plan) {
  constexpr size_t kMostWork = 200'000;
  size_t work = 0;
  for (const ValueType& type : verify(plan)) work += type.width;
  if (work > kMostWork) return;
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> numbers{0, -0.0F, 1, -1e30F, inf, -inf, std::nanf(""), 3.4e38F};
  const std::vector<int32_t> codes{0, 1, 2, -1, 0, 1, 2, -1};
  const std::vector<std::string> dictionary{"clerk", "", "somebody else"};
  InputBatch batch;
  batch.rows = numbers.size();
  for (const PlanInput& input : plan.inputs) {
    if (input.kind == InputKind::kNumber) batch.columns.push_back({numbers, {}, nullptr});
    else batch.columns.push_back({{}, codes, &dictionary});
  }
  const auto values = Interpreter(plan).run(batch, {});
  require(values.size() == plan.outputs.size(), "an output is missing");
  for (const Value& value : values) {
    require(value.numbers.size() == batch.rows * value.width || value.codes.size() == batch.rows, "an output of the wrong size");
  }
}

}  // namespace obligor::fuzz
