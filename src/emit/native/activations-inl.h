// The functions of op `activate`, a vector at a time; once for each instruction set (included by affine_kernels.cc).
//
// Largest difference to plan/functions.h, which works in double: 4 units in the last place of the result or 1.2e-7, whichever is
// larger (native_test.cc measures it over the whole range).
#if defined(OBLIGOR_EMIT_NATIVE_ACTIVATIONS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_ACTIVATIONS_INL_H
#undef OBLIGOR_EMIT_NATIVE_ACTIVATIONS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_ACTIVATIONS_INL_H
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "emit/native/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLaneMultiple>;
using V = hn::Vec<D>;

HWY_INLINE V keep_missing(V x, V y) { return hn::IfThenElse(hn::IsNaN(x), x, y); }

HWY_INLINE V relu(D d, V x) { return hn::IfThenElse(hn::Le(x, hn::Zero(d)), hn::Zero(d), x); }

HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0F);
  const V e = hn::Exp(d, hn::Max(hn::Neg(hn::Abs(x)), hn::Set(d, -104.0F)));
  return keep_missing(x, hn::Div(hn::IfThenElse(hn::Ge(x, hn::Zero(d)), one, e), hn::Add(one, e)));
}

HWY_INLINE V tanh(D d, V x) { return keep_missing(x, hn::Tanh(d, x)); }

// The argument is kept 1e-7 away from 0 and 1.
HWY_INLINE V logit(D d, V p) {
  const V least = hn::Set(d, 1e-7F);
  const V bad = hn::Max(p, least);
  const V good = hn::Max(hn::Sub(hn::Set(d, 1.0F), p), least);
  return keep_missing(p, hn::Log(d, hn::Div(hn::Min(bad, hn::Set(d, 1.0F)), hn::Min(good, hn::Set(d, 1.0F)))));
}

// Klambauer et al. 2017, equation 2.
HWY_INLINE V selu(D d, V x) {
  const V up = hn::Mul(hn::Set(d, 1.05070098735548F), x);
  const V down = hn::Mul(hn::Set(d, 1.75809934084738F), hn::Expm1(d, hn::Min(x, hn::Zero(d))));
  return keep_missing(x, hn::IfThenElse(hn::Gt(x, hn::Zero(d)), up, down));
}

HWY_INLINE V silu(D d, V x) { return hn::Mul(x, sigmoid(d, x)); }

HWY_INLINE V signed_log(D d, V x) {
  const V size = hn::Abs(x);
  const V infinite = hn::Set(d, __builtin_inff());
  const V y = hn::IfThenElse(hn::Eq(size, infinite), infinite, hn::Log1p(d, size));
  return keep_missing(x, hn::CopySign(y, x));
}

HWY_INLINE V exponential(D d, V x) {
  const V most = hn::Set(d, 88.72284F);  // the last whose exponential is finite
  const V y = hn::Exp(d, hn::Min(x, most));
  return keep_missing(x, hn::IfThenElse(hn::Gt(x, most), hn::Set(d, __builtin_inff()), y));
}

template <typename F>
HWY_INLINE void over(const float* x, float* y, size_t n, const F& f) {
  const D d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
}

// x Phi(x), Phi by the error function: erf(t) = t P(t^2) / Q(t^2), a rational fit of relative error 2e-9 on |t| <= 3.93, beyond
// which erf is 1 to 3e-8. In double, in loops that the compiler turns into vectors.
HWY_INLINE void gelu(const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(x[i]);
    const double t = value * 0.70710678118654752440;
    const double low = t < -3.93 ? -3.93 : t;
    const double kept = low > 3.93 ? 3.93 : low;
    const double u = kept * kept;
    const double p =
        1.12837917 + u * (0.185147968 + u * (0.0542547534 + u * (0.00384030256 + u * (0.000377166763 + u * (4.62002886e-06 - u * 1.28578345e-08)))));
    const double q = 1.0 + u * (0.497416521 + u * (0.113887045 + u * (0.0154348551 + u * (0.00130241045 + u * 6.25005924e-05))));
    const double erf = kept * p / q;
    const double full = t > 0 ? 1.0 : -1.0;
    const double inside = t == kept ? erf : full;
    y[i] = static_cast<float>(0.5 * value * (1.0 + (t != t ? t : inside)));
  }
}

inline void activate(Function function, const float* x, float* y, size_t n) {
  switch (function) {
    case Function::kIdentity: over(x, y, n, [](D, V v) { return v; }); return;
    case Function::kRelu: over(x, y, n, [](D d, V v) { return relu(d, v); }); return;
    case Function::kTanh: over(x, y, n, [](D d, V v) { return tanh(d, v); }); return;
    case Function::kSigmoid: over(x, y, n, [](D d, V v) { return sigmoid(d, v); }); return;
    case Function::kLogit: over(x, y, n, [](D d, V v) { return logit(d, v); }); return;
    case Function::kSelu: over(x, y, n, [](D d, V v) { return selu(d, v); }); return;
    case Function::kGelu: gelu(x, y, n); return;
    case Function::kSilu: over(x, y, n, [](D d, V v) { return silu(d, v); }); return;
    case Function::kLog: over(x, y, n, [](D d, V v) { return signed_log(d, v); }); return;
    case Function::kExp: over(x, y, n, [](D d, V v) { return exponential(d, v); }); return;
  }
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
