// Levels of a category on a line: shrunken, ordered, and grouped where there are too many for the search.
//
// A level of n rows and mean y gets (n y + a M) / (n + a), M the mean of all levels' rows; a = within variance / between variance is
// estimated from the levels themselves (Buehlmann and Straub 1970; for a binary target the moment estimator of the beta-binomial,
// Kleinman 1973). Levels that differ no more than chance would make them give a = infinity: all become equal, the column says nothing.
// For a = 0 the optimal bins are runs in the order of the rates (Breiman et al. 1984, theorem 4.5), so nothing is lost by the order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prep/binning/divergence.h"

namespace obligor::binning {

struct Level {
  uint32_t code = 0;    // into the dictionary
  bool pooled = false;  // the pool of rare levels
  Cell cell;
};

struct OrderedLevels {
  std::vector<Level> levels;     // by rising shrunken mean; cells' `sum` shrunken
  std::vector<uint32_t> rare;    // codes in the pool
  std::vector<uint32_t> starts;  // first level of each pre-bin
  double prior_weight = 0;
};

// `cells` by code; codes without rows are left out. `names` break ties, so that the order does not depend on the dictionary's.
[[nodiscard]] OrderedLevels order_levels(const std::vector<Cell>& cells, const std::vector<std::string>& names, const BinningSpec& spec,
                                         double all_count);

// Within variance / between variance by the moments of a one-way layout; infinity where the levels do not differ.
[[nodiscard]] double estimate_prior_weight(const std::vector<Level>& levels);

}  // namespace obligor::binning
