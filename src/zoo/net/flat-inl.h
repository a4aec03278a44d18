// What the torch networks share that keep their numbers in one flat tensor; included by .cc files alone.
//
//   index_tensor(order, device);  rows_tensor(batch, 0, batch.rows, device);
//   loss.add(value, rows);  clip_to(gradient, limit);
//   adamw_step({flat, gradient, first, second, steps}, decayed, flat.numel(), rate, decay);
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <c10/core/GradMode.h>

#include "core/batch.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/torch-inl.h"

namespace obligor::net {

// For in_torch_with.
struct WithGradient {
  c10::AutoGradMode guard{true};
};

// The weighted mean loss of the batches since it was last taken; it stays on the device until then.
class LossMean {
 public:
  void start(const at::TensorOptions& options) { sum_ = at::zeros({}, options); }
  void add(const at::Tensor& loss, size_t rows) {
    sum_.add_(loss.detach(), static_cast<double>(rows));
    rows_ += static_cast<double>(rows);
  }
  double take() {
    const double mean = rows_ > 0 ? sum_.item<double>() / rows_ : 0;
    sum_.zero_();
    rows_ = 0;
    return mean;
  }

 private:
  at::Tensor sum_;
  double rows_ = 0;
};

inline at::Tensor index_tensor(std::span<const uint32_t> indices, at::Device device) {
  at::Tensor out = at::empty({size_of(indices.size())}, at::kLong);
  std::copy(indices.begin(), indices.end(), out.data_ptr<int64_t>());
  return out.to(device);
}

// Prepared columns; on the CPU a view of the batch. from_blob wants a mutable pointer; nothing writes through it.
inline at::Tensor rows_tensor(const Batch& batch, size_t begin, size_t rows, at::Device device) {
  auto* data = const_cast<float*>(batch.features.data()) + begin * batch.width;
  const at::Tensor view = at::from_blob(data, {size_of(rows), size_of(batch.width)}, at::kFloat);
  return device == at::kCPU ? view : view.to(device);
}

inline void clip_to(const at::Tensor& gradient, double limit) {
  const auto norm = gradient.norm().item<double>();
  if (norm > limit) gradient.mul_(limit / norm);
}

struct AdamArrays {
  const at::Tensor& values;
  const at::Tensor& gradient;
  const at::Tensor& first;
  const at::Tensor& second;
  const at::Tensor& steps;
};

// AdamW (Loshchilov & Hutter, ICLR 2019) over the first `count` numbers, of which the first `decayed` decay; or Adam, where decay joins the gradient.
enum class AdamKind : uint8_t { kDecoupled, kL2 };
inline void adamw_step(const AdamArrays& arrays, int64_t decayed, int64_t count, double learning_rate, double weight_decay,
                       AdamKind kind = AdamKind::kDecoupled) {
  arrays.steps.add_(1);
  const auto pass = [&](int64_t begin, int64_t length, double decay) {
    if (length == 0) return;
    const auto part = [&](const at::Tensor& t) { return std::vector<at::Tensor>{t.narrow(0, begin, length)}; };
    const auto values = part(arrays.values);
    const auto gradient = part(arrays.gradient);
    const auto first = part(arrays.first);
    const auto second = part(arrays.second);
    const std::vector<at::Tensor> steps{arrays.steps};
    if (kind == AdamKind::kL2) {
      at::_fused_adam_(values, gradient, first, second, {}, steps, learning_rate, kBeta1, kBeta2, decay, kEpsilon, false, false);
    } else {
      at::_fused_adamw_(values, gradient, first, second, {}, steps, learning_rate, kBeta1, kBeta2, decay, kEpsilon, false, false);
    }
  };
  pass(0, decayed, weight_decay);
  pass(decayed, count - decayed, 0);
}

}  // namespace obligor::net
