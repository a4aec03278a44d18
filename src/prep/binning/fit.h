// Private to the room: from counted pre-bins to a Binning. Both the fit in memory and the one over a stream end here.
#pragma once

#include "prep/binning/categories.h"
#include "prep/binning/counter.h"
#include "prep/binning/solver.h"

namespace obligor::binning {

// What the fit knows about the rows of a column, besides its pre-bins.
struct Frame {
  std::string name;
  bool continuous = false;
  double offset = 0;  // was taken from a continuous target before it was summed
  bool date = false;
};

[[nodiscard]] Binning finish_number(const Frame& frame, const Counter& counter, const std::vector<float>& specials, const BinningSpec& spec);
[[nodiscard]] Binning finish_category(const Frame& frame, const std::vector<Cell>& levels, const Cell& missing,
                                      const std::vector<std::string>& dictionary, const BinningSpec& spec);

// The cuts of pre-bins from the spec's method: groups of the values that are present, and the fixed splits.
[[nodiscard]] std::vector<float> prebin_cuts(std::span<const Group> groups, const BinningSpec& spec, double all_count);
[[nodiscard]] Grouping grouping_of(const BinningSpec& spec, double all_count);
[[nodiscard]] std::vector<float> special_codes_of(const BinningSpec& spec);
// A cut or a special code as a label shows it.
[[nodiscard]] std::string bound_text(float x, bool date);
void check_totals(const Frame& frame, const Cell& all);

}  // namespace obligor::binning
