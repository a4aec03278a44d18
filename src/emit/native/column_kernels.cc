// Elementwise kernels. Plain loops, which the compiler turns into vectors for each instruction set: the formulas are those of the
// reference interpreter, in double where it computes in double, and without contraction, so that the results are equal bit for bit.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/column_kernels.cc"
#include <cmath>
#include <cstring>

#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/gather-inl.h"
#include "emit/native/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLaneMultiple>;
using DI = hn::RebindToSigned<D>;

void special(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, const float* codes, size_t count) {
  const D d;
  const auto missing = hn::Set(d, __builtin_nanf(""));
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    auto kept = value;
    for (size_t k = 0; k < count; ++k) kept = hn::IfThenElse(hn::Eq(value, hn::Set(d, codes[k])), missing, kept);
    hn::StoreU(kept, d, y + i);
  }
}

void missing_flag(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] != x[i] ? 1.0F : 0.0F;
}

void impute(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, float value) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] != x[i] ? value : x[i];
}

void clip(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, float low, float high) {
  for (size_t i = 0; i < n; ++i) {
    const float capped = x[i] > high ? high : x[i];
    y[i] = x[i] < low ? low : capped;
  }
}

void scale(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, float shift, float factor) {
  const auto s = static_cast<double>(shift);
  const auto f = static_cast<double>(factor);
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<float>((static_cast<double>(x[i]) - s) * f);
}

// How many values of a short list are <= x: every comparison for every row, a vector of rows at a time.
constexpr size_t kShortList = 4 * kLaneMultiple;

HWY_INLINE void count_short(const float* HWY_RESTRICT x, int32_t* HWY_RESTRICT count, size_t n, const SearchList& list) {
  const D d;
  const DI di;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    auto total = hn::Zero(di);
    for (size_t k = 0; k < list.size; ++k) {
      total = hn::Sub(total, hn::VecFromMask(di, hn::RebindMask(di, hn::Le(hn::Set(d, list.blocks[k]), value))));
    }
    hn::StoreU(total, di, count + i);
  }
}

HWY_INLINE size_t count_block(const float* HWY_RESTRICT block, float x) {
  const D d;
  const auto value = hn::Set(d, x);
  size_t count = 0;
  for (size_t k = 0; k < kLaneMultiple; k += hn::Lanes(d)) count += hn::CountTrue(d, hn::Le(hn::LoadU(d, block + k), value));
  return count;
}

// A long list: the pivots say which block, the block says where. Beyond kShortList blocks the pivots are halved first.
HWY_INLINE size_t count_long(const SearchList& list, float x) {
  const float* pivots = list.pivots.data();
  size_t begin = 0;
  size_t length = list.pivots.size();
  while (length > kShortList) {
    const size_t half = length / 2 / kLaneMultiple * kLaneMultiple;
    begin += pivots[begin + half - 1] <= x ? half : 0;
    length -= half;
  }
  size_t block = begin;
  for (size_t k = 0; k < length; k += kLaneMultiple) block += count_block(pivots + begin + k, x);
  return block * kLaneMultiple + count_block(list.blocks.data() + block * kLaneMultiple, x);
}

HWY_INLINE void count_list(const float* HWY_RESTRICT x, int32_t* HWY_RESTRICT count, size_t n, const SearchList& list) {
  if (list.size <= kShortList) {
    count_short(x, count, n, list);
    return;
  }
  for (size_t i = 0; i < n; ++i) count[i] = static_cast<int32_t>(count_long(list, x[i]));
}

// Searches the rows alone, not the padding: for one row of a wide table that is most of the work.
void interpolate(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, Tile tile, const Knots& knots) {
  int32_t count[kTileRows];
  double from[kTileRows];
  double base[kTileRows];
  double width[kTileRows];
  double rise[kTileRows];
  const auto most = static_cast<int32_t>(knots.segments.size());
  if (knots.list.size <= kShortList) {
    count_short(x, count, tile.stride, knots.list);
  } else {
    for (size_t i = 0; i < tile.rows; ++i) count[i] = static_cast<int32_t>(count_long(knots.list, x[i]));
  }
  const Segment* HWY_RESTRICT segments = knots.segments.data();
  for (size_t i = 0; i < tile.rows; ++i) {
    const Segment& segment = segments[HWY_MAX(1, HWY_MIN(count[i], most)) - 1];
    from[i] = static_cast<double>(segment.value);
    base[i] = static_cast<double>(segment.knot);
    width[i] = segment.width;
    rise[i] = segment.rise;
  }
  for (size_t i = 0; i < tile.rows; ++i) {
    const double share = (static_cast<double>(x[i]) - base[i]) / width[i];
    const auto inside = static_cast<float>(from[i] + share * rise[i]);
    const float below = x[i] <= knots.first ? knots.low : inside;
    const float value = x[i] >= knots.last && !(x[i] <= knots.first) ? knots.high : below;
    y[i] = x[i] != x[i] ? x[i] : value;
  }
}

