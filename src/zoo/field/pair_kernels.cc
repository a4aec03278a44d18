#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "zoo/field/pair_kernels.cc"
#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <limits>

#include "core/simd_dispatch.h"
#include "zoo/field/pair_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::field::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLineFloats>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kFlagBytes = (kLanes + 7) / 8;
// Vectors of pairs beside each other: as many sums as there are registers for.
constexpr size_t kBeside = kLanes == kLineFloats ? 2 : 1;
constexpr size_t kUnits = 8;  // at once

// The pairs in whole vectors.
size_t end_of(const PairWork& w) { return (w.pairs + kLanes - 1) / kLanes * kLanes; }

// The functions that store flags want eight bytes.
size_t flat_bytes(const PairWork& w) { return end_of(w) / kLanes * w.units * kFlagBytes + 8; }

size_t count_flat(const PairWork& w, size_t units, const uint8_t* flat) {
  const D d;
  size_t count = 0;
  for (size_t p = 0; p < w.pairs; p += kLanes) {
    const auto pairs = hn::FirstN(d, w.pairs - p);
    for (size_t u = 0; u < units; ++u) {
      count += hn::CountTrue(d, hn::And(pairs, hn::LoadMaskBits(d, flat + (p / kLanes * w.units + u) * kFlagBytes)));
    }
  }
  return count;
}

// Four vectors of four numbers to four of the first numbers, the second ones, ...
HWY_INLINE void turn_four(const float* HWY_RESTRICT from, size_t width, float* HWY_RESTRICT to, size_t line) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t c = 0; c < 4; ++c) {
    for (size_t f = 0; f < 4; ++f) to[c * line + f] = from[f * width + c];
  }
#else
  const hn::Full128<float> d;
  const auto first = hn::Load(d, from);
  const auto second = hn::Load(d, from + width);
  const auto third = hn::Load(d, from + 2 * width);
  const auto fourth = hn::Load(d, from + 3 * width);
  const auto low_odd = hn::InterleaveLower(d, first, third);
  const auto low_even = hn::InterleaveLower(d, second, fourth);
  const auto high_odd = hn::InterleaveUpper(d, first, third);
  const auto high_even = hn::InterleaveUpper(d, second, fourth);
  hn::Store(hn::InterleaveLower(d, low_odd, low_even), d, to);
  hn::Store(hn::InterleaveUpper(d, low_odd, low_even), d, to + line);
  hn::Store(hn::InterleaveLower(d, high_odd, high_even), d, to + 2 * line);
  hn::Store(hn::InterleaveUpper(d, high_odd, high_even), d, to + 3 * line);
#endif
}

HWY_INLINE void store_by_fours(const V (&parts)[4], float* HWY_RESTRICT to) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t u = 0; u < 4; ++u) to[u] = hn::GetLane(parts[u]);
#else
  hn::StoreInterleaved4(parts[0], parts[1], parts[2], parts[3], D(), to);
#endif
}

// w.vectors and w.across.
void gather(const PairWork& w, const float* HWY_RESTRICT row) {
  const D d;
  for (size_t f = 0; f < w.fields; ++f) {
    const float* HWY_RESTRICT from = row + w.places[f];
    float* HWY_RESTRICT to = w.vectors + f * w.width;
    size_t c = 0;
    for (; c + kLanes <= w.k; c += kLanes) hn::Store(hn::LoadU(d, from + c), d, to + c);
    for (; c < w.k; ++c) to[c] = from[c];
  }
  for (size_t f = 0; f < w.fields; f += 4) {
    for (size_t c = 0; c < w.k; c += 4) turn_four(w.vectors + f * w.width + c, w.width, w.across + c * w.line + f, w.line);
  }
}

// The products of field i stand before those of field i + 1, which overwrite what a last vector has too much.
void multiply_pairs(const PairWork& w) {
  const D d;
  for (size_t c = 0; c < w.k; ++c) {
    const float* HWY_RESTRICT x = w.across + c * w.line;
    float* HWY_RESTRICT to = w.products + c * w.span;
    for (size_t i = 0; i + 1 < w.fields; ++i) {
      const V first = hn::Set(d, x[i]);
      const size_t count = w.fields - 1 - i;
      for (size_t j = 0; j < count; j += kLanes) hn::StoreU(hn::Mul(first, hn::LoadU(d, x + i + 1 + j)), d, to + j);
      to += count;
    }
  }
}

