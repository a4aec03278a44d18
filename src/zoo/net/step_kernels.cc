#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/net/step_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>

#include "core/simd_dispatch.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::net::HWY_NAMESPACE {
namespace {

void add(size_t n, const float* x, float* y) {
  each(n, [&](const auto& load, const auto& store) HWY_ATTR { store(hn::Add(load(y), load(x)), y); });
}

void copy(size_t n, const float* x, float* y, bool adds) {
  if (adds) add(n, x, y);
  else std::copy_n(x, n, y);
}

void multiply(size_t n, const float* a, const float* b, float* y, bool adds) {
  if (adds) each(n, [&](const auto& load, const auto& store) HWY_ATTR { store(hn::MulAdd(load(a), load(b), load(y)), y); });
  else each(n, [&](const auto& load, const auto& store) HWY_ATTR { store(hn::Mul(load(a), load(b)), y); });
}

void add_scaled(size_t n, float factor, const float* x, float* y) {
  const V f = hn::Set(D(), factor);
  each(n, [&](const auto& load, const auto& store) HWY_ATTR { store(hn::MulAdd(f, load(x), load(y)), y); });
}

void add_bias(size_t rows, size_t width, const float* bias, float* z) {
  for (size_t r = 0; r < rows; ++r) add(width, bias, z + r * width);
}

void column_sums(size_t rows, size_t width, const float* x, float* out) {
  std::fill_n(out, width, 0.0F);
  for (size_t r = 0; r < rows; ++r) add(width, x + r * width, out);
}

float dot(size_t n, const float* a, const float* b) {
  const D d;
  V sum = hn::Zero(d);
  each(n, [&](const auto& load, const auto&) HWY_ATTR { sum = hn::MulAdd(load(a), load(b), sum); });
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

constexpr float kSeluScale = 1.05070098735548F;
constexpr float kSeluDown = 1.75809934084738F;  // scale x alpha

void drop(size_t n, const Drop& by, const float* x, float* y, bool adds) {
  const D d;
  each_at(n, [&](const auto& load, const auto& store, size_t i) HWY_ATTR {
    const V mask = kept(d, i, by);
    store(adds ? hn::MulAdd(load(x), mask, load(y)) : hn::Mul(load(x), mask), y);
  });
}

// What a unit does, and its slope, both from z.
struct Relu {
  static HWY_INLINE V value(const D d, V z) { return hn::IfThenElse(hn::Le(z, hn::Zero(d)), hn::Zero(d), z); }  // what is not a number stays so
  static HWY_INLINE V slope(const D d, V z) { return hn::IfThenElse(hn::Le(z, hn::Zero(d)), hn::Zero(d), hn::Set(d, 1.0F)); }
};
struct Selu {
  static HWY_INLINE V down(const D d, V z) { return hn::Mul(hn::Set(d, kSeluDown), hn::Expm1(d, hn::Min(z, hn::Zero(d)))); }
  static HWY_INLINE V value(const D d, V z) { return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), hn::Mul(hn::Set(d, kSeluScale), z), down(d, z)); }
  static HWY_INLINE V slope(const D d, V z) {
    return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), hn::Set(d, kSeluScale), hn::Add(down(d, z), hn::Set(d, kSeluDown)));
  }
};
struct Tanh {
  static HWY_INLINE V value(const D d, V z) { return hn::Tanh(d, z); }
  static HWY_INLINE V slope(const D d, V z) {
    const V y = hn::Tanh(d, z);
    return hn::NegMulAdd(y, y, hn::Set(d, 1.0F));
  }
};
struct Silu {
  static HWY_INLINE V value(const D d, V z) { return hn::Mul(z, sigmoid(d, z)); }
  static HWY_INLINE V slope(const D d, V z) {
    const V s = sigmoid(d, z);
    return hn::MulAdd(hn::Mul(z, s), hn::Sub(hn::Set(d, 1.0F), s), s);
  }
};
struct Sigmoid {
  static HWY_INLINE V value(const D d, V z) { return sigmoid(d, z); }
  static HWY_INLINE V slope(const D d, V z) {
    const V s = sigmoid(d, z);
    return hn::NegMulAdd(s, s, s);
  }
};

template <typename F>
HWY_INLINE void with_activation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::kRelu: f(Relu()); return;
    case Activation::kSelu: f(Selu()); return;
    case Activation::kTanh: f(Tanh()); return;
    case Activation::kSilu: f(Silu()); return;
    case Activation::kSigmoid: f(Sigmoid()); return;
    case Activation::kGelu: return;  // has no fused step
  }
}

template <typename A>
void unit_of(size_t rows, size_t width, const float* bias, const Drop& by, float* z, float* y) {
  const D d;
  if (bias == nullptr) {
    width *= rows;
    rows = 1;
  }
  for (size_t r = 0; r < rows; ++r) {
    const size_t at = r * width;
    each_at(width, [&](const auto& load, const auto& store, size_t i) HWY_ATTR {
      V x = load(z + at);
      if (bias != nullptr) store(x = hn::Add(x, load(bias)), z + at);
      const V value = A::value(d, x);
      store(by.limit == 0 ? value : hn::Mul(value, kept(d, at + i, by)), y + at);
    });
  }
}

