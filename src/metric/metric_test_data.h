// Rows that the tests of the room share: from a formula, so that other tools can be given the same ones, or from a seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"

namespace obligor::metric {

struct TestData {
  std::vector<double> scores;
  std::vector<double> rival;  // a second model's
  std::vector<uint8_t> target;
  std::vector<double> weights;
};

// 500 rows with many ties, 171 bad. In Python: i = arange(500); s = round(0.02 + 0.9 (i 617 + 13) % 1000 / 1000, 2);
// t = ((i 389 + 7) % 1000 / 1000 < 0.1 + 0.5 s); w = 0.5 + (i 271 + 3) % 997 / 997; s2 = round(s / 2 + (i 757) % 1000 / 2000, 2).
inline TestData formula_data() {
  TestData d;
  const auto share = [](int value, int of) { return static_cast<double>(value % of) / of; };
  const auto cents = [](double value) { return std::nearbyint(value * 100) / 100; };
  for (int i = 0; i < 500; ++i) {
    const double s = cents(0.02 + 0.9 * share(i * 617 + 13, 1000));
    d.scores.push_back(s);
    d.rival.push_back(cents(0.5 * s + 0.5 * share(i * 757, 1000)));
    d.target.push_back(share(i * 389 + 7, 1000) < 0.1 + 0.5 * s ? 1 : 0);
    d.weights.push_back(0.5 + share(i * 271 + 3, 997));
  }
  return d;
}

// Calibrated probabilities, and outcomes drawn from them; `grid` > 0 rounds to that many levels, for ties.
inline TestData random_data(size_t n, uint64_t seed, int grid = 0, double spread = 1.0) {
  Random random(seed, "metric-test");
  TestData d;
  for (size_t i = 0; i < n; ++i) {
    double p = 1 / (1 + std::exp(1.2 - spread * random.normal()));
    double q = 1 / (1 + std::exp(1.2 - spread * random.normal()));
    if (grid > 0) {
      p = std::round(p * grid) / grid;
      q = std::round((p + q) / 2 * grid) / grid;
    }
    d.scores.push_back(p);
    d.rival.push_back(q);
    d.target.push_back(i < 4 ? static_cast<uint8_t>(i % 2) : static_cast<uint8_t>(random.uniform() < p));
    d.weights.push_back(0.25 + random.uniform());
  }
  return d;
}

}  // namespace obligor::metric
