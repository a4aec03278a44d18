// The training rows of a tree, a column at a time, and what growing shares between the three kinds of tree.
//
//   Columns columns = columns_of(input, "model 'cart'");
//   columns.values[f][row];  columns.target[row];  columns.weight[row];
//
// Contract: rows of weight 0 are left out. Errors: Error{kData} when no column, no row or one class is left.
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
  std::vector<std::vector<uint32_t>> order;  // by number column: its known rows by value; empty until sort_columns
};

[[nodiscard]] Columns columns_of(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight,
                                 std::span<const uint8_t> categorical, std::string_view owner);
[[nodiscard]] inline Columns columns_of(const FitInput& input, std::string_view owner) {
  return columns_of(input.train, input.target, input.weight, input.categorical, owner);
}

void sort_columns(Columns& columns);

// A threshold t with a <= t < b for a < b: the middle, rounded down to float32.
[[nodiscard]] float middle(float a, float b);

// Stratified folds: the fold of each row, by the seed. Each class is dealt out evenly.
[[nodiscard]] std::vector<uint8_t> deal_folds(std::span<const uint8_t> target, size_t folds, uint64_t seed);

}  // namespace obligor::tree
