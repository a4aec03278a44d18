// A sequence network as plan nodes, without torch: cells are `recur`, filters and the maps of tokens `convolve`.
#pragma once

#include <vector>

#include "model/model.h"
#include "zoo/net/arrays.h"
#include "zoo/sequence/shape.h"

namespace obligor::sequence {

inline constexpr double kNormEpsilon = 1e-5;

[[nodiscard]] Lowered lower_network(const Shape& shape, const std::vector<net::NamedArray>& parameters, PlanBuilder& builder,
                                    const LoweredInputs& inputs);

}  // namespace obligor::sequence