template <typename A>
void unit_back_of(size_t rows, size_t width, const Drop& by, const float* z, const float* d_y, float* d_z, float* d_bias, bool adds) {
  const D d;
  if (d_bias == nullptr) {
    width *= rows;
    rows = 1;
  } else {
    std::fill_n(d_bias, width, 0.0F);
  }
  for (size_t r = 0; r < rows; ++r) {
    const size_t at = r * width;
    each_at(width, [&](const auto& load, const auto& store, size_t i) HWY_ATTR {
      V slope = hn::Mul(load(d_y + at), A::slope(d, load(z + at)));
      if (by.limit != 0) slope = hn::Mul(slope, kept(d, at + i, by));
      store(adds ? hn::Add(slope, load(d_z + at)) : slope, d_z + at);
      if (d_bias != nullptr) store(hn::Add(slope, load(d_bias)), d_bias);
    });
  }
}

void unit(Activation activation, size_t rows, size_t width, const float* bias, const Drop& by, float* z, float* y) {
  with_activation(activation, [&]<typename A>(A) HWY_ATTR { unit_of<A>(rows, width, bias, by, z, y); });
}

void unit_back(Activation activation, size_t rows, size_t width, const Drop& by, const float* z, const float* d_y, float* d_z, float* d_bias,
               bool adds) {
  with_activation(activation, [&]<typename A>(A) HWY_ATTR { unit_back_of<A>(rows, width, by, z, d_y, d_z, d_bias, adds); });
}

void pairwise(size_t rows, size_t fields, size_t k, const float* vectors, float* sums, float* out) {
  const D d;
  const V half = hn::Set(d, 0.5F);
  for (size_t r = 0; r < rows; ++r) {
    const float* v = vectors + r * fields * k;
    each(k, [&](const auto& load, const auto& store) HWY_ATTR {
      V sum = hn::Zero(d);
      V squares = hn::Zero(d);
      for (size_t f = 0; f < fields; ++f) {
        const V x = load(v + f * k);
        sum = hn::Add(sum, x);
        squares = hn::MulAdd(x, x, squares);
      }
      store(sum, sums + r * k);
      store(hn::Mul(half, hn::MulSub(sum, sum, squares)), out + r * k);
    });
  }
}

void pairwise_back(size_t rows, size_t fields, size_t k, const float* vectors, const float* sums, const float* d_out, float* d_vectors, bool adds) {
  for (size_t r = 0; r < rows; ++r) {
    const float* v = vectors + r * fields * k;
    float* g = d_vectors + r * fields * k;
    each(k, [&](const auto& load, const auto& store) HWY_ATTR {
      const V sum = load(sums + r * k);
      const V slope = load(d_out + r * k);
      for (size_t f = 0; f < fields; ++f) {
        const V step = hn::Mul(slope, hn::Sub(sum, load(v + f * k)));
        store(adds ? hn::Add(step, load(g + f * k)) : step, g + f * k);
      }
    });
  }
}

void norm(size_t rows, size_t width, const float* x, const float* gain, const float* shift, float epsilon, float* mean, float* variance,
          float* inverse, float* y) {
  const D d;
  const V share = hn::Set(d, 1.0F / static_cast<float>(rows));
  each(width, [&](const auto& load, const auto& store) HWY_ATTR {
    V sum = hn::Zero(d);
    for (size_t r = 0; r < rows; ++r) sum = hn::Add(sum, load(x + r * width));
    const V middle = hn::Mul(sum, share);
    V squares = hn::Zero(d);
    for (size_t r = 0; r < rows; ++r) {
      const V gap = hn::Sub(load(x + r * width), middle);
      squares = hn::MulAdd(gap, gap, squares);
    }
    const V spread = hn::Mul(squares, share);
    const V inverse_deviation = hn::Div(hn::Set(d, 1.0F), hn::Sqrt(hn::Add(spread, hn::Set(d, epsilon))));
    store(middle, mean);
    store(spread, variance);
    store(inverse_deviation, inverse);
    const V factor = hn::Mul(load(gain), inverse_deviation);
    const V offset = hn::NegMulAdd(middle, factor, load(shift));
    for (size_t r = 0; r < rows; ++r) store(hn::MulAdd(load(x + r * width), factor, offset), y + r * width);
  });
}

void norm_back(size_t rows, size_t width, const float* x, const float* gain, const float* mean, const float* inverse, const float* d_y, float* d_gain,
               float* d_shift, float* d_x, bool adds) {
  const D d;
  const V share = hn::Set(d, 1.0F / static_cast<float>(rows));
  each(width, [&](const auto& load, const auto& store) HWY_ATTR {
    const V middle = load(mean);
    const V inverse_deviation = load(inverse);
    V shifts = hn::Zero(d);
    V gains = hn::Zero(d);
    for (size_t r = 0; r < rows; ++r) {
      const V g = load(d_y + r * width);
      shifts = hn::Add(shifts, g);
      gains = hn::MulAdd(g, hn::Mul(hn::Sub(load(x + r * width), middle), inverse_deviation), gains);
    }
    store(gains, d_gain);
    store(shifts, d_shift);
    const V factor = hn::Mul(load(gain), inverse_deviation);
    const V shift_share = hn::Mul(shifts, share);
    const V gain_share = hn::Mul(hn::Mul(gains, share), inverse_deviation);
    for (size_t r = 0; r < rows; ++r) {
      const V centred = hn::Sub(load(x + r * width), middle);
      const V step = hn::Mul(factor, hn::NegMulAdd(centred, gain_share, hn::Sub(load(d_y + r * width), shift_share)));
      float* out = d_x + r * width;
      store(adds ? hn::Add(step, load(out)) : step, out);
    }
  });
}

