// One row: the whole list of steps in one function, so that a step is a jump and not a call.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "emit/native/row_kernels.cc"
#include <bit>
#include <cmath>
#include <cstring>

#include "core/simd_sets.h"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd_dispatch.h"
#include "emit/native/activations-inl.h"
#include "emit/native/gather-inl.h"
#include "emit/native/row.h"
#include "emit/native/row_blocks-inl.h"
#include "emit/native/row_maps-inl.h"
#include "emit/native/row_steps-inl.h"
#include "emit/native/walk-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// How many values of the list are <= x. The pivots say which block, the block says where.
HWY_INLINE size_t count_in_block(const float* HWY_RESTRICT block, float x) {
  const D d;
  const auto value = hn::Set(d, x);
  size_t count = 0;
  for (size_t k = 0; k < kLaneMultiple; k += hn::Lanes(d)) count += hn::CountTrue(d, hn::Le(hn::LoadU(d, block + k), value));
  return count;
}

HWY_INLINE size_t count_list(const SearchList& list, float x) {
  if (list.size <= kLaneMultiple) return list.size == 0 ? 0 : count_in_block(list.blocks.data(), x);
  constexpr size_t kFew = 4 * kLaneMultiple;
  const float* pivots = list.pivots.data();
  size_t begin = 0;
  size_t length = list.pivots.size();
  while (length > kFew) {
    const size_t half = length / 2 / kLaneMultiple * kLaneMultiple;
    begin += pivots[begin + half - 1] <= x ? half : 0;
    length -= half;
  }
  size_t block = begin;
  for (size_t k = 0; k < length; k += kLaneMultiple) block += count_in_block(pivots + begin + k, x);
  return block * kLaneMultiple + count_in_block(list.blocks.data() + block * kLaneMultiple, x);
}

HWY_INLINE float interpolate(const Knots& knots, float x) {
  const auto most = static_cast<ptrdiff_t>(knots.segments.size());
  const auto count = static_cast<ptrdiff_t>(count_list(knots.list, x));
  const Segment& segment = knots.segments[static_cast<size_t>(HWY_MAX(ptrdiff_t{1}, HWY_MIN(count, most)) - 1)];
  const double share = (static_cast<double>(x) - static_cast<double>(segment.knot)) / segment.width;
  const auto inside = static_cast<float>(static_cast<double>(segment.value) + share * segment.rise);
  const float below = x <= knots.first ? knots.low : inside;
  const float value = x >= knots.last && !(x <= knots.first) ? knots.high : below;
  return x != x ? x : value;
}

HWY_INLINE int32_t bin(const Bins& bins, float x) {
  if (x != x) return bins.missing;
  for (size_t k = 0; k < bins.specials.size(); ++k) {
    if (x == bins.specials[k]) return bins.missing + 1 + static_cast<int32_t>(k);
  }
  return static_cast<int32_t>(count_list(bins.thresholds, x));
}

HWY_INLINE void piecewise_linear(const float* edges, float x, size_t pieces, float* y) {
  for (size_t t = 0; t < pieces; ++t) {
    const auto a = static_cast<double>(edges[t]);
    const double share = (static_cast<double>(x) - a) / (static_cast<double>(edges[t + 1]) - a);
    const double low = share < 0.0 ? 0.0 : share;
    y[t] = x != x ? 0.0F : static_cast<float>(low > 1.0 ? 1.0 : low);
  }
}

#if HWY_TARGET <= HWY_AVX3
// The values of sixteen nodes out of registers, or out of the row where the ensemble looks at too many columns.
template <size_t kTables>
struct Values {
  __m512 table[kTables == 0 ? 1 : kTables];
  const float* x;

  HWY_INLINE explicit Values(const float* row) : x(row) {
    for (size_t t = 0; t < kTables; ++t) table[t] = _mm512_loadu_ps(row + t * kLaneMultiple);
  }
  HWY_INLINE __m512 pick(const LaneTrees& lanes, size_t begin) const {
    const __m512i at = kTables == 0 ? _mm512_load_si512(lanes.features.data() + begin)
                                    : _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(lanes.places.data() + begin)));
    if constexpr (kTables == 2) {
      return _mm512_permutex2var_ps(table[0], at, table[1]);
    } else if constexpr (kTables == 4) {
      const __mmask16 high = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
      return _mm512_mask_blend_ps(high, _mm512_permutex2var_ps(table[0], at, table[1]), _mm512_permutex2var_ps(table[2], at, table[3]));
    } else {
      return _mm512_i32gather_ps(at, x, 4);
    }
  }
};

