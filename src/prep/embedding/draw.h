// Draws and codes of tokens by their counts. Private to the room.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"

namespace obligor::embedding {

// Tokens in proportion to given masses, each draw in constant time (Walker's alias method).
class AliasTable {
 public:
  explicit AliasTable(std::span<const double> mass);
  [[nodiscard]] uint32_t draw(Random& random) const;

 private:
  struct Cell {
    uint32_t threshold = 0;  // of the lower 32 bits, below which the cell's own token is taken
    uint32_t other = 0;
  };
  std::vector<Cell> cells_;
};

// Huffman codes: for each token of positive count the inner nodes from the root down, and which way each was left.
struct HuffmanCodes {
  std::vector<uint64_t> offsets;  // tokens + 1
  std::vector<uint32_t> nodes;    // inner nodes, 0 .. (tokens with a count) - 2
  std::vector<uint8_t> bits;
  size_t inner_nodes = 0;
};
[[nodiscard]] HuffmanCodes huffman_codes(std::span<const uint64_t> counts);

}  // namespace obligor::embedding
