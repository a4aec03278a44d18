// What a bin is worth, and whether two bins differ: the measures that the search adds up, and the tests between neighbours.
//
//   Totals totals = ...;                                        // of all rows
//   double part = binary_gain(BinDivergence::kIv, count, bads, totals);
//   double p = rate_p_value(count_a, bads_a, count_b, bads_b);
//
// With p = share of the goods and q = share of the bads in the bin (0.5 added to both counts where one is empty):
//   IV         (p - q) ln(p / q)
//   JS         1/2 [p ln(2p / (p + q)) + q ln(2q / (p + q))]
//   Hellinger  1/2 (sqrt p - sqrt q)^2
//   chi2       count (r - R)^2 / (R (1 - R)), r the bad rate of the bin, R of all rows: Pearson's statistic of the table of bins
// Each sums over the bins. A continuous target: count (mean - M)^2 / sum of squares, the bin's part of the explained variance.
#pragma once

#include "prep/binning/binning.h"

namespace obligor::binning {

// Sums over some rows of a target y (1 = bad, or a number). `sum` is what the search reads; it differs from `events` where levels of
// a category are shrunken.
struct Cell {
  double rows = 0;
  double count = 0;   // weight
  double events = 0;  // weight x y: the bads
  double sum = 0;     // the same, shrunken
  double square = 0;  // weight x y^2
  void add(const Cell& other);
};

struct Totals {
  bool continuous = false;
  double count = 0;
  double events = 0;
  double mean = 0;
  double sum_of_squares = 0;  // about the mean; continuous
};
[[nodiscard]] Totals totals_of(const Cell& all, bool continuous);

// Shares of goods and bads with the adjustment of an empty cell.
struct Shares {
  double good = 0;
  double bad = 0;
};
[[nodiscard]] Shares shares(double count, double bads, const Totals& totals);
[[nodiscard]] double woe_of(const Shares& shares);
[[nodiscard]] double gain(BinDivergence divergence, const Cell& cell, const Totals& totals);

// Two-sided: Pearson's chi-square of the 2 x 2 table without correction (1 degree of freedom); Welch's t for means.
[[nodiscard]] double rate_p_value(const Cell& a, const Cell& b);
[[nodiscard]] double mean_p_value(const Cell& a, const Cell& b);

}  // namespace obligor::binning