// What `count` units from `unit` on add to the scores of the pairs from p on.
template <size_t count, size_t beside>
HWY_INLINE void score(const PairWork& w, size_t unit, size_t p, float* HWY_RESTRICT scores, uint8_t* flat) {
  const D d;
  V z[count][beside];
  for (size_t u = 0; u < count; ++u) {
    for (size_t v = 0; v < beside; ++v) z[u][v] = hn::Set(d, w.bias[unit + u]);
  }
  const float* HWY_RESTRICT weights = w.weights + unit * w.width;
  const float* HWY_RESTRICT products = w.products + p;
  for (size_t c = 0; c < w.k; ++c, products += w.span) {
    V x[beside];
    for (size_t v = 0; v < beside; ++v) x[v] = hn::Load(d, products + v * kLanes);
    for (size_t u = 0; u < count; ++u) {
      const V weight = hn::Set(d, weights[u * w.width + c]);
      for (size_t v = 0; v < beside; ++v) z[u][v] = hn::MulAdd(weight, x[v], z[u][v]);
    }
  }
  for (size_t v = 0; v < beside; ++v) {
    V sum = unit == 0 ? hn::Zero(d) : hn::Load(d, scores + p + v * kLanes);
    for (size_t u = 0; u < count; ++u) {
      const auto is_flat = hn::Le(z[u][v], hn::Zero(d));  // what is not a number is not
      sum = hn::MulAdd(hn::Set(d, w.head[unit + u]), hn::IfThenZeroElse(is_flat, z[u][v]), sum);
      if (flat != nullptr) hn::StoreMaskBits(d, is_flat, flat + ((p / kLanes + v) * w.units + unit + u) * kFlagBytes);
    }
    hn::Store(sum, d, scores + p + v * kLanes);
  }
}

template <size_t count>
HWY_INLINE void score_all(const PairWork& w, size_t unit, float* scores, uint8_t* flat) {
  const size_t end = end_of(w);
  size_t p = 0;
  for (; p + kBeside * kLanes <= end; p += kBeside * kLanes) score<count, kBeside>(w, unit, p, scores, flat);
  for (; p < end; p += kLanes) score<count, 1>(w, unit, p, scores, flat);
}

void softmax(const PairWork& w, float* scores) {
  const D d;
  const size_t end = end_of(w);
  std::fill(scores + w.pairs, scores + end, std::numeric_limits<float>::lowest());
  V highest = hn::Load(d, scores);
  for (size_t p = kLanes; p < end; p += kLanes) highest = hn::Max(highest, hn::Load(d, scores + p));
  highest = hn::MaxOfLanes(d, highest);
  V total = hn::Zero(d);
  for (size_t p = 0; p < end; p += kLanes) {
    const V e = hn::Exp(d, hn::Sub(hn::Load(d, scores + p), highest));
    total = hn::Add(total, e);
    hn::Store(e, d, scores + p);
  }
  const V share = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, total));
  for (size_t p = 0; p < end; p += kLanes) hn::Store(hn::Mul(hn::Load(d, scores + p), share), d, scores + p);
  std::fill(scores + w.pairs, scores + end, 0.0F);
}

// sum over i of e_i * (sum over j > i of share_ij e_j)
void pool(const PairWork& w, const float* HWY_RESTRICT shares) {
  const D d;
  for (size_t c = 0; c < w.k; c += kLanes) {
    const float* HWY_RESTRICT vectors = w.vectors + c;
    V total = hn::Zero(d);
    const float* HWY_RESTRICT share = shares;
    for (size_t i = 0; i + 1 < w.fields; ++i) {
      V sum = hn::Zero(d);
      for (size_t j = i + 1; j < w.fields; ++j) sum = hn::MulAdd(hn::Set(d, *share++), hn::Load(d, vectors + j * w.width), sum);
      total = hn::MulAdd(hn::Load(d, vectors + i * w.width), sum, total);
    }
    hn::Store(total, d, w.pooled + c);
  }
}

