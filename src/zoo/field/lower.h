// A FieldNetwork's parameters as plan nodes, without torch: the node of the log-odds, or of the probability where
// members are averaged.
//
//   Lowered lowered = lower_network(shape, network.parameters(), epsilon, builder, inputs);
//
// Batch norms are folded into the affine map after or before them (in double, rounded once). The pairwise term of a factorisation
// machine needs no pairs: a code's table row holds v, v^2 and w side by side, so one `sum` over the fields gives sum v, sum v^2 and
// sum w, and `multiply` squares the first.
#pragma once

#include <vector>

#include "zoo/field/shape.h"
#include "zoo/net/arrays.h"

namespace obligor::field {

[[nodiscard]] Lowered lower_network(const FieldShape& shape, const std::vector<net::NamedArray>& parameters, double norm_epsilon,
                                    PlanBuilder& builder, const LoweredInputs& inputs);

}  // namespace obligor::field
