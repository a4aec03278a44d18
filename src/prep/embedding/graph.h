// A graph of who pays, owns or guarantees whom, for walks: each node's neighbours, sorted, in one array.
//
//   GraphBuilder builder(nodes, /*directed=*/false);
//   builder.add(payer, payee, amount);            // once an edge; both ends are numbered from 0
//   Graph graph = std::move(builder).build();
//   for (uint32_t other : graph.neighbours(7)) ...
//
// Contract: an edge that comes twice is one edge with the sum of the weights; an undirected edge is kept at both ends; a loop is kept
// once. Weights are positive and finite; a graph whose weights are all 1 holds none. Memory: 8 bytes a node, and 4 (weighted: 8) for each
// end of an edge, twice that while it is built. Errors: kData for an end out of range or a weight that is not positive and finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace obligor {

class Graph {
 public:
  [[nodiscard]] size_t nodes() const { return offsets_.size() - 1; }
  // Ends of edges: twice the edges of an undirected graph without loops.
  [[nodiscard]] size_t ends() const { return neighbours_.size(); }
  [[nodiscard]] size_t degree(uint32_t node) const { return offsets_[node + 1] - offsets_[node]; }
  [[nodiscard]] std::span<const uint32_t> neighbours(uint32_t node) const { return {neighbours_.data() + offsets_[node], degree(node)}; }
  [[nodiscard]] bool weighted() const { return !cumulative_.empty(); }
  // Sums of the weights of a node's edges, from its first to each; empty when unweighted.
  [[nodiscard]] std::span<const float> cumulative(uint32_t node) const {
    return weighted() ? std::span<const float>{cumulative_.data() + offsets_[node], degree(node)} : std::span<const float>{};
  }
  [[nodiscard]] float total_weight(uint32_t node) const;
  [[nodiscard]] bool has_edge(uint32_t from, uint32_t to) const;
  // 0 where there is no edge.
  [[nodiscard]] float weight(uint32_t from, uint32_t to) const;

 private:
  friend class GraphBuilder;
  std::vector<uint64_t> offsets_{0};
  std::vector<uint32_t> neighbours_;
  std::vector<float> cumulative_;
};

class GraphBuilder {
 public:
  GraphBuilder(size_t nodes, bool directed);
  void add(uint32_t from, uint32_t to, float weight = 1.0F);
  [[nodiscard]] Graph build() &&;

 private:
  size_t nodes_;
  bool directed_;
  bool weighted_ = false;
  std::vector<uint32_t> from_;
  std::vector<uint32_t> to_;
  std::vector<float> weight_;
};

}  // namespace obligor
