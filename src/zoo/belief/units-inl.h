// What the units of the networks of this room do, for its .cc files.
#pragma once

#include <string_view>

#include "zoo/belief/autoencoder.h"
#include "zoo/belief/matrix-inl.h"

namespace obligor::belief {

inline void activate(Matrix& z, Unit unit) {
  switch (unit) {
    case Unit::kTanh: z = z.array().tanh().matrix(); return;
    case Unit::kRelu: z = z.cwiseMax(0.0F); return;
    case Unit::kSigmoid: z = sigmoid(z); return;
  }
}

inline std::string_view unit_name(Unit unit) { return unit == Unit::kTanh ? "tanh" : unit == Unit::kRelu ? "relu" : "sigmoid"; }

// Times the slope of the activation, told from its value.
inline void times_slope(Matrix& d, const Matrix& y, Unit unit) {
  switch (unit) {
    case Unit::kTanh: d = (d.array() * (1 - y.array().square())).matrix(); return;
    case Unit::kRelu: d = (y.array() > 0).select(d, 0.0F); return;
    case Unit::kSigmoid: d = (d.array() * y.array() * (1 - y.array())).matrix(); return;
  }
}

}  // namespace obligor::belief
