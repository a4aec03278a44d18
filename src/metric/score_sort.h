// A sort for scores: exact, in linear time when the scores are spread out, never worse than O(n log n).
//
// Records are thrown into about as many buckets as there are records, the bucket being a linear function of the score, by two
// stable radix passes over the bucket's number; what falls into one bucket is put in order by comparison. Scores that crowd into
// few buckets (heavy tails, many ties) cost what std::sort costs. Used by RankedSample and auc(); not for other rooms.
//
// Contract: scores are finite. `key` of a record is the total order wanted (unique where determinism matters), and must not
// contradict the score: a lower score has a lower key.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace obligor::metric::detail {

// The bits of a double as an integer of the same order; -0 and +0 are one value.
[[nodiscard]] inline uint64_t ordered_bits(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

[[nodiscard]] inline double from_ordered_bits(uint64_t ordered) {
  return std::bit_cast<double>((ordered >> 63) != 0 ? ordered & ~(uint64_t{1} << 63) : ~ordered);
}

// Maps scores of [low, high] to bucket numbers of 2 * `digit_bits` bits, never falling as the score rises.
struct BucketMap {
  double low = 0;
  double scale = 0;
  uint32_t digit_bits = 1;

  BucketMap(double lowest, double highest, size_t n) : low(lowest) {
    const auto bits = static_cast<uint32_t>(std::bit_width(n));
    digit_bits = std::clamp((bits + 1) / 2, 1U, 11U);
    scale = static_cast<double>((uint64_t{1} << (2 * digit_bits)) - 1) / (highest - lowest);
    // One value only, or a range too wide or too narrow for the division: everything in one bucket, ordered by comparison.
    if (!std::isfinite(scale) || !std::isfinite(highest - lowest)) low = scale = 0;
  }
  [[nodiscard]] uint32_t operator()(double score) const { return static_cast<uint32_t>(static_cast<int32_t>((score - low) * scale)); }
};

// Sorts the records of `make(i)`, i < n, by key, into `out`. `score(record)` gives the record's score back.
template <typename Record, typename Make, typename Score, typename Less>
void score_sort(size_t n, const BucketMap& bucket, Make make, Score score, Less less, std::span<const double> scores,
                std::vector<Record>& out) {
  const uint32_t bits = bucket.digit_bits;
  const uint32_t mask = (1U << bits) - 1;
  std::vector<uint32_t> first(mask + 1, 0);
  std::vector<uint32_t> second(mask + 1, 0);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t b = bucket(scores[i]);
    ++first[b & mask];
    ++second[b >> bits];
  }
  uint32_t at_first = 0;
  uint32_t at_second = 0;
  for (uint32_t d = 0; d <= mask; ++d) {
    at_first += std::exchange(first[d], at_first);
    at_second += std::exchange(second[d], at_second);
  }
  std::vector<Record> half(n);
  out.resize(n);
  for (size_t i = 0; i < n; ++i) half[first[bucket(scores[i]) & mask]++] = make(i);
  for (size_t i = 0; i < n; ++i) out[second[bucket(score(half[i])) >> bits]++] = half[i];

  constexpr size_t kSmall = 24;
  for (size_t begin = 0; begin < n;) {
    const uint32_t b = bucket(score(out[begin]));
    size_t end = begin + 1;
    while (end < n && bucket(score(out[end])) == b) ++end;
    if (end - begin > kSmall) {
      std::sort(out.begin() + static_cast<std::ptrdiff_t>(begin), out.begin() + static_cast<std::ptrdiff_t>(end), less);
    } else {
      for (size_t i = begin + 1; i < end; ++i) {
        const Record record = out[i];
        size_t j = i;
        for (; j > begin && less(record, out[j - 1]); --j) out[j] = out[j - 1];
        out[j] = record;
      }
    }
    begin = end;
  }
}

}  // namespace obligor::metric::detail
