// Weights in half the bytes: bfloat16 in the file, the same numbers as float32 in every executor.
//
//   ScorePlan small = narrow_weights(plan);      // its file is about half as large where weights are what it holds
//
// Contract: the weights of `affine` maps of three and more outputs and the tables of `look_up` of width above one are rounded to the nearest bfloat16
// (8 bits of precision, ties to even); biases, thresholds, knots, points, leaves and final maps stay. The result is a plan like any other: what runs
// it computes in float32 with the rounded weights, so all executors agree about it as about the first. Its scores are others: whoever narrows says by
// how much.
#pragma once

#include "plan/plan.h"

namespace obligor {

[[nodiscard]] float round_to_bf16(float value);
[[nodiscard]] ScorePlan narrow_weights(const ScorePlan& plan);

}  // namespace obligor
