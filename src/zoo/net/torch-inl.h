// What the .cc files of the networks share that needs torch; included by .cc files alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

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
    case Activation::kSigmoid: return at::sigmoid(z);
  }
  return z;
}

// The share of values z (rows first) where the activation's slope is under 0.02 of its highest; for the one-sided ones, which are flat for
// half of what they see by design, the share of units that are flat on every row.
inline double flat_share(const at::Tensor& z, Activation activation) {
  if (z.numel() == 0) return 0;
  const auto share = [](const at::Tensor& flat) { return flat.to(at::kDouble).mean().item<double>(); };
  const auto dead = [&](double below) { return share(z.flatten(1).amax(0).le(below)); };
  switch (activation) {
    case Activation::kTanh: return share(z.abs().gt(2.6467));     // 1 - tanh^2 = 0.02
    case Activation::kSigmoid: return share(z.abs().gt(5.2883));  // s (1 - s) = 0.02 / 4
    case Activation::kSelu: return share(z.lt(-4.4270));          // alpha e^z = 0.02
    case Activation::kRelu: return dead(0);
    case Activation::kGelu: return dead(-2.8);
    case Activation::kSilu: return dead(-5.4);
  }
  return 0;
}

inline double root_mean_square(const at::Tensor& values) {
  return values.numel() == 0 ? 0 : values.norm().item<double>() / std::sqrt(static_cast<double>(values.numel()));
}

// A tensor of its own with one value a row, on the device.
inline at::Tensor row_values(const std::vector<float>& values, at::Device device) {
  return at::tensor(values, at::TensorOptions().dtype(at::kFloat)).to(device);
}

inline NamedArray named_array(const std::string& name, const std::vector<int64_t>& shape, const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  return {name, shape, {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()}};
}

}  // namespace obligor::net
