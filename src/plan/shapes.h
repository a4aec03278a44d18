// Extents of the operations over tokens and steps: what verify, the builder and every executor read out of the same numbers.
//
//   const RecurShape shape = recur_shape("gru", steps, width, biases);   if (shape.hidden == 0) ...   // the widths do not fit
//
// A number that holds steps is row-major by step: value[t * channels + c]. The formulas: docs/plan.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace obligor {

// Op `attend`: `heads` heads, `queries` and `keys` tokens, `width` numbers a head of a query or key, `value_width` of a value.
struct AttendShape {
  size_t heads = 0;
  size_t queries = 0;
  size_t keys = 0;
  size_t width = 0;
  size_t value_width = 0;  // 0: the widths of the inputs do not fit
};
[[nodiscard]] AttendShape attend_shape(int32_t heads, int32_t key_tokens, size_t query_columns, size_t key_columns, size_t value_columns);

// Op `recur`: the state of `hidden` numbers after each of the steps. `gates`: rows of W and of U for each number of the state.
struct RecurShape {
  enum class Cell : uint8_t { kTanh, kLstm, kGru };
  Cell cell = Cell::kTanh;
  size_t gates = 1;
  size_t steps = 0;
  size_t channels = 0;
  size_t hidden = 0;  // 0: the function is not known, or the widths do not fit
  [[nodiscard]] size_t rows() const { return gates * hidden; }
};
[[nodiscard]] RecurShape recur_shape(std::string_view function, size_t steps, size_t columns, size_t biases);

// Op `convolve`: `filters` filters of `taps` steps each, `dilation` apart, over `steps` steps with zeros before and after them.
struct ConvolveShape {
  size_t steps = 0;
  size_t channels = 0;
  size_t filters = 0;
  size_t taps = 0;
  size_t dilation = 1;
  size_t left = 0;
  size_t out_steps = 0;  // 0: the numbers do not fit
};
// extents: steps, dilation, zeros before, zeros after.
[[nodiscard]] ConvolveShape convolve_shape(const std::vector<int32_t>& extents, size_t columns, size_t weights, size_t biases);

enum class Pooling : uint8_t { kMax, kMean, kSum, kLast, kUnknown };
[[nodiscard]] Pooling find_pooling(std::string_view function);

}  // namespace obligor