void forward(const PairWork& w, const float* row, float* shares, uint8_t* flat) {
  gather(w, row);
  multiply_pairs(w);
  size_t unit = 0;
  for (; unit + kUnits <= w.units; unit += kUnits) score_all<kUnits>(w, unit, shares, flat);
  for (; unit < w.units; unit += 4) score_all<4>(w, unit, shares, flat);
  softmax(w, shares);
  pool(w, shares);
}

// The slopes of the scores: share (d_share - mean of d_share by share), d_share_ij = d_pooled . (e_i * e_j).
void score_slopes(const PairWork& w, const float* HWY_RESTRICT shares) {
  const D d;
  HWY_ALIGN float weighted[kLineFloats];
  size_t p = 0;
  for (size_t i = 0; i + 1 < w.fields; ++i) {
    const size_t count = w.fields - 1 - i;
    for (size_t begin = 0; begin < w.k; begin += kLineFloats) {
      const size_t numbers = std::min(kLineFloats, w.k - begin);
      for (size_t c = 0; c < filled_up(numbers, 4); c += kLanes) {  // zeros beyond k
        hn::Store(hn::Mul(hn::Load(d, w.d_pooled + begin + c), hn::Load(d, w.vectors + i * w.width + begin + c)), d, weighted + c);
      }
      for (size_t j = 0; j < count; j += kLanes) {
        const float* HWY_RESTRICT x = w.across + begin * w.line + i + 1 + j;
        V sum = begin == 0 ? hn::Zero(d) : hn::LoadU(d, w.d_scores + p + j);
        for (size_t c = 0; c < numbers; c += 4, x += 4 * w.line) {
          const V first = hn::MulAdd(hn::Set(d, weighted[c]), hn::LoadU(d, x), sum);
          const V second = hn::Mul(hn::Set(d, weighted[c + 1]), hn::LoadU(d, x + w.line));
          const V third = hn::MulAdd(hn::Set(d, weighted[c + 2]), hn::LoadU(d, x + 2 * w.line), first);
          const V fourth = hn::MulAdd(hn::Set(d, weighted[c + 3]), hn::LoadU(d, x + 3 * w.line), second);
          sum = hn::Add(third, fourth);
        }
        hn::StoreU(sum, d, w.d_scores + p + j);
      }
    }
    p += count;
  }
  const size_t end = end_of(w);
  V mean = hn::Zero(d);
  for (p = 0; p < end; p += kLanes) mean = hn::MulAdd(hn::Load(d, shares + p), hn::Load(d, w.d_scores + p), mean);
  mean = hn::SumOfLanes(d, mean);
  for (p = 0; p < end; p += kLanes) {
    hn::Store(hn::Mul(hn::Load(d, shares + p), hn::Sub(hn::Load(d, w.d_scores + p), mean)), d, w.d_scores + p);
  }
}

// by_unit[u] += slope_u of a pair times the vector of its other field, and `mixed` += share times that vector.
template <size_t count>
struct Sums {
  V by_unit[count];
  V mixed;
  HWY_INLINE void clear() {
    for (size_t u = 0; u < count; ++u) by_unit[u] = hn::Zero(D());
    mixed = hn::Zero(D());
  }
  // slopes: four units a pair, and the next four units so many numbers on.
  HWY_INLINE void add(const float* HWY_RESTRICT slopes, size_t next, float share, V vector) {
    for (size_t u = 0; u < count; ++u) by_unit[u] = hn::MulAdd(hn::Set(D(), slopes[u / 4 * next + u % 4]), vector, by_unit[u]);
    mixed = hn::MulAdd(hn::Set(D(), share), vector, mixed);
  }
};

