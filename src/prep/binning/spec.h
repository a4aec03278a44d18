// BinningSpec: what a binning may look like. A plain value; prep/binning/binning.h fits by it, docs/binning.md explains each field.
#pragma once

#include <vector>

namespace obligor {

enum class BinDivergence { kIv, kJensenShannon, kHellinger, kChiSquare };
enum class BinTrend {
  kNone,
  kAscending,   // event rate (or mean) never falls from bin to bin
  kDescending,  // never rises
  kPeak,        // rises, then falls; either part may be empty
  kValley,      // falls, then rises
  kMonotone,    // the better of ascending and descending
  kAuto,        // kMonotone, unless a peak or a valley gains more than `turn_gain` over it
};
enum class PrebinMethod { kQuantile, kTree, kBoth };

struct BinningSpec {
  // Pre-bins: the only places where a cut can be.
  PrebinMethod prebins = PrebinMethod::kBoth;
  int max_prebins = 60;             // with kBoth up to half by a tree, the rest by quantiles; all distinct values when there are no more
  double min_prebin_share = -1;     // of all rows, in a leaf of the tree; negative = min_share, below which no bin can be
  std::vector<float> candidates;    // when given: these cuts instead of found pre-bins
  std::vector<float> fixed_splits;  // cuts that must be kept; with `candidates` equal to them the bins are the user's own
  bool midpoints = false;           // a cut halfway between two values, else at the smallest value of the bin that it opens

  // The optimum. 0 = no limit, as the defaults of the minima.
  BinDivergence divergence = BinDivergence::kIv;
  int min_bins = 1;
  int max_bins = 8;
  double min_share = 0.05;  // of all rows, a bin of values
  double max_share = 1.0;
  double min_events = 0;
  double min_non_events = 0;
  double min_difference = 0;         // in event rate (or mean) between neighbours
  double max_p_value = 1.0;          // of the test between neighbours
  BinTrend trend = BinTrend::kAuto;  // of numbers; the levels of a category have no order to follow
  double turn_gain = 0.05;

  std::vector<float> special_codes;  // each a bin of its own

  // Categories. Levels are ordered by their shrunken event rate (bads + a R) / (rows + a), R the rate of all rows.
  double prior_weight = -1;  // a; negative = estimated from the levels (empirical Bayes); 0 = no shrinkage
  double rare_share = 0;     // levels with a smaller share of the rows are pooled into "other", which unseen levels get too
};

}  // namespace obligor