template <size_t kTables, bool kMissing>
HWY_INLINE __m512i group_bits(const LaneTrees& lanes, const LaneGroup& group, const Values<kTables>& values) {
  // Two chains of AND, so that one waits while the other goes on.
  __m512i bits[2] = {_mm512_set1_epi32(-1), _mm512_set1_epi32(-1)};
  const auto step = [&](uint32_t s, __m512i& some) {
    const size_t at = static_cast<size_t>(s) * kLaneMultiple;
    const __m512 x = values.pick(lanes, at);
    __mmask16 right = _mm512_cmp_ps_mask(x, _mm512_load_ps(lanes.thresholds.data() + at), _CMP_NLE_UQ);
    if constexpr (kMissing) {
      right = static_cast<__mmask16>(right & (lanes.missing_right[s] | _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q)));
    }
    some = _mm512_mask_and_epi32(some, right, some, _mm512_load_si512(lanes.keep.data() + at));
  };
  uint32_t s = group.begin;
  for (; s + 2 <= group.end; s += 2) {
    step(s, bits[0]);
    step(s + 1, bits[1]);
  }
  if (s < group.end) step(s, bits[0]);
  return _mm512_and_si512(bits[0], bits[1]);
}

template <size_t kTables, bool kMissing>
float lane_sum(const PackedTrees& trees, const float* x, const Values<kTables>& values) {
  const LaneTrees& lanes = trees.lanes;
  const size_t words = lanes.first_word.size();
  HWY_ALIGN uint32_t bits[kLaneMultiple];
  double total = 0;
  size_t word = 0;
  bool open = true;  // no word of this tree has held the leaf yet
  for (const LaneGroup& group : lanes.groups) {
    _mm512_store_si512(bits, group_bits<kTables, kMissing>(lanes, group, values));
    for (uint32_t c = group.category_begin; c < group.category_end; ++c) {
      const LaneCategory& category = lanes.categories[c];
      if (!category_goes_left(trees, category.node, x[category.node.feature])) bits[category.lane] &= category.node.keep;
    }
    const size_t count = HWY_MIN(kLaneMultiple, words - word);
    const float* leaves = trees.leaves.data() + word * 32;
    if (lanes.one_word) {
      for (size_t l = 0; l < count; ++l) total += static_cast<double>(leaves[l * 32 + static_cast<size_t>(std::countr_zero(bits[l]))]);
    } else {
      for (size_t l = 0; l < count; ++l) {
        open = open || lanes.first_word[word + l] != 0;
        const bool here = open && bits[l] != 0;
        const float leaf = leaves[l * 32 + static_cast<size_t>(std::countr_zero(bits[l] | 0x80000000U))];
        total += here ? static_cast<double>(leaf) : 0.0;
        open = open && !here;
      }
    }
    word += count;
  }
  return static_cast<float>(total);
}

template <size_t kTables>
HWY_INLINE float lane_trees(const PackedTrees& trees, const float* x) {
  const std::vector<uint32_t>& used = trees.lanes.used;
  bool missing = false;
  if constexpr (kTables == 0) {
    for (const uint32_t column : used) missing = missing || x[column] != x[column];
    const Values<0> values(x);
    return missing ? lane_sum<0, true>(trees, x, values) : lane_sum<0, false>(trees, x, values);
  } else {
    HWY_ALIGN float row[kTables * kLaneMultiple] = {};
    for (size_t i = 0; i < used.size(); ++i) row[i] = x[used[i]];
    __mmask16 holes = 0;
    for (size_t t = 0; t < kTables; ++t) {
      const __m512 some = _mm512_load_ps(row + t * kLaneMultiple);
      holes |= _mm512_cmp_ps_mask(some, some, _CMP_UNORD_Q);
    }
    missing = holes != 0;
    const Values<kTables> values(row);
    return missing ? lane_sum<kTables, true>(trees, x, values) : lane_sum<kTables, false>(trees, x, values);
  }
}

HWY_INLINE float row_trees(const PackedTrees& trees, const float* x) {
  if (trees.lanes.groups.empty()) return walk_row(trees, x, 1);
  if (trees.lanes.used.size() <= kLaneFeatures / 2) return lane_trees<2>(trees, x);
  if (trees.lanes.used.size() <= kLaneFeatures) return lane_trees<4>(trees, x);
  return lane_trees<0>(trees, x);
}
#else
// Without registers that hold a row, picking the values costs more than a walk.
HWY_INLINE float row_trees(const PackedTrees& trees, const float* x) { return walk_row(trees, x, 1); }
#endif

HWY_INLINE float clip(float x, float low, float high) {
  const float capped = x > high ? high : x;
  return x < low ? low : capped;
}

