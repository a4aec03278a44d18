#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/belief/pretrain_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "zoo/belief/pretrain_kernels.h"
#include "zoo/net/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::belief::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using net::HWY_NAMESPACE::D;
using net::HWY_NAMESPACE::DU;
using net::HWY_NAMESPACE::each;
using net::HWY_NAMESPACE::each_at;
using net::HWY_NAMESPACE::hash_of;

void visible(size_t rows, size_t width, const float* bias, const float* number, float* z) {
  const D d;
  const auto zero = hn::Zero(d);
  for (size_t r = 0; r < rows; ++r, z += width) {
    each(width, [&](const auto& load, const auto& store) HWY_ATTR {
      const auto x = hn::Add(load(z), load(bias));
      store(hn::IfThenElse(hn::Gt(load(number), zero), x, net::HWY_NAMESPACE::sigmoid(d, x)), z);
    });
  }
}

void draw(size_t n, uint32_t key, const float* p, float* out) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto one = hn::Set(d, 1.0F);
  const auto unit = hn::Set(d, 1.0F / 16777216.0F);  // 24 bits: [0, 1), each of them a float32
  each_at(n, [&](const auto& load, const auto& store, size_t i) HWY_ATTR {
    const auto bits = hn::ShiftRight<8>(hash_of(DU(), key + static_cast<uint32_t>(i)));
    const auto uniform = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, bits)), unit);
    store(hn::IfThenElseZero(hn::Lt(uniform, load(p)), one), out);
  });
}

void descend(size_t n, float momentum, float rate, float decay, const float* down, float* step, float* value) {
  const D d;
  const auto kept = hn::Set(d, momentum);
  const auto size = hn::Set(d, rate);
  const auto lost = hn::Set(d, decay);
  each(n, [&](const auto& load, const auto& store) HWY_ATTR {
    const auto x = load(value);
    const auto move = hn::NegMulAdd(size, hn::MulAdd(lost, x, load(down)), hn::Mul(kept, load(step)));
    store(move, step);
    store(hn::Add(x, move), value);
  });
}

}  // namespace

const PretrainKernels* get_pretrain_kernels() {
  static constexpr PretrainKernels kKernels{visible, draw, descend};
  return &kKernels;
}

}  // namespace obligor::belief::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::belief {

const PretrainKernels& pretrain_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_pretrain_kernels); }

}  // namespace obligor::belief
#endif
