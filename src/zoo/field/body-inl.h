// A body: what a network makes of the vectors of its fields. One declares its parameters and computes logits from them.
//
//   body_of(shape.kind).declare(shape, declarer);
//   Tensor logits = body_of(shape.kind).forward(shape, weights, inputs);   // rows
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "zoo/field/shape.h"

namespace obligor::field {

using at::Tensor;

// How a parameter starts. `value`: the half-width of uniform (0: 1/sqrt(last extent)), the deviation of normal, the constant, or unused.
enum class Start : uint8_t { kUniform, kNormal, kConstant, kSigns };

struct Declaration {
  std::string name;
  std::string layer;  // for the gradient norms
  std::vector<int64_t> dims;
  bool decayed = true;
  Start start = Start::kUniform;
  double value = 0;
  bool wide = false;  // of the wide part, which may have an optimiser of its own
};

struct Declarer {
  std::vector<Declaration> parameters;
  std::vector<std::pair<std::string, int64_t>> norms;  // batch norms: name and width

  void weight(const std::string& name, const std::string& layer, std::vector<int64_t> dims) {
    parameters.push_back({name, layer, std::move(dims), true, Start::kUniform, 0});
  }
  // Of a layer of `fan_in` inputs.
  void bias(const std::string& name, const std::string& layer, int64_t width, int64_t fan_in);
  void constant(const std::string& name, const std::string& layer, std::vector<int64_t> dims, double value) {
    parameters.push_back({name, layer, std::move(dims), false, Start::kConstant, value});
  }
  void norm(const std::string& name, const std::string& layer, int64_t width);
};

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

struct Body {
  void (*declare)(const FieldShape& shape, Declarer& declarer);
  // Rows, or rows x members: then the probability is the members' mean and the loss the mean of their losses.
  Tensor (*forward)(const FieldShape& shape, const Weights& weights, const Inputs& inputs);
};
[[nodiscard]] Body body_of(Kind kind);

inline constexpr double kNormEpsilon = 1e-5;

}  // namespace obligor::field
