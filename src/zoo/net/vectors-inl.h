// What the kernel files of the networks share, compiled once an instruction set: loops over whole vectors and what is left, the sigmoid, a hash
// for draws that are not stored, and dropout's mask of them. Included after hwy/highway.h, inside a file that hwy/foreach_target.h compiles for
// each set.
//
//   each(n, [&](const auto& load, const auto& store) HWY_ATTR { store(hn::Add(load(y), load(x)), y); });
//   hash_of(du, key + first);                                        // 32 random bits a lane, the same for vectors of any length

#if defined(OBLIGOR_ZOO_NET_VECTORS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_ZOO_NET_VECTORS_INL
#undef OBLIGOR_ZOO_NET_VECTORS_INL
#else
#define OBLIGOR_ZOO_NET_VECTORS_INL
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "zoo/net/step_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::net::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// f over whole vectors, then over what is left as one more, which is zero beyond the end; told where it is.
template <typename F>
HWY_INLINE void each_at(size_t n, const F& f) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    f([&](const float* x) HWY_ATTR { return hn::LoadU(d, x + i); }, [&](V v, float* y) HWY_ATTR { hn::StoreU(v, d, y + i); }, i);
  }
  if (i == n) return;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  const auto rest = hn::FirstN(d, n - i);  // these sets touch nothing beyond
  f([&](const float* x) HWY_ATTR { return hn::MaskedLoad(rest, d, x + i); }, [&](V v, float* y) HWY_ATTR { hn::BlendedStore(v, rest, d, y + i); }, i);
#else
  HWY_ALIGN float rest[hn::MaxLanes(D())];
  const size_t left = (n - i) * sizeof(float);
  f(
      [&](const float* x) HWY_ATTR {
        hn::Store(hn::Zero(d), d, rest);
        std::memcpy(rest, x + i, left);
        return hn::Load(d, rest);
      },
      [&](V v, float* y) HWY_ATTR {
        hn::Store(v, d, rest);
        std::memcpy(y + i, rest, left);
      },
      i);
#endif
}

template <typename F>
HWY_INLINE void each(size_t n, const F& f) {
  each_at(n, [&](const auto& load, const auto& store, size_t) HWY_ATTR { f(load, store); });
}

HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0F);
  const V e = hn::Exp(d, hn::Max(hn::Neg(hn::Abs(x)), hn::Set(d, -87.0F)));
  return hn::Div(hn::IfThenElse(hn::Ge(x, hn::Zero(d)), one, e), hn::Add(one, e));
}

// Wellons' search for integer hashes of low bias (lowbias32), of first, first + 1, ...
using DU = hn::RebindToUnsigned<D>;
HWY_INLINE hn::Vec<DU> hash_of(DU du, uint32_t first) {
  auto x = hn::Add(hn::Iota(du, 0), hn::Set(du, first));  // a constant, and a sum
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(du, 0x7FEB352DU));
  x = hn::Xor(x, hn::ShiftRight<15>(x));
  x = hn::Mul(x, hn::Set(du, 0x846CA68BU));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

// What dropout multiplies a number with: lane i of `first + i`.
HWY_INLINE V kept(const D d, size_t first, const Drop& drop) {
  const hn::RebindToUnsigned<D> du;
  const auto draw = hash_of(du, static_cast<uint32_t>(first) + drop.key);
  return hn::IfThenElseZero(hn::RebindMask(d, hn::Lt(draw, hn::Set(du, drop.limit))), hn::Set(d, drop.kept));
}

}  // namespace obligor::net::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
