// safetensors: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the bytes.
//
//   std::string file = write_safetensors({{"0", "F32", {2}, bytes}});
//   for (const Tensor& tensor : read_safetensors(file, "m.obligor: weights.safetensors")) ...
//
// Contract: the dtypes F32, BF16, I32, I8 and U8, little-endian. Reading trusts nothing: the header is bounded, tensors fill the data part
// exactly, in order, without gap or overlap, and each has the bytes its shape says. The tensors point into the given bytes.
// Errors: Error{kData} names the source and the tensor.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obligor {

struct Tensor {
  std::string name;
  std::string dtype;  // F32, BF16, I32, I8, U8
  std::vector<uint64_t> shape;
  std::string_view bytes;
};

struct SafetensorsLimits {
  size_t header_bytes = size_t{256} << 20U;
  size_t tensors = 16'000'000;
  size_t rank = 8;
};

[[nodiscard]] std::string write_safetensors(std::span<const Tensor> tensors);
[[nodiscard]] std::vector<Tensor> read_safetensors(std::string_view file, std::string_view source, const SafetensorsLimits& limits = {});

}  // namespace obligor
