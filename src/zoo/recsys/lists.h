// Interactions as lists, by customer or by product. Private to the room.
//
//   const Lists by_customer = lists_by_customer(pairs);
//   for (uint32_t product : by_customer.of(c)) ...
//
// Contract: a list is ascending. `values` are the ratings, 1 where there are none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "model/interactions.h"

namespace obligor::recsys {

struct Lists {
  std::vector<size_t> begin;  // one more than there are lists
  std::vector<uint32_t> items;
  std::vector<float> values;

  [[nodiscard]] size_t size() const { return begin.size() - 1; }
  [[nodiscard]] std::span<const uint32_t> of(size_t list) const { return std::span(items).subspan(begin[list], begin[list + 1] - begin[list]); }
  [[nodiscard]] std::span<const float> values_of(size_t list) const { return std::span(values).subspan(begin[list], begin[list + 1] - begin[list]); }
  [[nodiscard]] bool has(size_t list, uint32_t item) const {
    const auto items_of = of(list);
    return std::binary_search(items_of.begin(), items_of.end(), item);
  }
};

[[nodiscard]] Lists lists_by_customer(const Interactions& pairs);
[[nodiscard]] Lists lists_by_product(const Interactions& pairs);

// Some of the pairs, in the order given.
[[nodiscard]] Interactions pick(const Interactions& pairs, std::span<const uint32_t> which);

// The pairs in two parts by chance: about `share` of them in the second.
struct HeldBack {
  Interactions kept;
  Interactions held;
};
[[nodiscard]] HeldBack hold_back(const Interactions& pairs, double share, uint64_t seed);

// Error{kData} when there is nothing to learn from.
void check_pairs(const Interactions& pairs, bool ratings, std::string_view model);

}  // namespace obligor::recsys
