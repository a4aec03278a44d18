// The first and the last layer of several networks that share their matrices (Wen, Tran & Ba, BatchEnsemble, ICLR 2020), as operations of a tape.
//
//   Slot z = stacked_dense(tape, x, weight, scale, members, units);      // x to members x units
//   ...
//   const Slot logits = member_heads(tape, z, head, bias, members);      // one a member
#pragma once

#include <cstddef>

#include "zoo/net/tape.h"

namespace obligor::net {

// W (r_e * x) for each member e, W units x in, r members x in: one product with the stacked weights W diag(r_e), so that rows x members x in
// is never formed.
[[nodiscard]] Slot stacked_dense(Tape& tape, Slot x, Weight weight, Weight scale, size_t members, size_t units);
// v_e . x_e + c_e, from the numbers of its own: v members x (width of x / members), c members.
[[nodiscard]] Slot member_heads(Tape& tape, Slot x, Weight weight, Weight bias, size_t members);

}  // namespace obligor::net
