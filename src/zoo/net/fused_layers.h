// The layers of network.h as operations of a tape.
//
//   const FusedLayers layers = build_layers(tape, shape, weights, source, seed);
//   source.order = ...;  tape.forward(rows);                             // logits in tape.value(layers.logits), rows x members
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "zoo/net/tape.h"

namespace obligor::net {

// The rows that a pass reads: row i of it is row order[i] of the batch, or row first + i where there is no order.
struct Source {
  Batch batch;
  size_t first = 0;
  std::span<const uint32_t> order;
  [[nodiscard]] size_t row(size_t i) const { return order.empty() ? first + i : order[i]; }
};

struct FusedWeights {
  std::function<Weight(std::string_view name)> at;    // none where the network has no such parameter
  std::vector<std::pair<float*, float*>> statistics;  // mean and variance of each batch norm
};

struct FusedLayers {
  Slot logits = 0;
  std::vector<Slot> z;  // what goes into each layer's activation
};
// `source` is read in every pass and stays where it is.
[[nodiscard]] FusedLayers build_layers(Tape& tape, const NetworkShape& shape, const FusedWeights& weights, const Source& source, uint64_t seed);

}  // namespace obligor::net
