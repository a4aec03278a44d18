// The weights of goods and bads by value among some rows of one column, in order of the value: what every split of a number, and of a
// category, is chosen from. The columns' values are dense codes (Columns::code), so that no node sorts anything.
//
//   ValueCounter counter;                                            // one a thread: it keeps its room between calls
//   const auto counts = counter.count(columns.code[f], columns.codes(f), keys, weights);
//   for (const ValueCount& value : counts.known) ...                 // ascending codes, each with weight
//   counts.missing.weight[1]                                         // of the rows whose code is codes(f)
//
// Method: with few codes for the rows at hand, all cells are read; else a bit is set for each code met, and the set bits are walked in order
// (two levels of words), which costs the rows rather than the codes. Contract: a key is row * 2 + class; `weights` stand beside
// the keys, or are empty for 1 each. Weights are positive. The result is valid until the next call.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace obligor::tree {

struct ValueCount {
  uint32_t code = 0;
  double weight[2] = {0, 0};  // of class 0 and 1
};

struct ValueCounts {
  std::span<const ValueCount> known;
  ValueCount missing;
};

class ValueCounter {
 public:
  [[nodiscard]] ValueCounts count(std::span<const uint32_t> codes, size_t levels, std::span<const uint32_t> keys, std::span<const double> weights);

 private:
  template <typename Number>
  size_t collect(std::vector<Number>& cells, std::span<const uint32_t> codes, size_t levels, std::span<const uint32_t> keys,
                 std::span<const double> weights);

  // Cells 2 c and 2 c + 1 are those of code c; all zero between calls.
  std::vector<uint32_t> whole_;  // rows of weight 1
  std::vector<double> weighted_;
  std::vector<uint64_t> bits_;  // one a code
  std::vector<uint64_t> top_;   // one a word of bits_
  std::vector<ValueCount> found_;
};

}  // namespace obligor::tree
