// Random streams that depend on the seed and a name alone, never on the machine, the standard library or thread order.
//
//   Random random(context.seed(), "ordered-encoding");     // a named stream
//   random.uniform();  random.below(n);  random.normal();  random.shuffle(rows);
//
// Generator: xoshiro256** (Blackman & Vigna 2018), state filled by splitmix64 of the seed and the name's FNV-1a digest.
// Normals by the polar method. Same seed and name, same sequence, on every platform.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace obligor {

// A new seed made from a seed and a label (and a number): how folds, models and columns get seeds of their own.
[[nodiscard]] uint64_t derive_seed(uint64_t seed, std::string_view label, uint64_t index = 0);

class Random {
 public:
  Random(uint64_t seed, std::string_view stream);

  [[nodiscard]] uint64_t next();
  [[nodiscard]] double uniform();                // [0, 1), 53 bits
  [[nodiscard]] uint64_t below(uint64_t limit);  // [0, limit), unbiased; limit > 0
  [[nodiscard]] double normal();                 // mean 0, variance 1

  template <typename T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }
  // 0 .. n-1 in random order.
  [[nodiscard]] std::vector<uint32_t> permutation(size_t n);

 private:
  uint64_t state_[4];
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace obligor
