// CHAID's treatment of one column at one node: which of its categories are one group, and how significant the groups are
// (Kass 1980, "An exploratory technique for investigating large quantities of categorical data", Applied Statistics 29(2)).
//
//   std::vector<Cell> cells{{good, bad}, ...};                     // one a category that the node has
//   Grouping grouping = merge_categories(cells, Scale::kOrdinal, false, options);
//   grouping.log_p                                                  // of the grouped table, adjusted
//
// Steps: the pair of groups that differ least is merged while its p-value is above alpha_merge; after a merge a group of three or more categories
// is parted again where its best two parts differ at alpha_split_merged (0: never); groups lighter than min_leaf are merged with
// the one they differ least from. Ordinal: only neighbours are merged. A floating category (missing, always the last cell) may join any group.
// The p-value is multiplied by the number of ways in which the categories could have been grouped (Kass, section 2.3):
//   ordinal C(c-1, r-1), nominal the Stirling number S(c, r), ordinal with a floating category C(c-2, r-2) + r C(c-2, r-1).
// Exhaustive (Biggs, de Ville and Suen 1991): merging goes on to two groups, the most significant grouping on the way is taken, and the
// multiplier is the number of pairs that were looked at: ordinal c(c-1)/2, nominal c(c^2-1)/6, floating (c-1)^2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace obligor::tree {

struct Cell {
  double good = 0;
  double bad = 0;
};

enum class Scale : uint8_t { kOrdinal, kNominal };

struct MergeOptions {
  bool exhaustive = false;
  bool likelihood_ratio = false;  // G^2 in place of Pearson's chi-square
  bool adjust = true;             // multiply the p-value
  double alpha_merge = 0.05;
  double alpha_split_merged = 0;  // below alpha_merge
  double min_leaf = 1;
};

struct Grouping {
  std::vector<std::vector<size_t>> groups;  // cells of each group; one group when nothing may be parted
  double chi_square = 0;
  int degrees = 0;
  double log_p_raw = 0;  // natural logarithms: p-values under 1e-308 keep their order
  double log_p = 0;
};

[[nodiscard]] Grouping merge_categories(const std::vector<Cell>& cells, Scale scale, bool floating, const MergeOptions& options);

// Of an r x 2 table: Pearson's chi-square, or the likelihood ratio's. Rows and columns without weight are left out.
[[nodiscard]] double chi_square(const std::vector<Cell>& table, bool likelihood_ratio);
// ln P(X >= x) of a chi-square variable.
[[nodiscard]] double log_chi_square_tail(double x, int degrees);
// ln of the number of ways to group `categories` in `groups` (Kass).
[[nodiscard]] double log_groupings(size_t categories, size_t groups, Scale scale, bool floating);

}  // namespace obligor::tree
