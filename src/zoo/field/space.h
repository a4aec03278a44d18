// FieldSpace: the fields of a factorisation or crossing network, one vector of `embedding` numbers each.
//
//   FieldSpace space = fit_space(input, NumbersAs::kBins, 16);
//   std::vector<int32_t> rows = table_rows(space, batch, begin, count);   // count x code fields, rows of one joint table
//
// A prepared number column c is a field in one of four forms (x is its value, v its learned vectors):
//   value      e = x v_c                                  (Rendle 2010: a real-valued feature)
//   piecewise  e = b_c + sum_t p_t(x) v_{c,t}             (piecewise-linear encoding over quantile edges, Gorishniy et al. 2022)
//   bins       e = v_{c, bin(x)}                          (a code of quantile bins)
//   direct     no field: x itself goes beside the vectors of the codes
// A code column is e = v_{c, code}; a code that no training row has keeps the zero vector.
// All codes share one table, field after field. Number fields come first in the order of fields, then binned numbers or codes.
//
// Contract: edges are quantiles of the training rows (of an even sample of them where there are many), finite and strictly ascending.
// Everything here is torch-free; `lower` gives the same numbers as plan nodes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "model/model.h"

namespace obligor::field {

enum class NumbersAs { kValue, kPiecewise, kBins, kDirect };
[[nodiscard]] NumbersAs find_numbers_as(std::string_view name);

struct FieldSpace {
  NumbersAs numbers_as = NumbersAs::kValue;
  size_t width = 0;                       // prepared number columns
  std::vector<std::vector<float>> edges;  // a number column: edges of the pieces (at least two), or thresholds of the bins; else empty
  std::vector<uint32_t> levels;           // of each code field: binned numbers, then codes
  std::vector<uint32_t> offsets;          // where the code field begins in the joint table
  std::vector<uint8_t> seen;              // a row of the joint table: some training row has it

  [[nodiscard]] size_t number_fields() const { return numbers_as == NumbersAs::kBins || numbers_as == NumbersAs::kDirect ? 0 : width; }
  [[nodiscard]] size_t code_fields() const { return levels.size(); }
  [[nodiscard]] size_t fields() const { return number_fields() + code_fields(); }
  [[nodiscard]] size_t table_rows() const { return seen.size(); }
  [[nodiscard]] size_t pieces() const;  // of the column with most; 1 for values
};

[[nodiscard]] FieldSpace fit_space(const FitInput& input, NumbersAs numbers_as, size_t bins);

// Rows [begin, begin + count) of the batch as rows of the joint table, count x code_fields(). Error{kInternal} for a batch of
// another shape and for a code out of range.
[[nodiscard]] std::vector<int32_t> table_rows(const FieldSpace& space, const Batch& batch, size_t begin, size_t count);

// Quantiles of column c, at most `parts` - 1 of them, ascending and distinct, all above the smallest value.
[[nodiscard]] std::vector<float> inner_quantiles(const Batch& batch, size_t column, size_t parts);

// The code of each code field as plan nodes.
[[nodiscard]] std::vector<NodeId> lower_codes(const FieldSpace& space, PlanBuilder& builder, const LoweredInputs& inputs);

}  // namespace obligor::field
