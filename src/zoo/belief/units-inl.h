// What the units of the networks of this room do, for its .cc files.
#pragma once

#include <string_view>

#include "zoo/belief/autoencoder.h"
#include "zoo/belief/matrix-inl.h"

namespace obligor::belief {

template <typename M>
void activate(M& z, Unit unit) {
  switch (unit) {
    case Unit::kTanh: z = z.array().tanh().matrix(); return;
    case Unit::kRelu: z = z.cwiseMax(0); return;
    case Unit::kSigmoid: z = (1 / (1 + (-z.array()).exp())).matrix(); return;
  }
}

inline std::string_view unit_name(Unit unit) { return unit == Unit::kTanh ? "tanh" : unit == Unit::kRelu ? "relu" : "sigmoid"; }

}  // namespace obligor::belief
