// Lowering of a Network to plan nodes, without torch.
//
// The members' input scales and the batch norms are folded into affine weights (in double, rounded once):
//   layer 1 is one affine of all members at once (E h x inputs); each further layer is, for each member, select, affine, activate;
//   a member ends in affine and sigmoid, and `sum` with weights 1/E is the probability.
#pragma once

#include <vector>

#include "zoo/net/network.h"

namespace obligor::net {

[[nodiscard]] Lowered lower_network(const NetworkShape& shape, const std::vector<NamedArray>& parameters, double norm_epsilon, PlanBuilder& builder,
                                    const LoweredInputs& inputs);

}  // namespace obligor::net
