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
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace obligor::metric::detail {

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

// n uninitialised records: zeroing megabytes that are written next would cost as much as a pass.
template <typename Record>
struct Records {
  std::unique_ptr<Record[]> data;
  size_t size = 0;
  explicit Records(size_t n, size_t spare = 0) : data(std::make_unique_for_overwrite<Record[]>(n + spare)), size(n) {}
  [[nodiscard]] std::span<const Record> span() const { return {data.get(), size}; }
};

// The records make(i) of scores[i] in the order of `less`; score(record) gives the score back. `spare` more are allocated
// behind them.
template <typename Record, typename Make, typename Score, typename Less>
Records<Record> score_sort(std::span<const double> scores, const BucketMap& bucket, Make make, Score score, Less less, size_t spare = 0) {
  const size_t n = scores.size();
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
  Records<Record> half(n);
  Records<Record> sorted(n, spare);
  Record* const out = sorted.data.get();
  for (size_t i = 0; i < n; ++i) half.data[first[bucket(scores[i]) & mask]++] = make(i);
  for (size_t i = 0; i < n; ++i) out[second[bucket(score(half.data[i])) >> bits]++] = half.data[i];

  // Buckets are in order and hold about one record each: insertion finishes the work, unless a record has far to go. Then its
  // bucket is crowded and is sorted as a whole.
  constexpr size_t kFar = 16;
  for (size_t i = 1; i < n; ++i) {
    if (!less(out[i], out[i - 1])) continue;
    const Record record = out[i];
    size_t j = i;
    const size_t limit = i > kFar ? i - kFar : 0;
    for (; j > limit && less(record, out[j - 1]); --j) out[j] = out[j - 1];
    out[j] = record;
    if (j > limit || j == 0) continue;
    const uint32_t b = bucket(score(record));
    size_t begin = j;
    while (begin > 0 && bucket(score(out[begin - 1])) == b) --begin;
    size_t end = i + 1;
    while (end < n && bucket(score(out[end])) == b) ++end;
    std::sort(out + begin, out + end, less);
    i = end - 1;
  }
  return sorted;
}

}  // namespace obligor::metric::detail