void scale(size_t rows, size_t width, const float* x, const float* factor, const float* shift, float* y) {
  for (size_t r = 0; r < rows; ++r) {
    each(width,
         [&](const auto& load, const auto& store) HWY_ATTR { store(hn::MulAdd(load(x + r * width), load(factor), load(shift)), y + r * width); });
  }
}

HWY_INLINE V constant(const D d, double value) { return hn::Set(d, static_cast<float>(value)); }

void adamw(size_t n, const AdamStep& step, const float* gradient, float* first, float* second, float* value) {
  const D d;
  const V lost = hn::Set(d, step.decay);
  const V size = hn::Set(d, step.rate / step.first);
  const V deviation = hn::Set(d, 1.0F / step.second);
  const V pull = hn::Set(d, step.pull);
  each(n, [&](const auto& load, const auto& store) HWY_ATTR {
    const V x = load(value);
    const V g = hn::MulAdd(pull, x, load(gradient));
    const V m = hn::MulAdd(constant(d, kBeta1), load(first), hn::Mul(constant(d, 1 - kBeta1), g));
    const V v = hn::MulAdd(constant(d, kBeta2), load(second), hn::Mul(constant(d, 1 - kBeta2), hn::Mul(g, g)));
    store(m, first);
    store(v, second);
    const V below = hn::MulAdd(hn::Sqrt(v), deviation, constant(d, kEpsilon));
    store(hn::NegMulAdd(size, hn::Div(m, below), hn::NegMulAdd(lost, x, x)), value);
  });
}

bool settle(size_t n, const Missed& missed, float* first, float* second, float* value) {
  const D d;
  const V zero = hn::Zero(d);
  const V huge = hn::Set(d, 3e38F);
  V least = huge;
  each(n, [&](const auto& load, const auto&) HWY_ATTR { least = hn::Min(least, hn::IfThenElse(hn::Eq(load(first), zero), huge, load(second))); });
  // A third power is the bound of what the two before it leave over (zoo/net/lazy_table.h).
  constexpr double kRounding = 6e-8;
  const double inverse = 1 / (std::sqrt(static_cast<double>(hn::GetLane(hn::MinOfLanes(d, least)))) + static_cast<double>(missed.epsilon));
  if (!(inverse * inverse * inverse * static_cast<double>(missed.s3) <= kRounding * static_cast<double>(missed.s0))) return false;
  const V epsilon = hn::Set(d, missed.epsilon);
  const V lost = hn::Set(d, missed.lost);
  each(n, [&](const auto& load, const auto& store) HWY_ATTR {
    const V m = load(first);
    const V v = load(second);
    const V x = load(value);
    const V share = hn::Div(hn::Set(d, 1.0F), hn::Add(hn::Sqrt(v), epsilon));
    const V sum = hn::NegMulAdd(share, hn::NegMulAdd(share, hn::Set(d, missed.s2), hn::Set(d, missed.s1)), hn::Set(d, missed.s0));
    store(hn::NegMulAdd(hn::Mul(m, share), sum, hn::NegMulAdd(lost, x, x)), value);
    store(hn::Mul(m, hn::Set(d, missed.first)), first);
    store(hn::Mul(v, hn::Set(d, missed.second)), second);
  });
  return true;
}

void adagrad(size_t n, float rate, float decay, const float* gradient, float* squares, float* value) {
  const D d;
  const V kept = hn::Set(d, 1.0F - decay);
  const V size = hn::Set(d, rate);
  each(n, [&](const auto& load, const auto& store) HWY_ATTR {
    const V g = load(gradient);
    const V sum = hn::MulAdd(g, g, load(squares));
    store(sum, squares);
    // A square that has underflowed to 0 is that of a gradient of 0.
    const V move = hn::IfThenElse(hn::Eq(sum, hn::Zero(d)), hn::Zero(d), hn::Div(g, hn::Sqrt(sum)));
    store(hn::NegMulAdd(size, move, hn::Mul(load(value), kept)), value);
  });
}

}  // namespace

const StepKernels* get_step_kernels() {
  static constexpr StepKernels kKernels{add_bias,      column_sums, add,       copy,  multiply, drop,       unit,  unit_back, pairwise,
                                        pairwise_back, norm,        norm_back, scale, dot,      add_scaled, adamw, settle,    adagrad};
  return &kKernels;
}

}  // namespace obligor::net::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::net {

const StepKernels& step_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_step_kernels); }

}  // namespace obligor::net
#endif
