#include "prep/embedding/graph.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

struct End {
  uint32_t node = 0;
  float weight = 0;
};

// Sorted by node; what stands twice becomes one.
size_t merge_ends(std::span<End> ends) {
  std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.node < b.node || (a.node == b.node && a.weight < b.weight); });
  size_t kept = 0;
  for (const End& end : ends) {
    if (kept > 0 && ends[kept - 1].node == end.node) {
      ends[kept - 1].weight += end.weight;
    } else {
      ends[kept++] = end;
    }
  }
  return kept;
}

}  // namespace

float Graph::total_weight(uint32_t node) const {
  const size_t ends = degree(node);
  if (ends == 0) return 0;
  return weighted() ? cumulative(node).back() : static_cast<float>(ends);
}

bool Graph::has_edge(uint32_t from, uint32_t to) const {
  const auto list = neighbours(from);
  return std::binary_search(list.begin(), list.end(), to);
}

float Graph::weight(uint32_t from, uint32_t to) const {
  const auto list = neighbours(from);
  const auto found = std::lower_bound(list.begin(), list.end(), to);
  if (found == list.end() || *found != to) return 0;
  if (!weighted()) return 1;
  const auto sums = cumulative(from);
  const auto at = static_cast<size_t>(found - list.begin());
  return at == 0 ? sums[0] : sums[at] - sums[at - 1];
}

GraphBuilder::GraphBuilder(size_t nodes, bool directed) : nodes_(nodes), directed_(directed) {}

void GraphBuilder::add(uint32_t from, uint32_t to, float weight) {
  if (from >= nodes_ || to >= nodes_) {
    throw Error(ErrorCode::kData, fmt::format("edge {}: {} to {}: nodes are numbered from 0 to {}", from_.size(), from, to, nodes_ - 1));
  }
  if (!(weight > 0) || !std::isfinite(weight)) {
    throw Error(ErrorCode::kData, fmt::format("edge {}: weight {}: a positive finite number is wanted; leave such edges out", from_.size(), weight));
  }
  if (weight != 1.0F && !weighted_) {
    weighted_ = true;
    weight_.assign(from_.size(), 1.0F);
  }
  from_.push_back(from);
  to_.push_back(to);
  if (weighted_) weight_.push_back(weight);
}

Graph GraphBuilder::build() && {
  std::vector<uint64_t> starts(nodes_ + 1, 0);
  const auto each_end = [&](const auto& use) {
    for (size_t e = 0; e < from_.size(); ++e) {
      const float weight = weighted_ ? weight_[e] : 1.0F;
      use(from_[e], to_[e], weight);
      if (!directed_ && from_[e] != to_[e]) use(to_[e], from_[e], weight);
    }
  };
  each_end([&](uint32_t from, uint32_t, float) { ++starts[from + 1]; });
  for (size_t n = 0; n < nodes_; ++n) starts[n + 1] += starts[n];
  std::vector<End> ends(starts.back());
  std::vector<uint64_t> next(starts.begin(), starts.end() - 1);
  each_end([&](uint32_t from, uint32_t to, float weight) { ends[next[from]++] = {to, weight}; });
  from_ = {};
  to_ = {};
  weight_ = {};

  Graph graph;
  graph.offsets_.assign(nodes_ + 1, 0);
  bool weighted = false;
  std::vector<size_t> kept(nodes_);
  for (size_t n = 0; n < nodes_; ++n) {
    kept[n] = merge_ends(std::span(ends).subspan(starts[n], starts[n + 1] - starts[n]));
    graph.offsets_[n + 1] = graph.offsets_[n] + kept[n];
    for (size_t i = 0; i < kept[n]; ++i) weighted = weighted || ends[starts[n] + i].weight != 1.0F;
  }
  graph.neighbours_.resize(graph.offsets_.back());
  if (weighted) graph.cumulative_.resize(graph.offsets_.back());
  for (size_t n = 0; n < nodes_; ++n) {
    double sum = 0;
    for (size_t i = 0; i < kept[n]; ++i) {
      const End& end = ends[starts[n] + i];
      graph.neighbours_[graph.offsets_[n] + i] = end.node;
      sum += static_cast<double>(end.weight);
      if (weighted) graph.cumulative_[graph.offsets_[n] + i] = static_cast<float>(sum);
    }
  }
  return graph;
}

}  // namespace obligor
