// Quantiles of a stream in little memory, mergeable: the sketch of Karnin, Lang and Liberty (2016), "Optimal quantile approximation
// in streams", FOCS.
//
//   QuantileSketch sketch(4096, seed);
//   sketch.add(values);  sketch.merge(other);          // NaN is not counted
//   float median = sketch.quantile(0.5);
//
// Level h holds values that stand for 2^h each. A full level is sorted and every second value, from the first or the second on by
// a coin, goes one level up; capacities fall by 2/3 a level below the top, not under 8. The rank of a quantile is off by at most
// rank_error() of the count in 99 of 100 sketches (the constants are those fitted by Apache DataSketches for this scheme).
// Deterministic for a seed and an order of values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"

namespace obligor::binning {

class QuantileSketch {
 public:
  explicit QuantileSketch(size_t k, uint64_t seed);
  void add(std::span<const float> values);
  void merge(const QuantileSketch& other);

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] size_t kept() const;
  [[nodiscard]] double rank_error() const;
  // The smallest kept value whose estimated rank reaches share x count. NaN when nothing was added.
  [[nodiscard]] float quantile(double share) const;
  // Distinct cuts at 1/bins, 2/bins, ... above the smallest value.
  [[nodiscard]] std::vector<float> cuts(size_t bins) const;

 private:
  struct Weighted {
    float value;
    double before;  // estimated count of values up to and with this one
  };
  [[nodiscard]] size_t capacity(size_t level) const;
  void compact();
  [[nodiscard]] std::vector<Weighted> ranked() const;

  size_t k_;
  Random random_;
  uint64_t count_ = 0;
  std::vector<std::vector<float>> levels_;
};

}  // namespace obligor::binning