void piecewise_linear(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, const float* edges, size_t pieces) {
  for (size_t t = 0; t < pieces; ++t) {
    const auto a = static_cast<double>(edges[t]);
    const double width = static_cast<double>(edges[t + 1]) - a;
    float* HWY_RESTRICT out = y + t * n;
    for (size_t i = 0; i < n; ++i) {
      const double share = (static_cast<double>(x[i]) - a) / width;
      const double low = share < 0.0 ? 0.0 : share;
      const double kept = low > 1.0 ? 1.0 : low;
      out[i] = x[i] != x[i] ? 0.0F : static_cast<float>(kept);
    }
  }
}

void bin(const float* HWY_RESTRICT x, int32_t* HWY_RESTRICT y, size_t n, const Bins& bins) {
  count_list(x, y, n, bins.thresholds);
  const D d;
  const DI di;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    auto code = hn::LoadU(di, y + i);
    // From the last to the first, so that the first of equal special codes stands.
    for (size_t k = bins.specials.size(); k-- > 0;) {
      const auto is = hn::RebindMask(di, hn::Eq(value, hn::Set(d, bins.specials[k])));
      code = hn::IfThenElse(is, hn::Set(di, bins.missing + 1 + static_cast<int32_t>(k)), code);
    }
    code = hn::IfThenElse(hn::RebindMask(di, hn::IsNaN(value)), hn::Set(di, bins.missing), code);
    hn::StoreU(code, di, y + i);
  }
}

void weighted_sum(const float* const* x, const float* weights, size_t parts, float* HWY_RESTRICT y, size_t n) {
  double total[kTileRows];
  for (size_t begin = 0; begin < n; begin += kTileRows) {
    const size_t rows = HWY_MIN(kTileRows, n - begin);
    std::memset(total, 0, sizeof(total));
    for (size_t p = 0; p < parts; ++p) {
      const auto weight = static_cast<double>(weights[p]);
      const float* HWY_RESTRICT part = x[p] + begin;
      for (size_t i = 0; i < rows; ++i) total[i] += weight * static_cast<double>(part[i]);
    }
    for (size_t i = 0; i < rows; ++i) y[begin + i] = static_cast<float>(total[i]);
  }
}

void gathered_sum(const GatherData& gathered, const int32_t* codes, size_t width, float* HWY_RESTRICT y, Tile tile) {
  for (size_t r = 0; r < tile.rows; ++r) gathered_row(gathered, codes + r, tile.stride, width, y + r, tile.stride);
}

void multiply(const float* HWY_RESTRICT x, const float* HWY_RESTRICT z, float* HWY_RESTRICT y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<float>(static_cast<double>(x[i]) * static_cast<double>(z[i]));
}

void normalise(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t stride, size_t group, const float* gain, const float* shift,
               double epsilon) {
  double mean[kTileRows];
  double deviation[kTileRows];
  const auto count = static_cast<double>(group);
  for (size_t begin = 0; begin < stride; begin += kTileRows) {
    const size_t rows = HWY_MIN(kTileRows, stride - begin);
    for (size_t i = 0; i < rows; ++i) mean[i] = 0;
    for (size_t c = 0; c < group; ++c) {
      const float* HWY_RESTRICT column = x + c * stride + begin;
      for (size_t i = 0; i < rows; ++i) mean[i] += static_cast<double>(column[i]);
    }
    for (size_t i = 0; i < rows; ++i) mean[i] /= count;
    for (size_t i = 0; i < rows; ++i) deviation[i] = 0;
    for (size_t c = 0; c < group; ++c) {
      const float* HWY_RESTRICT column = x + c * stride + begin;
      for (size_t i = 0; i < rows; ++i) {
        const double distance = static_cast<double>(column[i]) - mean[i];
        deviation[i] += distance * distance;
      }
    }
    for (size_t i = 0; i < rows; ++i) deviation[i] = std::sqrt(deviation[i] / count + epsilon);
    for (size_t c = 0; c < group; ++c) {
      const float* HWY_RESTRICT column = x + c * stride + begin;
      float* HWY_RESTRICT out = y + c * stride + begin;
      const auto by = static_cast<double>(gain[c]);
      const auto to = static_cast<double>(shift[c]);
      for (size_t i = 0; i < rows; ++i) {
        const double unit = (static_cast<double>(column[i]) - mean[i]) / deviation[i];
        out[i] = static_cast<float>(unit * by + to);
      }
    }
  }
}

