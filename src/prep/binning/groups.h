// A number column as a short ordered list of groups of near or equal values: what pre-bins are cut from.
//
//   const Groups groups = group_values(values, target, weights, specials, fineness);
//   std::vector<float> cuts = quantile_cuts(groups.groups, 30);
//
// Rows are counted in one pass over radix codes, the order-preserving integers of float32 scaled to the range at hand. Where there
// are few buckets every one is taken apart into its values; else those that hold more than 1 / fineness of the weight, so that no
// group is heavier unless it is a single value. A column of up to kSorted distinct values comes out as these. Equal values never part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "prep/binning/divergence.h"

namespace obligor::binning {

inline constexpr size_t kSorted = 4096;

struct Group {
  float low = 0;  // no value of the group is smaller, none of the group before it as great
  Cell cell;
};

// The target of a column's rows: bytes (1 = bad) or numbers.
struct Target {
  std::span<const uint8_t> binary;
  std::span<const double> continuous;
  [[nodiscard]] bool is_continuous() const { return !continuous.empty(); }
  [[nodiscard]] double at(size_t row) const { return continuous.empty() ? static_cast<double>(binary[row]) : continuous[row]; }
};

// Missing and special values are left out.
[[nodiscard]] std::vector<Group> group_values(std::span<const float> values, const Target& target, std::span<const double> weights,
                                              std::span<const float> specials, size_t fineness);

// At most `bins - 1` cuts between groups: by equal weight; and as a regression tree finds them, best split first, by the impurity
// of the target (variance, which for a binary target is Gini's), leaves of at least `min_count`.
[[nodiscard]] std::vector<float> quantile_cuts(std::span<const Group> groups, size_t bins);
[[nodiscard]] std::vector<float> tree_cuts(std::span<const Group> groups, size_t bins, double min_count);

}  // namespace obligor::binning
