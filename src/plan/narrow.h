// Weights in half or a quarter of the bytes: bfloat16 or int8 in the file, the same numbers as float32 in every executor.
//
//   ScorePlan small = narrow_weights(plan, WeightKind::kInt8);   // its file is about a quarter as large where weights are what it holds
//
// Contract: narrowed are the weights of `affine` maps of three and more outputs, the tables of `look_up` and `embed` of width above one, both
// matrices of `recur` and the filters of `convolve` where there are three and more. kBf16 rounds each to the nearest bfloat16 (8 bits of precision,
// ties to even). kInt8 rounds each to a whole number of steps from -127 to 127 (ties to even), a step a row of the matrix: an output, a gate of a
// number of the state, a filter, or a row of a table; weight_bytes.h has the step. Rows of fewer than 8 weights become bfloat16 with kInt8 too: their
// steps would outweigh what is saved. Biases, thresholds, knots, points, leaves and final maps stay. The result is a plan like any other: what runs
// it computes in float32 with the rounded weights, so all executors agree about it as about the first. Its scores are others: whoever narrows says by
// how much.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plan/plan.h"

namespace obligor {

enum class WeightKind : uint8_t { kBf16, kInt8 };
inline constexpr std::array<std::pair<std::string_view, WeightKind>, 2> kWeightKinds{{{"bf16", WeightKind::kBf16}, {"int8", WeightKind::kInt8}}};

[[nodiscard]] float round_to_bf16(float value);
// The narrowed constants are listed under "bf16" and "int8" of the meta data; both lists are there.
[[nodiscard]] ScorePlan narrow_weights(const ScorePlan& plan, WeightKind kind);

}  // namespace obligor
