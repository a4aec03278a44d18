#include "prep/embedding/draw.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <queue>
#include <utility>

namespace obligor::embedding {

AliasTable::AliasTable(std::span<const double> mass) : cells_(mass.size()) {
  const double mean = std::accumulate(mass.begin(), mass.end(), 0.0) / static_cast<double>(mass.size());
  std::vector<double> share(mass.size());
  std::vector<uint32_t> small;
  std::vector<uint32_t> large;
  for (uint32_t i = 0; i < mass.size(); ++i) {
    share[i] = mass[i] / mean;
    (share[i] < 1 ? small : large).push_back(i);
  }
  const auto threshold = [](double part) {
    constexpr double kScale = 4294967296.0;
    return static_cast<uint32_t>(std::min(part * kScale, kScale - 1));
  };
  while (!small.empty() && !large.empty()) {
    const uint32_t low = small.back();
    const uint32_t high = large.back();
    small.pop_back();
    cells_[low] = {threshold(share[low]), high};
    share[high] -= 1 - share[low];
    if (share[high] < 1) {
      large.pop_back();
      small.push_back(high);
    }
  }
  for (const auto* rest : {&small, &large}) {
    for (const uint32_t i : *rest) cells_[i] = {std::numeric_limits<uint32_t>::max(), i};
  }
}

uint32_t AliasTable::draw(Random& random) const {
  const uint64_t bits = random.next();
  const auto at = static_cast<uint32_t>((bits >> 32) * cells_.size() >> 32);  // a share of 2^32: at most one in 2^32 / cells uneven
  return static_cast<uint32_t>(bits) < cells_[at].threshold ? at : cells_[at].other;
}

HuffmanCodes huffman_codes(std::span<const uint64_t> counts) {
  std::vector<uint32_t> present;
  for (uint32_t t = 0; t < counts.size(); ++t) {
    if (counts[t] > 0) present.push_back(t);
  }
  HuffmanCodes codes;
  codes.offsets.assign(counts.size() + 1, 0);
  if (present.size() < 2) return codes;
  codes.inner_nodes = present.size() - 1;
  // Nodes: the leaves, then the inner ones in the order they are made; the last one is the root.
  const size_t leaves = present.size();
  using Item = std::pair<uint64_t, uint32_t>;
  std::priority_queue<Item, std::vector<Item>, std::greater<>> open;
  for (uint32_t i = 0; i < leaves; ++i) open.emplace(counts[present[i]], i);
  std::vector<uint32_t> parent(2 * leaves - 1, 0);
  std::vector<uint8_t> bit(2 * leaves - 1, 0);
  for (auto made = static_cast<uint32_t>(leaves); made < 2 * leaves - 1; ++made) {
    const Item zero = open.top();
    open.pop();
    const Item one = open.top();
    open.pop();
    parent[zero.second] = made;
    parent[one.second] = made;
    bit[one.second] = 1;
    open.emplace(zero.first + one.first, made);
  }
  std::vector<std::vector<std::pair<uint32_t, uint8_t>>> paths(leaves);
  const auto root = static_cast<uint32_t>(2 * leaves - 2);
  for (uint32_t i = 0; i < leaves; ++i) {
    for (uint32_t node = i; node != root; node = parent[node]) {
      paths[i].emplace_back(static_cast<uint32_t>(parent[node] - leaves), bit[node]);
    }
    std::reverse(paths[i].begin(), paths[i].end());
    codes.offsets[present[i] + 1] = paths[i].size();
  }
  std::partial_sum(codes.offsets.begin(), codes.offsets.end(), codes.offsets.begin());
  codes.nodes.reserve(codes.offsets.back());
  codes.bits.reserve(codes.offsets.back());
  for (const auto& path : paths) {
    for (const auto& [node, way] : path) {
      codes.nodes.push_back(node);
      codes.bits.push_back(way);
    }
  }
  return codes;
}

}  // namespace obligor::embedding
