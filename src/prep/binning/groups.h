// A number column as a short ordered list of groups of near or equal values: what pre-bins are cut from.
//
//   const GroupedColumn column = group_values(values, target, weights, specials, {1000, 30, 500});
//   std::vector<float> cuts = quantile_cuts(column.groups, 30);
//
// Rows are counted in one pass over radix codes, the order-preserving integers of float32 scaled to the range at hand. Buckets that
// hold more than 1 / fineness of the weight are taken apart, so that no group is heavier unless it is a single value. A column of up
// to kSorted rows, or of up to 65,536 rows in as few buckets, comes out as its distinct values. Equal values never part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "prep/binning/divergence.h"

namespace obligor::binning {

inline constexpr size_t kSorted = 4096;

struct Group {
  float low = 0;   // the smallest value of the group
  float high = 0;  // the greatest
  Cell cell;
};

// The target of a column's rows: bytes (1 = bad) or numbers.
struct Target {
  std::span<const uint8_t> binary;
  std::span<const double> continuous;
  [[nodiscard]] bool is_continuous() const { return !continuous.empty(); }
  [[nodiscard]] double at(size_t row) const { return continuous.empty() ? static_cast<double>(binary[row]) : continuous[row]; }
};

struct Grouping {
  size_t fineness = 1000;
  // Where a tree of so many leaves (each of weight `leaf` at least) would cut, groups are taken apart into their values, so that a
  // tree over the groups cuts at values; 0 = no tree.
  size_t tree_bins = 0;
  double leaf = 0;
};

struct GroupedColumn {
  std::vector<Group> groups;  // ascending
  Cell missing;
  std::vector<Cell> specials;  // in the order of the codes
};

[[nodiscard]] GroupedColumn group_values(std::span<const float> values, const Target& target, std::span<const double> weights,
                                         std::span<const float> specials, const Grouping& how);

// At most `bins - 1` cuts between groups: by equal weight; and as a regression tree finds them, best split first, by the impurity
// of the target (variance, which for a binary target is Gini's), leaves of at least `min_count`.
[[nodiscard]] std::vector<float> quantile_cuts(std::span<const Group> groups, size_t bins);
[[nodiscard]] std::vector<float> tree_cuts(std::span<const Group> groups, size_t bins, double min_count);

}  // namespace obligor::binning
