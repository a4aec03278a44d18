// The exact search: over all partitions of a row of cells into runs, the one of greatest divergence that meets the constraints.
//
//   Problem problem{cells, fixed, totals, BinDivergence::kIv, limits};
//   Search search(problem);
//   Solution best = search.solve(Shape::kUp);          // best.ends: one past the last cell of each bin
//
// Dynamic programming over (number of bins, last bin): value(b, [i, j)) = gain(i, j) + the greatest value(b - 1, [h, i)) whose bin
// may stand beside [i, j). The bins that end at i are sorted by rate once, so that order and least difference become a range of
// that list, whose best is a running maximum: O(n^2 log n + B n^2) for n cells and B bins, instead of O(B n^3). With a limit on
// the p-value (no order to use) the bins that end at i are tried from the most worth on, until one fits: O(B n^3) at worst.
// Peaks and valleys carry one more state: whether the turn has been taken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prep/binning/divergence.h"

namespace obligor::binning {

enum class Shape { kFree, kUp, kDown, kPeak, kValley };

struct Limits {
  int min_bins = 1;
  int max_bins = 0;  // 0 = none, as for the next
  double min_count = 0;
  double max_count = 0;
  double min_events = 0;
  double min_non_events = 0;
  double min_difference = 0;
  double max_p_value = 1;
};

struct Problem {
  std::vector<Cell> cells;
  std::vector<uint8_t> fixed;  // by boundary 0..n (boundary k lies before cell k): 1 = a cut that must be kept; or empty
  Totals totals;
  BinDivergence divergence = BinDivergence::kIv;
  Limits limits;
};

struct Solution {
  bool found = false;
  double value = 0;
  std::vector<uint32_t> ends;
};

class Search {
 public:
  explicit Search(const Problem& problem);
  ~Search();
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  [[nodiscard]] Solution solve(Shape shape) const;

 private:
  struct Ending;  // the bins that end at a boundary, by rate
  struct Layer;
  [[nodiscard]] size_t at(size_t i, size_t j) const { return i * (n_ + 1) + j; }
  [[nodiscard]] Cell cell(size_t i, size_t j) const;
  [[nodiscard]] bool fits(const Cell& cell, size_t i, size_t j) const;
  [[nodiscard]] bool apart(size_t h, size_t i, size_t j) const;
  void order_endings();

  const Problem& problem_;
  size_t n_ = 0;
  double tolerance_ = 0;
  std::vector<Cell> before_;  // sums of the cells before a boundary
  std::vector<double> gain_;
  std::vector<double> rate_;
  std::vector<uint8_t> fits_;
  std::vector<Ending> endings_;  // by boundary
};

// A minimal set of constraints (by name and value, as a person states them) that leaves no partition: taking any one of them away
// leaves at least one. Empty when there is a partition.
[[nodiscard]] std::vector<std::string> conflict(const Problem& problem, Shape shape);

}  // namespace obligor::binning
