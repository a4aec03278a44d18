// The forward pass of the networks of words, as autograd follows it; included by .cc files alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "zoo/text/shape.h"

namespace obligor::text {

using at::Tensor;

// The words of some rows and one source: rows x tokens, cut to the longest.
struct Words {
  Tensor ids;      // 0 where absent
  Tensor present;  // bool
};

class Forward {
 public:
  // Without a generator: prediction, nothing is dropped.
  Forward(const TextShape& shape, const std::map<std::string, Tensor>& weights, at::Generator* generator)
      : shape_(shape), weights_(weights), generator_(generator) {}

  [[nodiscard]] std::vector<Words> words(const Tensor& features) const;
  // Rows x features to log-odds.
  [[nodiscard]] Tensor logits(const Tensor& features) const;
  // A Transformer's tokens, rows x tokens x width, and which of them are there.
  [[nodiscard]] Tensor tokens(const std::vector<Words>& words, Tensor& present) const;

 private:
  [[nodiscard]] const Tensor& at(const std::string& name) const { return weights_.at(name); }
  [[nodiscard]] Tensor linear(const std::string& name, const Tensor& x) const { return at::linear(x, at(name), at(name + ".bias")); }
  [[nodiscard]] Tensor dropout(const Tensor& x, double rate) const;
  [[nodiscard]] Tensor vectors(size_t k, const Words& words) const;
  [[nodiscard]] Tensor cnn(size_t k, const Words& words) const;
  [[nodiscard]] Tensor lstm(size_t k, const Words& words) const;
  [[nodiscard]] Tensor block(size_t b, const Tensor& x, const Tensor& present) const;

  const TextShape& shape_;
  const std::map<std::string, Tensor>& weights_;
  at::Generator* generator_;
};

}  // namespace obligor::text
