#include "zoo/tree/value_counts.h"

#include <bit>

namespace obligor::tree {

template <typename Number>
size_t ValueCounter::collect(std::vector<Number>& cells, std::span<const uint32_t> codes, size_t levels, std::span<const uint32_t> keys,
                             std::span<const double> weights) {
  const size_t places = levels + 1;  // the last is that of missing
  if (cells.size() < 2 * places) cells.resize(2 * places, Number{0});
  if (found_.size() < places + 1) found_.resize(places + 1);
  Number* const cell = cells.data();
  ValueCount* const found = found_.data();
  const auto weight = [&](size_t i) {
    if constexpr (std::is_same_v<Number, double>) return weights[i];
    else return Number{1};
  };
  size_t size = 0;
  // Writes always and keeps where there is weight: no branch to foretell.
  const auto take = [&](size_t code) {
    const auto zero = static_cast<double>(cell[2 * code]);
    const auto one = static_cast<double>(cell[2 * code + 1]);
    found[size] = {static_cast<uint32_t>(code), {zero, one}};
    cell[2 * code] = cell[2 * code + 1] = Number{0};
    size += zero + one > 0 ? 1U : 0U;
  };
  if (levels <= 4 * keys.size() + 64) {
    for (size_t i = 0; i < keys.size(); ++i) cell[2 * codes[keys[i] >> 1] + (keys[i] & 1U)] += weight(i);
    for (size_t code = 0; code < places; ++code) take(code);
    return size;
  }
  const size_t words = (places + 63) / 64;
  if (bits_.size() < words) bits_.resize(words, 0);
  if (top_.size() < (words + 63) / 64) top_.resize((words + 63) / 64, 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t code = codes[keys[i] >> 1];
    bits_[code >> 6] |= uint64_t{1} << (code & 63U);
    top_[code >> 12] |= uint64_t{1} << (code >> 6 & 63U);
    cell[2 * code + (keys[i] & 1U)] += weight(i);
  }
  for (size_t t = 0; t * 4096 < places; ++t) {
    for (; top_[t] != 0; top_[t] &= top_[t] - 1) {
      const size_t word = t * 64 + static_cast<size_t>(std::countr_zero(top_[t]));
      for (; bits_[word] != 0; bits_[word] &= bits_[word] - 1) take(word * 64 + static_cast<size_t>(std::countr_zero(bits_[word])));
    }
  }
  return size;
}

ValueCounts ValueCounter::count(std::span<const uint32_t> codes, size_t levels, std::span<const uint32_t> keys, std::span<const double> weights) {
  size_t size = weights.empty() ? collect(whole_, codes, levels, keys, weights) : collect(weighted_, codes, levels, keys, weights);
  ValueCounts counts;
  counts.missing.code = static_cast<uint32_t>(levels);
  if (size > 0 && found_[size - 1].code == levels) counts.missing = found_[--size];
  counts.known = std::span<const ValueCount>(found_).first(size);
  return counts;
}

}  // namespace obligor::tree