void points(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t n, double factor, double offset, bool rounds) {
  for (size_t i = 0; i < n; ++i) {
    const double exact = offset - factor * static_cast<double>(x[i]);
    y[i] = static_cast<float>(rounds ? std::round(exact) : exact);
  }
}

// The largest or the last of the steps that are there. Each channel apart, a vector of rows at a time.
template <bool kLargest>
HWY_INLINE void pool_one(const float* HWY_RESTRICT x, const float* HWY_RESTRICT present, float* HWY_RESTRICT y, size_t stride, size_t steps,
                         size_t channels) {
  const D d;
  const auto zero = hn::Zero(d);
  for (size_t r = 0; r < stride; r += hn::Lanes(d)) {
    for (size_t c = 0; c < channels; ++c) {
      auto chosen = zero;
      auto any = hn::Ne(zero, zero);
      for (size_t t = 0; t < steps; ++t) {
        const auto value = hn::LoadU(d, x + (t * channels + c) * stride + r);
        auto takes = hn::Gt(hn::LoadU(d, present + t * stride + r), zero);
        if constexpr (kLargest) {
          const auto better = hn::Or(hn::Gt(value, chosen), hn::IsNaN(value));
          const auto first = hn::AndNot(any, takes);
          any = hn::Or(any, takes);
          takes = hn::Or(first, hn::And(takes, better));
        }
        chosen = hn::IfThenElse(takes, value, chosen);
      }
      hn::StoreU(chosen, d, y + c * stride + r);
    }
  }
}

// Their sum or mean: in double, a line of rows at a time, so that its sums stay near.
void pool_sum(const float* HWY_RESTRICT x, const float* HWY_RESTRICT present, float* HWY_RESTRICT y, size_t stride, size_t steps, size_t channels,
              bool is_mean) {
  for (size_t r = 0; r < stride; r += kLaneMultiple) {
    double count[kLaneMultiple] = {};
    for (size_t t = 0; t < steps; ++t) {
      for (size_t i = 0; i < kLaneMultiple; ++i) count[i] += present[t * stride + r + i] > 0 ? 1.0 : 0.0;
    }
    for (size_t c = 0; c < channels; ++c) {
      double total[kLaneMultiple] = {};
      for (size_t t = 0; t < steps; ++t) {
        const float* HWY_RESTRICT value = x + (t * channels + c) * stride + r;
        const float* HWY_RESTRICT seen = present + t * stride + r;
        for (size_t i = 0; i < kLaneMultiple; ++i) total[i] = seen[i] > 0 ? total[i] + static_cast<double>(value[i]) : total[i];
      }
      float* HWY_RESTRICT out = y + c * stride + r;
      for (size_t i = 0; i < kLaneMultiple; ++i) {
        const double mean = count[i] > 0 ? total[i] / count[i] : 0.0;
        out[i] = static_cast<float>(is_mean ? mean : total[i]);
      }
    }
  }
}

void pool(const float* x, const float* present, float* y, size_t stride, size_t steps, size_t channels, Pooling pooling) {
  switch (pooling) {
    case Pooling::kMax: pool_one<true>(x, present, y, stride, steps, channels); return;
    case Pooling::kLast: pool_one<false>(x, present, y, stride, steps, channels); return;
    case Pooling::kMean: pool_sum(x, present, y, stride, steps, channels, true); return;
    case Pooling::kSum: pool_sum(x, present, y, stride, steps, channels, false); return;
    case Pooling::kUnknown: return;  // verify() lets none through
  }
}

const ColumnKernels* get_column_kernels() {
  static constexpr ColumnKernels kernels{special, missing_flag, impute,       clip,     scale,     interpolate, piecewise_linear,
                                         bin,     weighted_sum, gathered_sum, multiply, normalise, points,      pool};
  return &kernels;
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
const ColumnKernels& column_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_column_kernels); }
}  // namespace obligor::native
#endif
