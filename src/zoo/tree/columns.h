// The training rows of a tree, a column at a time, and what growing shares between the three kinds of tree.
//
//   Columns columns = columns_of(input, "model 'cart'");
//   columns.values[f][row];  columns.target[row];  columns.weight[row];
//   rank_columns(columns, context);
//   columns.code[f][row];                            // columns.codes(f) where missing
//
// Contract: rows of weight 0 are left out; a column of fewer than 2^31 rows. A number's code is the place of its value among the column's distinct
// known values, ascending; a category's is its own. Errors: Error{kData} when no column, no row or one class is left.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace obligor::tree {

struct Columns {
  size_t rows = 0;
  size_t width = 0;
  std::vector<std::vector<float>> values;  // by column; NaN = missing
  std::vector<uint8_t> category;           // 1: values are codes
  std::vector<size_t> levels;              // codes of a category
  std::vector<uint8_t> missing;            // 1: has missing values
  std::vector<uint8_t> target;
  std::vector<double> weight;
  double total[2] = {0, 0};                  // weight of goods and bads
  bool unit = true;                          // every weight is 1
  std::vector<std::vector<uint32_t>> code;   // by column; empty until rank_columns
  std::vector<std::vector<float>> distinct;  // by number column: its known values, ascending; empty until rank_columns

  [[nodiscard]] size_t codes(size_t f) const { return category[f] != 0 ? levels[f] : distinct[f].size(); }
};

[[nodiscard]] Columns columns_of(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight,
                                 std::span<const uint8_t> categorical, std::string_view owner);
[[nodiscard]] inline Columns columns_of(const FitInput& input, std::string_view owner) {
  return columns_of(input.train, input.target, input.weight, input.categorical, owner);
}

// Once a fit: every tree, trial and fold of it reads the same codes.
void rank_columns(Columns& columns, const Context& context);

// A threshold t with a <= t < b for a < b: the middle, rounded down to float32.
[[nodiscard]] float middle(float a, float b);

// Stratified folds: the fold of each row, by the seed. Each class is dealt out evenly.
[[nodiscard]] std::vector<uint8_t> deal_folds(std::span<const uint8_t> target, size_t folds, uint64_t seed);

}  // namespace obligor::tree