void run(const RowStep* steps, size_t count, uint64_t needed, RowCells cells, float* HWY_RESTRICT numbers, int32_t* HWY_RESTRICT codes) {
  for (const RowStep* step = steps; step != steps + count; ++step) {
    if ((step->outputs & needed) == 0) continue;
    const float* x = numbers + step->in;
    float* y = numbers + step->out;
    const size_t width = step->width;
    switch (step->op) {
      case Op::kInput: y[0] = cells.columns[step->second].numbers[cells.row]; break;
      case Op::kEncode: {
        const auto& data = *static_cast<const EncodeData*>(step->data);
        std::string_view cell;
        codes[step->out] = cells.columns[step->second].text(cells.row, cell) ? data.vocabulary.find(cell, data.unseen) : data.missing;
        break;
      }
      case Op::kSpecial:
        for (size_t c = 0; c < width; ++c) {
          float value = x[c];
          for (size_t k = 0; k < step->count; ++k) value = x[c] == step->a[k] ? __builtin_nanf("") : value;
          y[c] = value;
        }
        break;
      case Op::kMissingFlag:
        for (size_t c = 0; c < width; ++c) y[c] = x[c] != x[c] ? 1.0F : 0.0F;
        break;
      case Op::kImpute:
        for (size_t c = 0; c < width; ++c) y[c] = x[c] != x[c] ? step->a[c] : x[c];
        break;
      case Op::kClip:
        for (size_t c = 0; c < width; ++c) y[c] = clip(x[c], step->a[c], step->b[c]);
        break;
      case Op::kScale:
        for (size_t c = 0; c < width; ++c) {
          y[c] = static_cast<float>((static_cast<double>(x[c]) - static_cast<double>(step->a[c])) * static_cast<double>(step->b[c]));
        }
        break;
      case Op::kInterpolate: y[0] = interpolate(*static_cast<const Knots*>(step->data), x[0]); break;
      case Op::kPiecewiseLinear: piecewise_linear(step->a, x[0], width, y); break;
      case Op::kBin: codes[step->out] = bin(*static_cast<const Bins*>(step->data), x[0]); break;
      case Op::kLookUp: {
        const float* row = step->a + static_cast<size_t>(codes[step->in]) * width;
        for (size_t c = 0; c < width; ++c) y[c] = row[c];
        break;
      }
      case Op::kOneHot: {
        std::memset(y, 0, width * sizeof(float));
        const int32_t at = static_cast<const int32_t*>(step->data)[codes[step->in]];
        if (at >= 0) y[at] = 1.0F;
        break;
      }
      case Op::kCross: codes[step->out] = static_cast<const PairTable*>(step->data)->find(codes[step->in], codes[step->second]); break;
      case Op::kCodeNumber: y[0] = static_cast<float>(codes[step->in]); break;
      case Op::kConcat:
        for (const auto& part : static_cast<const CopyData*>(step->data)->parts) {
          std::memcpy(numbers + part.to, numbers + part.from, part.width * sizeof(float));
        }
        break;
      case Op::kSelect: {
        const auto* columns = static_cast<const int32_t*>(step->data);
        for (size_t c = 0; c < width; ++c) y[c] = x[columns[c]];
        break;
      }
      case Op::kAffine: affine_row(*static_cast<const PackedAffine*>(step->data), x, y, step->function); break;
      case Op::kActivate: activate_some(step->function, x, y, width); break;
      case Op::kTrees: y[0] = row_trees(*static_cast<const PackedTrees*>(step->data), x); break;
      case Op::kSum: {
        if (step->a == nullptr) {
          gathered_row(*static_cast<const GatherData*>(step->data), codes, 1, width, y, 1);
          break;
        }
        const auto& parts = static_cast<const SumData*>(step->data)->parts;
        for (size_t c = 0; c < width; ++c) {
          double total = 0;
          for (size_t p = 0; p < parts.size(); ++p) total += static_cast<double>(step->a[p]) * static_cast<double>(numbers[parts[p] + c]);
          y[c] = static_cast<float>(total);
        }
        break;
      }
      case Op::kMultiply: {
        const float* z = numbers + step->second;
        for (size_t c = 0; c < width; ++c) y[c] = static_cast<float>(static_cast<double>(x[c]) * static_cast<double>(z[c]));
        break;
      }
      case Op::kNormalise: normalise_row(*static_cast<const NormaliseData*>(step->data), x, y, width); break;
      case Op::kAttend: {
        const auto& data = *static_cast<const AttendData*>(step->data);
        attend_row(data.shape, x, numbers + data.keys, numbers + data.values, data.all_present ? nullptr : numbers + data.present, y);
        break;
      }
      case Op::kRecur: recur_row(*static_cast<const PackedRecur*>(step->data), x, numbers + step->second, y, numbers + step->count); break;
      case Op::kConvolve: convolve_row(*static_cast<const PackedConvolve*>(step->data), x, y); break;
      case Op::kPool: pool_row(*static_cast<const PoolData*>(step->data), x, numbers + step->second, y, width); break;
      case Op::kTokens: {
        std::string_view cell;
        const bool is_there = cells.columns[step->second].text(cells.row, cell);
        static_cast<const TokenData*>(step->data)->tokeniser.fill(is_there ? cell : std::string_view(), width, y, 1);
        break;
      }
      case Op::kEmbed: embed_row(*static_cast<const EmbedData*>(step->data), x, step->count, y); break;
      case Op::kPoints: {
        const auto& points = *static_cast<const PointsData*>(step->data);
        const double exact = points.offset - points.factor * static_cast<double>(x[0]);
        y[0] = static_cast<float>(step->rounds ? std::round(exact) : exact);
        break;
      }
      default: break;  // row_steps() lets no other through
    }
  }
}

const RowKernels* get_row_kernels() {
  static constexpr RowKernels kernels{run};
  return &kernels;
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace obligor::native {
const RowKernels& row_kernels() { return *OBLIGOR_SIMD_CHOOSE(get_row_kernels); }
}  // namespace obligor::native
#endif
