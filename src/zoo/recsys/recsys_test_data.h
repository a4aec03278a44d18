// Small interactions with a structure that can be learned: customers and products of a few kinds, and a catalogue with a long tail.
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/random.h"
#include "model/interactions.h"

namespace obligor::recsys_test {

// Ratings 1..5 from a planted rank-2 structure with noise.
inline Interactions planted_ratings(size_t customers, size_t products, double share, uint64_t seed) {
  Random random(seed, "planted ratings");
  std::vector<double> u(customers * 2);
  std::vector<double> v(products * 2);
  for (auto* factors : {&u, &v}) {
    for (auto& value : *factors) value = random.normal();
  }
  Interactions pairs{customers, products, {}, {}, {}};
  for (uint32_t c = 0; c < customers; ++c) {
    for (uint32_t p = 0; p < products; ++p) {
      if (random.uniform() > share) continue;
      const double value = 3 + 0.7 * (u[2 * c] * v[2 * p] + u[2 * c + 1] * v[2 * p + 1]) + 0.2 * random.normal();
      pairs.customer.push_back(c);
      pairs.product.push_back(p);
      pairs.rating.push_back(static_cast<float>(std::clamp(value, 1.0, 5.0)));
    }
  }
  return pairs;
}

// Customers of four kinds use mostly the products of their kind.
inline Interactions planted_events(size_t customers, size_t products, size_t each, uint64_t seed) {
  Random random(seed, "planted events");
  Interactions pairs{customers, products, {}, {}, {}};
  for (uint32_t c = 0; c < customers; ++c) {
    std::set<uint32_t> used;
    while (used.size() < each) {
      const auto product = static_cast<uint32_t>(random.below(products));
      if (product % 4 == c % 4 || random.uniform() < 0.05) used.insert(product);
    }
    for (const uint32_t product : used) {
      pairs.customer.push_back(c);
      pairs.product.push_back(product);
    }
  }
  return pairs;
}

}  // namespace obligor::recsys_test
