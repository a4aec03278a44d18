// PrepSpec: how a model wants its columns prepared. A plain value; each model's registry row states one.
//
//   PrepSpec spec;  spec.numbers = NumberCoding::kQuantile;  spec.one_hot_max_levels = 20;  spec.target_statistics_min_levels = 3;
//
// Each flag adds columns; a category may be encoded in several ways at once. See docs/prep.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prep/binning/spec.h"

namespace obligor {

enum class NumberCoding {
  kRaw,              // as it is; missing stays missing
  kStandard,         // (x - mean) / sd, after clipping
  kRobust,           // (x - median) / inter-quartile range, after clipping
  kQuantile,         // to a standard normal by the empirical quantiles
  kUniform,          // to [0, 1] by the empirical quantiles
  kPiecewiseLinear,  // piecewise-linear encoding (Gorishniy et al. 2022) over quantile edges
  kBins,             // one-hot of quantile bins
  kWoe,              // weight of evidence of optimal bins; missing and special codes in bins of their own (docs/binning.md)
};

struct PrepSpec {
  NumberCoding numbers = NumberCoding::kStandard;
  bool both_quantile = false;            // with kPiecewiseLinear: the quantile column as well
  int bins = 16;                         // pieces or bins at most
  double clip = 0.0;                     // clip to the quantiles [clip, 1 - clip] of train; 0 = to nothing
  bool log_skewed = false;               // sign(x) log1p |x| of columns whose skewness is large, before scaling
  bool impute = true;                    // missing -> median (kRaw: stays missing when false)
  bool missing_flag = true;              // a 0/1 column where a column has missing values in train
  bool special_codes = true;             // detected special codes (365243, -9999, ...) become missing, with a flag of their own
  int one_hot_max_levels = 0;            // one-hot a category with at most so many levels (after folding); 0 = never
  bool ordinal = false;                  // the code as a number (marked categorical), for learners that split on categories
  int ordinal_max_levels = 0;            // with `ordinal`: only for a category with at most so many levels; 0 = for every one
  bool ordinal_missing = false;          // with `ordinal`: a missing or never seen level is NaN instead of a code of its own
  bool woe = false;                      // weight of evidence of a category's optimal bins
  BinningSpec binning;                   // with kWoe and `woe`: the constraints of the bins
  bool codes = false;                    // the code as a code column, to be embedded
  int target_statistics_min_levels = 0;  // ordered target statistics for a category with at least so many levels; 0 = never
  int permutations = 1;                  // of the ordered statistics: that many encoded columns a category
  double prior_weight = 1.0;             // a in (sum + a * prior) / (n + a)
  bool frequency = false;                // the level's share in train, with target statistics
  int pair_statistics = 0;               // target statistics for the so many best pairs of categories
  int min_count = 1;                     // rarer levels are folded into one
  int max_levels = 1'000'000;            // the most frequent are kept, the rest folded
  bool sequences = false;                // the task's sequences as groups of columns, step by step; else their columns are plain ones
  int text_length = 0;                   // words of a text column, as a group; 0 = texts are not read
  int text_min_count = 2;                // a word in fewer texts of train is not listed
  int text_max_words = 20'000;           // the most frequent are listed
};

// Prepared columns that belong together, in one run of the features. For a model that reads `steps` things of a row in order:
//   kSequence: column first + t * channels + c is channel c of step t, oldest first; then `steps` columns that are 1 where the step
//              exists and 0 where it does not (its channels are then 0). Absent steps come first: the newest step is the last.
//   kText:     column first + t is the id of token t in [0, levels), channels = 1; NaN after the last token of a shorter text.
struct FeatureGroup {
  enum class Kind { kSequence, kText };
  Kind kind = Kind::kSequence;
  std::string name;
  size_t first = 0;
  size_t steps = 0;
  size_t channels = 1;
  std::vector<std::string> words;  // kText: the vocabulary, an entry an id; the last stands for every other word

  // How many prepared columns it has, presence included.
  [[nodiscard]] size_t width() const { return kind == Kind::kSequence ? steps * (channels + 1) : steps; }
  [[nodiscard]] size_t presence() const { return first + steps * channels; }  // kSequence: where its presence columns begin
};

}  // namespace obligor
