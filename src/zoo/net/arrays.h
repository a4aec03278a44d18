// Parameters of a network as plain numbers: what lowering and tests read, without torch.
//
//   Lookup parameters(arrays);  parameters.get("weight:0");       // Error{kInternal} when there is no such array
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace obligor::net {

struct NamedArray {
  std::string name;  // "weight:0", "bias:0", "input_scale", "norm:0", "head", "head_bias", "embedding:0"
  std::vector<int64_t> shape;
  std::vector<float> values;
};

class Lookup {
 public:
  explicit Lookup(const std::vector<NamedArray>& arrays) : arrays_(arrays) {}
  [[nodiscard]] const std::vector<float>* find(std::string_view name) const;
  [[nodiscard]] const std::vector<float>& get(std::string_view name) const;

 private:
  const std::vector<NamedArray>& arrays_;
};

}  // namespace obligor::net
