// What a sequence network makes of its prepared columns, as autograd follows it; included by .cc files that use torch.
#pragma once

#include <map>
#include <string>

#include <ATen/ATen.h>
#include "zoo/sequence/shape.h"

namespace obligor::sequence {

struct Pass {
  const Shape& shape;
  const std::map<std::string, at::Tensor>& weights;
  at::Generator* dropout = nullptr;     // null in prediction
  at::Tensor* foresight = nullptr;      // where the mean squared error of the steps foretold is left, summed over the sequences
  at::Tensor* before_hidden = nullptr;  // where the input of the hidden layer's activation is left, for the diagnosis
};

// Log-odds of rows x columns.
[[nodiscard]] at::Tensor forward(const Pass& pass, const at::Tensor& columns);

}  // namespace obligor::sequence
