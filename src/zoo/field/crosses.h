// Crossed columns: pairs of coarse codes whose levels together say more about the target than each alone, chosen from the training rows.
//
//   Crosses crosses = choose_crosses(input, 8);
//   std::vector<int32_t> rows = cross_rows(crosses, batch, begin, count);    // count x crosses, rows of one joint table
//
// A column's coarse code is its category code, or the bin of a number among at most eight quantile bins. For each pair of columns the
// expected bad rate of a cell is that of the additive model on the logit scale (logit of the row's level + logit of the column's level -
// logit of all, rates smoothed towards the whole); the statistic is sum over cells of (observed - expected)^2 / variance, less the cells it
// sums, over the square root of twice their number: large where the pair is more than its parts. Only pairs above 3 are taken, the largest
// first. A pair's own cells are those of at least five training rows; every other cell shares code 0.
// At most 60 columns (the strongest alone) and 200,000 rows are looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "core/batch.h"
#include "model/model.h"

namespace obligor::field {

struct CoarseColumn {
  bool is_number = false;
  size_t index = 0;               // of the number column or of the code column
  std::vector<float> thresholds;  // of a number
  uint32_t levels = 0;
};

struct Cross {
  CoarseColumn first;
  CoarseColumn second;
  std::vector<int32_t> triples;  // first code, second code, code of the pair from 1 on
  uint32_t levels = 1;           // with code 0, every other pair
  double strength = 0;
};

struct Crosses {
  std::vector<Cross> pairs;
  std::vector<uint32_t> offsets;
  uint32_t rows = 0;
};

[[nodiscard]] Crosses choose_crosses(const FitInput& input, size_t most);
[[nodiscard]] std::vector<int32_t> cross_rows(const Crosses& crosses, const Batch& batch, size_t begin, size_t count);
// The pair codes as plan nodes.
[[nodiscard]] std::vector<NodeId> lower_crosses(const Crosses& crosses, PlanBuilder& builder, const LoweredInputs& inputs);

// How much each column alone says about the target: the statistic above against the whole's rate. Numbers first, then codes.
[[nodiscard]] std::vector<double> column_strengths(const FitInput& input);

}  // namespace obligor::field
