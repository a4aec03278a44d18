#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/field/attention_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>

#include "core/simd_dispatch.h"
#include "zoo/field/attention_kernels.h"
#include "zoo/net/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::field::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace loops = net::HWY_NAMESPACE;
using loops::D;
using loops::V;
using net::Drop;

// A head's numbers of all tokens, token after token, turned so that the tokens are in a row; zeros behind them.
void turn(const AttendShape& shape, size_t head, const float* from, float* to) {
  const size_t n = shape.head_width();
  const size_t stride = shape.stride();
  for (size_t c = 0; c < n; ++c) {
    for (size_t j = 0; j < shape.tokens; ++j) to[c * stride + j] = from[j * shape.width + head * n + c];
    std::fill(to + c * stride + shape.tokens, to + (c + 1) * stride, 0.0F);
  }
}

void turn_back(const AttendShape& shape, size_t head, const float* from, float* to, bool adds) {
  const size_t n = shape.head_width();
  for (size_t c = 0; c < n; ++c) {
    for (size_t j = 0; j < shape.tokens; ++j) {
      float& at = to[j * shape.width + head * n + c];
      at = adds ? at + from[c * shape.stride() + j] : from[c * shape.stride() + j];
    }
  }
}

// sum over c of a[c] b[c][j], for the tokens from j on.
HWY_INLINE V weighted(const D d, size_t n, const float* a, const float* b, size_t stride, size_t j) {
  V sum = hn::Mul(hn::Set(d, a[0]), hn::Load(d, b + j));
  for (size_t c = 1; c < n; ++c) sum = hn::MulAdd(hn::Set(d, a[c]), hn::Load(d, b + c * stride + j), sum);
  return sum;
}

void attend(const AttendShape& shape, const float* query, const float* key, const float* value, const Drop& drop, size_t first, float* scratch,
            float* logs, float* out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const size_t n = shape.head_width();
  const size_t stride = shape.stride();
  float* keys = scratch;
  float* values = keys + n * stride;
  float* shares = values + n * stride;
  const V scale = hn::Set(d, 1 / std::sqrt(static_cast<float>(n)));
  for (size_t h = 0; h < shape.heads; ++h) {
    turn(shape, h, key, keys);
    turn(shape, h, value, values);
    for (size_t i = 0; i < shape.asked; ++i) {
      const float* q = query + i * shape.width + h * n;
      // What stands behind the tokens is so low that it has no share.
      V highest = hn::Set(d, -1e30F);
      for (size_t j = 0; j < stride; j += lanes) {
        const auto real = hn::FirstN(d, j < shape.tokens ? shape.tokens - j : 0);
        const V score = hn::IfThenElse(real, hn::Mul(scale, weighted(d, n, q, keys, stride, j)), hn::Set(d, -1e30F));
        highest = hn::Max(highest, score);
        hn::Store(score, d, shares + j);
      }
      highest = hn::MaxOfLanes(d, highest);
      V sum = hn::Zero(d);
      for (size_t j = 0; j < stride; j += lanes) {
        const V e = hn::Exp(d, hn::Max(hn::Sub(hn::Load(d, shares + j), highest), hn::Set(d, -87.0F)));
        sum = hn::Add(sum, e);
        hn::Store(e, d, shares + j);
      }
      const float total = hn::GetLane(hn::SumOfLanes(d, sum));
      logs[h * shape.asked + i] = hn::GetLane(highest) + std::log(total);
      const V inverse = hn::Set(d, 1 / total);
      const size_t at = first + (h * shape.asked + i) * stride;
      for (size_t j = 0; j < stride; j += lanes) {
        const V share = hn::Mul(hn::Load(d, shares + j), inverse);
        hn::Store(drop.limit == 0 ? share : hn::Mul(share, loops::kept(d, at + j, drop)), d, shares + j);
      }
      float* to = out + i * shape.width + h * n;
      for (size_t c = 0; c < n; ++c) {
        V mixed = hn::Zero(d);
        for (size_t j = 0; j < stride; j += lanes) mixed = hn::MulAdd(hn::Load(d, shares + j), hn::Load(d, values + c * stride + j), mixed);
        to[c] = hn::GetLane(hn::SumOfLanes(d, mixed));
      }
    }
  }
}

