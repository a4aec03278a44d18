// Affine maps and functions of one row; once for each instruction set (after activations-inl.h). Outputs along the vectors, each the chain of
// multiply-adds that it is in a tile.
#if defined(OBLIGOR_EMIT_NATIVE_ROW_MAPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OBLIGOR_EMIT_NATIVE_ROW_MAPS_INL_H
#undef OBLIGOR_EMIT_NATIVE_ROW_MAPS_INL_H
#else
#define OBLIGOR_EMIT_NATIVE_ROW_MAPS_INL_H
#endif

#include <cstring>

#include <hwy/highway.h>

#include "emit/native/activations-inl.h"
#include "emit/native/packed.h"
#include "emit/native/runs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace obligor::native::HWY_NAMESPACE {
namespace {

// The vector functions over any count: the last few values go through a line of their own.
HWY_INLINE void activate_some(Function function, const float* x, float* y, size_t n) {
  const size_t whole = n / kLaneMultiple * kLaneMultiple;
  if (whole > 0) activate(function, x, y, whole);
  if (whole == n) return;
  HWY_ALIGN float line[kLaneMultiple] = {};
  for (size_t i = whole; i < n; ++i) line[i - whole] = x[i];
  activate(function, line, line, kLaneMultiple);
  for (size_t i = whole; i < n; ++i) y[i] = line[i - whole];
}

// kPanels panels of outputs at once.
template <size_t kPanels, typename Runs>
HWY_INLINE void panels(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT bias, size_t in, const Runs& runs, float* HWY_RESTRICT y) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  for (size_t part = 0; part < kLaneMultiple; part += lanes) {
    hn::Vec<D> sums[kPanels];
#pragma GCC unroll 8
    for (size_t p = 0; p < kPanels; ++p) sums[p] = hn::LoadU(d, bias + p * kLaneMultiple + part);
    const float* HWY_RESTRICT column = weights + part;
    for (size_t s = 0; s < runs.count(); ++s) {
      const Run run = runs.at(s);
      for (size_t k = 0; run.x != nullptr && k < run.columns; ++k) {
        const auto value = hn::Set(d, run.x[k * run.stride]);
#pragma GCC unroll 8
        for (size_t p = 0; p < kPanels; ++p) {
          sums[p] = hn::MulAdd(hn::LoadU(d, column + (p * in + k) * kLaneMultiple), value, sums[p]);
        }
      }
      column += run.columns * kLaneMultiple;
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < kPanels; ++p) hn::StoreU(sums[p], d, y + p * kLaneMultiple + part);
  }
}

// The outputs that runs give, through the function: place.where() says where so many of them are made, with padding behind the last; place.put()
// takes those that count.
template <typename Runs, typename Place>
HWY_INLINE void map_panels(const PackedAffine& map, const Runs& runs, Function function, const Place& place) {
  constexpr size_t kMost = 8;
  HWY_ALIGN float line[kMost * kLaneMultiple];
  const size_t count = map.bias.size() / kLaneMultiple;
  for (size_t p = 0; p < count;) {
    const float* weights = map.panels.data() + p * kLaneMultiple * map.in;
    const float* bias = map.bias.data() + p * kLaneMultiple;
    const size_t begin = p * kLaneMultiple;
    const size_t left = count - p;
    const size_t taken = left >= kMost ? kMost : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    float* out = place.where(begin, taken * kLaneMultiple, line);
    if (taken == kMost) panels<kMost>(weights, bias, map.in, runs, out);
    else if (taken == 4) panels<4>(weights, bias, map.in, runs, out);
    else if (taken == 2) panels<2>(weights, bias, map.in, runs, out);
    else panels<1>(weights, bias, map.in, runs, out);
    if (function != Function::kIdentity) activate(function, out, out, taken * kLaneMultiple);
    place.put(begin, HWY_MIN(taken * kLaneMultiple, map.out - begin), out);
    p += taken;
  }
}

// Straight to its place where the block ends within the value; else by way of the line, since what stands behind the value must stay.
struct RowPlace {
  float* y;
  size_t size;
  [[nodiscard]] float* where(size_t begin, size_t count, float* line) const { return begin + count <= size ? y + begin : line; }
  void put(size_t begin, size_t count, const float* from) const {
    if (from != y + begin) std::memcpy(y + begin, from, count * sizeof(float));
  }
};

template <typename Runs>
HWY_INLINE void map_row(const PackedAffine& map, const Runs& runs, float* y, Function function) {
  map_panels(map, runs, function, RowPlace{y, map.out});
}

HWY_INLINE void affine_row(const PackedAffine& map, const float* HWY_RESTRICT x, float* HWY_RESTRICT y, Function function) {
  if (map.narrow.empty()) {
    map_row(map, OneRun{{x, map.in}}, y, function);
    return;
  }
  for (size_t o = 0; o < map.out; ++o) {
    double sum = 0;
    const float* weights = map.narrow.data() + o * map.in;
    for (size_t k = 0; k < map.in; ++k) sum += static_cast<double>(weights[k]) * static_cast<double>(x[k]);
    y[o] = static_cast<float>(sum + static_cast<double>(map.bias[o]));
  }
  if (function != Function::kIdentity) activate_some(function, y, y, map.out);
}

}  // namespace
}  // namespace obligor::native::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OBLIGOR_EMIT_NATIVE_ROW_MAPS_INL_H
