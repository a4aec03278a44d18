// What the .cc files of the networks share that needs torch; included by .cc files alone.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/context.h"
#include "core/error.h"
#include "zoo/net/network.h"

namespace obligor::net {

inline int64_t size_of(size_t n) { return static_cast<int64_t>(n); }

// One thread for this thread's torch work, what `Guard` switches off, and no torch exception past the caller.
template <typename Guard, typename F>
auto in_torch_with(const F& work) {
  at::set_num_threads(1);
  const Guard guard;
  try {
    return work();
  } catch (const c10::Error& error) {
    throw Error(ErrorCode::kInternal, fmt::format("network: torch reports: {}", error.what_without_backtrace()));
  }
}

inline at::Device device_of(const Context& context) {
  if (context.device() == Device::kCpu) return at::kCPU;
  if (!at::hasCUDA()) {
    throw Error(ErrorCode::kUnsupported,
                "device 'cuda': this libtorch finds no CUDA device; run with --device cpu, or point Torch_DIR at a CUDA build of libtorch");
  }
  return at::kCUDA;
}

inline at::Tensor activate(const at::Tensor& z, Activation activation) {
  switch (activation) {
    case Activation::kRelu: return at::relu(z);
    case Activation::kSelu: return at::selu(z);
    case Activation::kTanh: return at::tanh(z);
    case Activation::kGelu: return at::gelu(z);
    case Activation::kSilu: return at::silu(z);
  }
  return z;
}

inline NamedArray named_array(const std::string& name, const std::vector<int64_t>& shape, const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  return {name, shape, {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()}};
}

}  // namespace obligor::net
