// A body: what a network makes of the vectors of its fields, as autograd follows it.
//
//   Tensor logits = forward(shape, weights, inputs);   // rows
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "zoo/field/layout.h"
#include "zoo/field/shape.h"

namespace obligor::field {

using at::Tensor;

// What a body computes on its way to an activation, kept so that its gradient can be read after the way back.
struct Watched {
  std::string layer;
  Tensor z;
  net::Activation activation;
};

// The parameters of a batch, and what differs between training and prediction.
class Weights {
 public:
  Weights(const std::map<std::string, Tensor>& values, at::Generator* generator, std::vector<Watched>* watched = nullptr)
      : values_(values), generator_(generator), watched_(watched) {}
  [[nodiscard]] const Tensor& operator[](const std::string& name) const { return values_.at(name); }
  [[nodiscard]] bool training() const { return generator_ != nullptr; }
  [[nodiscard]] Tensor linear(const std::string& name, const Tensor& x) const { return at::linear(x, values_.at(name), values_.at(name + ".bias")); }
  [[nodiscard]] Tensor dropout(const Tensor& x, double rate) const;
  // The activation of a hidden layer, called as its declarations call it.
  [[nodiscard]] Tensor activate(const std::string& layer, const Tensor& z, net::Activation activation) const;
  // Batch norm over rows x width, and an update of its running statistics in training. One row alone has no variance.
  [[nodiscard]] Tensor norm(const std::string& name, const Tensor& x) const;

 private:
  const std::map<std::string, Tensor>& values_;
  at::Generator* generator_;
  std::vector<Watched>* watched_;
};

struct Inputs {
  Tensor vectors;  // rows x fields x k
  Tensor linear;   // rows: w0 + the first-order sum (w0 alone where the shape has none)
  Tensor numbers;  // rows x width
  Tensor codes;    // rows x code fields, rows of the joint table
  Tensor crosses;  // rows x crosses, rows of their joint table
};

// Rows, or rows x members: then the probability is the members' mean and the loss the mean of their losses.
[[nodiscard]] Tensor forward(const FieldShape& shape, const Weights& weights, const Inputs& in);

}  // namespace obligor::field
