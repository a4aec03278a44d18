// Counts rows by pre-bin: one vectorised pass of float32 compares. Chunks may be given one after another (larger than memory).
//
//   Counter counter(cuts, specials);
//   counter.add(values, target, weights);            // as often as there are chunks
//   counter.cells();                                  // one a pre-bin, then missing, then one a special code
//
// Pre-bin k holds cuts[k - 1] <= x < cuts[k]. The smallest and the greatest value of each are kept, for the cuts that people read.
#pragma once

#include <span>
#include <vector>

#include "prep/binning/groups.h"

namespace obligor::binning {

class Counter {
 public:
  // Cuts strictly ascending, finite; special codes distinct.
  Counter(std::vector<float> cuts, std::vector<float> specials);
  // From a column that was grouped already: each cut is the low end of a group.
  Counter(std::vector<float> cuts, std::vector<float> specials, const GroupedColumn& column);
  void add(std::span<const float> values, const Target& target, std::span<const double> weights);

  [[nodiscard]] size_t prebins() const { return cuts_.size() + 1; }
  [[nodiscard]] const std::vector<float>& cuts() const { return cuts_; }
  [[nodiscard]] const std::vector<Cell>& cells() const { return cells_; }
  [[nodiscard]] const Cell& missing() const { return cells_[prebins()]; }
  [[nodiscard]] const Cell& special(size_t s) const { return cells_[prebins() + 1 + s]; }
  [[nodiscard]] float lowest(size_t prebin) const { return lowest_[prebin]; }
  [[nodiscard]] float highest(size_t prebin) const { return highest_[prebin]; }

 private:
  std::vector<float> cuts_;
  std::vector<float> specials_;
  std::vector<Cell> cells_;
  std::vector<float> lowest_;
  std::vector<float> highest_;
};

// The code of each value: number of cuts <= x; then missing, then the special codes. As the plan's op `bin`.
void bin_codes(std::span<const float> values, std::span<const float> cuts, std::span<const float> specials, std::span<int32_t> codes);

}  // namespace obligor::binning
