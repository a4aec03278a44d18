// Shared by the tests of the room: numbers with missing values and a target that depends on them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/random.h"
#include "prep/binning/binning.h"

namespace obligor {

struct Numbers {
  std::vector<float> x;
  std::vector<uint8_t> y;
};

inline Numbers make(size_t n, uint64_t seed = 1) {
  Random random(seed, "binning-test");
  Numbers d;
  for (size_t i = 0; i < n; ++i) {
    const double x = random.normal();
    d.x.push_back(static_cast<float>(x));
    d.y.push_back(random.uniform() < 1 / (1 + std::exp(1 + x)) ? 1 : 0);
  }
  return d;
}

}  // namespace obligor