// w.slopes of four units: four numbers a pair.
HWY_INLINE void slopes_of_four(const PairWork& w, size_t unit, const uint8_t* HWY_RESTRICT flat, float* HWY_RESTRICT slopes) {
  const D d;
  float* HWY_RESTRICT unit_slopes = w.unit_slopes + unit * kLineFloats;
  float* HWY_RESTRICT unit_squares = w.unit_squares + unit * kLineFloats;
  V sums[4];
  V squares[4];
  for (size_t u = 0; u < 4; ++u) {
    sums[u] = hn::Load(d, unit_slopes + u * kLineFloats);
    squares[u] = hn::Load(d, unit_squares + u * kLineFloats);
  }
  const size_t end = end_of(w);
  for (size_t p = 0; p < end; p += kLanes) {
    const V slope = hn::Load(d, w.d_scores + p);
    const uint8_t* HWY_RESTRICT flags = flat + (p / kLanes * w.units + unit) * kFlagBytes;
    V by_unit[4];
    for (size_t u = 0; u < 4; ++u) {
      by_unit[u] = hn::IfThenZeroElse(hn::LoadMaskBits(d, flags + u * kFlagBytes), slope);
      sums[u] = hn::Add(sums[u], by_unit[u]);
      squares[u] = hn::MulAdd(by_unit[u], by_unit[u], squares[u]);
    }
    store_by_fours(by_unit, slopes + 4 * p);
  }
  for (size_t u = 0; u < 4; ++u) {
    hn::Store(sums[u], d, unit_slopes + u * kLineFloats);
    hn::Store(squares[u], d, unit_squares + u * kLineFloats);
  }
}

// d e_i = d_pooled * sum over j of share_ij e_j + sum over units of W_u h_u * sum over j of slope_u,ij e_j, and from the same sums over j > i
// what the gradient of W_u needs.
template <size_t count>
HWY_INLINE void back_through(const PairWork& w, size_t unit, const float* HWY_RESTRICT shares, const uint8_t* HWY_RESTRICT flat) {
  const D d;
  const size_t next = 4 * w.span;
  for (size_t u = 0; u < count; u += 4) slopes_of_four(w, unit + u, flat, w.slopes + u / 4 * next);
  for (size_t c = 0; c < w.k; c += kLanes) {
    const float* HWY_RESTRICT vectors = w.vectors + c;
    float* HWY_RESTRICT unit_products = w.unit_products + unit * w.width + c;
    V products[count];
    for (size_t u = 0; u < count; ++u) products[u] = hn::Load(d, unit_products + u * w.width);
    size_t p = 0;  // of the pairs (i, j > i)
    for (size_t i = 0; i < w.fields; ++i) {
      Sums<count> sums;
      sums.clear();
      for (size_t j = i + 1; j < w.fields; ++j, ++p) sums.add(w.slopes + 4 * p, next, shares[p], hn::Load(d, vectors + j * w.width));
      const V own = hn::Load(d, vectors + i * w.width);
      for (size_t u = 0; u < count; ++u) products[u] = hn::MulAdd(own, sums.by_unit[u], products[u]);
      size_t before = i - 1;  // of the pairs (j < i, i)
      for (size_t j = 0; j < i; before += w.fields - 2 - j, ++j) {
        sums.add(w.slopes + 4 * before, next, shares[before], hn::Load(d, vectors + j * w.width));
      }
      float* HWY_RESTRICT to = w.d_vectors + i * w.width + c;
      V slope = unit == 0 ? hn::Mul(hn::Load(d, w.d_pooled + c), sums.mixed) : hn::Load(d, to);
      for (size_t u = 0; u < count; ++u) slope = hn::MulAdd(hn::Load(d, w.scaled + (unit + u) * w.width + c), sums.by_unit[u], slope);
      hn::Store(slope, d, to);
    }
    for (size_t u = 0; u < count; ++u) hn::Store(products[u], d, unit_products + u * w.width);
  }
}

void backward(const PairWork& w, const float* row, const float* shares, const uint8_t* flat) {
  gather(w, row);
  score_slopes(w, shares);
  size_t unit = 0;
  for (; unit + kUnits <= w.units; unit += kUnits) back_through<kUnits>(w, unit, shares, flat);
  for (; unit < w.units; unit += 4) back_through<4>(w, unit, shares, flat);
}

}  // namespace

const PairKernels* get_pair_kernels() {
  static constexpr PairKernels kKernels{flat_bytes, count_flat, forward, backward};
  return &kKernels;
}

}  // namespace obligor::field::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::field {

const PairKernels& pair_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_pair_kernels); }

}  // namespace obligor::field
#endif
