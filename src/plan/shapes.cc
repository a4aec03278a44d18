#include "plan/shapes.h"

#include <algorithm>

namespace obligor {

AttendShape attend_shape(int32_t heads, int32_t key_tokens, size_t query_columns, size_t key_columns, size_t value_columns) {
  AttendShape shape;
  if (heads < 1 || key_tokens < 1) return shape;
  shape.heads = static_cast<size_t>(heads);
  shape.keys = static_cast<size_t>(key_tokens);
  const size_t parts = shape.heads * shape.keys;
  if (key_columns % parts != 0 || value_columns % parts != 0) return shape;
  shape.width = key_columns / parts;
  if (shape.width == 0 || query_columns % (shape.heads * shape.width) != 0) return shape;
  shape.queries = query_columns / (shape.heads * shape.width);
  shape.value_width = shape.queries == 0 ? 0 : value_columns / parts;
  return shape;
}

RecurShape recur_shape(std::string_view function, size_t steps, size_t columns, size_t biases) {
  RecurShape shape;
  size_t sides = 1;  // of biases
  if (function == "lstm") {
    shape.cell = RecurShape::Cell::kLstm;
    shape.gates = 4;
  } else if (function == "gru") {
    shape.cell = RecurShape::Cell::kGru;
    shape.gates = 3;
    sides = 2;
  } else if (function != "tanh") {
    return shape;
  }
  if (steps == 0 || columns == 0 || columns % steps != 0 || biases % (shape.gates * sides) != 0) return shape;
  shape.steps = steps;
  shape.channels = columns / steps;
  shape.hidden = biases / (shape.gates * sides);
  return shape;
}

ConvolveShape convolve_shape(const std::vector<int32_t>& extents, size_t columns, size_t weights, size_t biases) {
  ConvolveShape shape;
  if (extents.size() != 4 || extents[0] < 1 || extents[1] < 1 || extents[2] < 0 || extents[3] < 0 || biases == 0) return shape;
  shape.steps = static_cast<size_t>(extents[0]);
  shape.dilation = static_cast<size_t>(extents[1]);
  shape.left = static_cast<size_t>(extents[2]);
  if (columns == 0 || columns % shape.steps != 0) return shape;
  shape.channels = columns / shape.steps;
  shape.filters = biases;
  const size_t filter = biases * shape.channels;
  if (weights == 0 || weights % filter != 0) return shape;
  shape.taps = weights / filter;
  const size_t padded = shape.steps + shape.left + static_cast<size_t>(extents[3]);
  const size_t reach = shape.dilation * (shape.taps - 1);
  shape.out_steps = padded > reach ? padded - reach : 0;
  return shape;
}

Pooling find_pooling(std::string_view function) {
  if (function == "max") return Pooling::kMax;
  if (function == "mean") return Pooling::kMean;
  if (function == "sum") return Pooling::kSum;
  if (function == "last") return Pooling::kLast;
  return Pooling::kUnknown;
}

}  // namespace obligor