void attend_back(const AttendShape& shape, const float* query, const float* key, const float* value, const Drop& drop, size_t first, float* scratch,
                 const float* logs, const float* d_out, float* d_query, float* d_key, float* d_value, const bool adds[3]) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const size_t n = shape.head_width();
  const size_t stride = shape.stride();
  float* keys = scratch;
  float* values = keys + n * stride;
  float* d_keys = values + n * stride;
  float* d_values = d_keys + n * stride;
  float* shares = d_values + n * stride;
  float* slopes = shares + stride;
  const float scale = 1 / std::sqrt(static_cast<float>(n));
  for (size_t h = 0; h < shape.heads; ++h) {
    turn(shape, h, key, keys);
    turn(shape, h, value, values);
    std::fill_n(d_keys, 2 * n * stride, 0.0F);
    for (size_t i = 0; i < shape.asked; ++i) {
      const float* q = query + i * shape.width + h * n;
      const float* g = d_out + i * shape.width + h * n;
      const V log = hn::Set(d, logs[h * shape.asked + i]);
      const size_t at = first + (h * shape.asked + i) * stride;
      V mean = hn::Zero(d);
      for (size_t j = 0; j < stride; j += lanes) {
        const V score = hn::Mul(hn::Set(d, scale), weighted(d, n, q, keys, stride, j));
        V share = hn::Exp(d, hn::Max(hn::Sub(score, log), hn::Set(d, -87.0F)));
        if (j + lanes > shape.tokens) share = hn::IfThenElseZero(hn::FirstN(d, j < shape.tokens ? shape.tokens - j : 0), share);
        const V mask = drop.limit == 0 ? hn::Set(d, 1.0F) : loops::kept(d, at + j, drop);
        const V slope = hn::Mul(mask, weighted(d, n, g, values, stride, j));
        mean = hn::MulAdd(slope, share, mean);
        hn::Store(share, d, shares + j);
        hn::Store(slope, d, slopes + j);
        const V dropped = hn::Mul(share, mask);
        for (size_t c = 0; c < n; ++c) {
          float* to = d_values + c * stride + j;
          hn::Store(hn::MulAdd(hn::Set(d, g[c]), dropped, hn::Load(d, to)), d, to);
        }
      }
      const V middle = hn::SumOfLanes(d, mean);
      for (size_t j = 0; j < stride; j += lanes) {
        const V slope = hn::Mul(hn::Mul(hn::Set(d, scale), hn::Load(d, shares + j)), hn::Sub(hn::Load(d, slopes + j), middle));
        hn::Store(slope, d, slopes + j);
        for (size_t c = 0; c < n; ++c) {
          float* to = d_keys + c * stride + j;
          hn::Store(hn::MulAdd(hn::Set(d, q[c]), slope, hn::Load(d, to)), d, to);
        }
      }
      float* to = d_query + i * shape.width + h * n;
      for (size_t c = 0; c < n; ++c) {
        V sum = hn::Zero(d);
        for (size_t j = 0; j < stride; j += lanes) sum = hn::MulAdd(hn::Load(d, slopes + j), hn::Load(d, keys + c * stride + j), sum);
        const float total = hn::GetLane(hn::SumOfLanes(d, sum));
        to[c] = adds[0] ? to[c] + total : total;
      }
    }
    turn_back(shape, h, d_keys, d_key, adds[1]);
    turn_back(shape, h, d_values, d_value, adds[2]);
  }
}

void layer_norm(size_t rows, size_t width, const float* x, const float* gain, const float* shift, float epsilon, float* mean, float* inverse,
                float* y) {
  const D d;
  const float share = 1 / static_cast<float>(width);
  for (size_t r = 0; r < rows; ++r, x += width, y += width) {
    V sum = hn::Zero(d);
    loops::each(width, [&](const auto& load, const auto&) HWY_ATTR { sum = hn::Add(sum, load(x)); });
    const float middle = hn::GetLane(hn::SumOfLanes(d, sum)) * share;
    V squares = hn::Zero(d);
    loops::each_at(width, [&](const auto& load, const auto&, size_t c) HWY_ATTR {
      const V off = hn::IfThenElseZero(hn::FirstN(d, width - c), hn::Sub(load(x), hn::Set(d, middle)));
      squares = hn::MulAdd(off, off, squares);
    });
    const float inverse_deviation = 1 / std::sqrt(hn::GetLane(hn::SumOfLanes(d, squares)) * share + epsilon);
    mean[r] = middle;
    inverse[r] = inverse_deviation;
    loops::each(width, [&](const auto& load, const auto& store) HWY_ATTR {
      const V centred = hn::Mul(hn::Sub(load(x), hn::Set(d, middle)), hn::Set(d, inverse_deviation));
      store(hn::MulAdd(centred, load(gain), load(shift)), y);
    });
  }
}

void layer_norm_back(size_t rows, size_t width, const float* x, const float* gain, const float* mean, const float* inverse, const float* d_y,
                     float* d_gain, float* d_shift, float* d_x, bool adds) {
  const D d;
  const float share = 1 / static_cast<float>(width);
  std::fill_n(d_gain, width, 0.0F);
  std::fill_n(d_shift, width, 0.0F);
  for (size_t r = 0; r < rows; ++r, x += width, d_y += width, d_x += width) {
    const V middle = hn::Set(d, mean[r]);
    const V inverse_deviation = hn::Set(d, inverse[r]);
    V sum = hn::Zero(d);
    V products = hn::Zero(d);
    loops::each(width, [&](const auto& load, const auto& store) HWY_ATTR {
      const V g = load(d_y);
      const V centred = hn::Mul(hn::Sub(load(x), middle), inverse_deviation);
      store(hn::Add(load(d_shift), g), d_shift);
      store(hn::MulAdd(g, centred, load(d_gain)), d_gain);
      const V slope = hn::Mul(g, load(gain));  // zero beyond the end
      sum = hn::Add(sum, slope);
      products = hn::MulAdd(slope, centred, products);
    });
    const V of_sum = hn::Mul(hn::SumOfLanes(d, sum), hn::Set(d, share));
    const V of_products = hn::Mul(hn::SumOfLanes(d, products), hn::Set(d, share));
    loops::each(width, [&](const auto& load, const auto& store) HWY_ATTR {
      const V centred = hn::Mul(hn::Sub(load(x), middle), inverse_deviation);
      const V step = hn::Mul(inverse_deviation, hn::Sub(hn::NegMulAdd(centred, of_products, hn::Mul(load(d_y), load(gain))), of_sum));
      store(adds ? hn::Add(step, load(d_x)) : step, d_x);
    });
  }
}

}  // namespace

const AttentionKernels* get_attention_kernels() {
  static constexpr AttentionKernels kKernels{attend, attend_back, layer_norm, layer_norm_back};
  return &kKernels;
}

}  // namespace obligor::field::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::field {

const AttentionKernels& attention_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_attention_kernels); }

}  // namespace obligor::field
#endif
