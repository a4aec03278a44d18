// What the feed-forward network learns, by name, in the order of its flat arrays, and how it starts. Torch-free, so that every way of
// computing a step begins at the same numbers.
//
//   Random random(context.seed(), "network");
//   const Start start = start_network(shape, random);           // start.values: all of them; the first start.decayed decay
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "zoo/net/network.h"

namespace obligor::net {

struct Part {
  std::string name;  // "embedding:0", "weight:0", "head"; "input_scale", "norm:0", "bias:0", "head_bias"
  size_t layer = 0;  // 0-based; `layers` for the head
  std::vector<int64_t> dims;
  size_t offset = 0;  // in the flat arrays
  size_t count = 0;
};

struct Start {
  std::vector<Part> parts;
  std::vector<float> values;
  size_t decayed = 0;

  [[nodiscard]] const Part& part(std::string_view name) const;  // Error{kInternal} when there is none
  [[nodiscard]] const Part* find(std::string_view name) const;
};

// The numbers and the embeddings.
[[nodiscard]] inline size_t inputs_of(const NetworkShape& shape) { return shape.width + shape.code_levels.size() * shape.embedding; }
// Error{kInternal} for an empty shape.
[[nodiscard]] Start start_network(const NetworkShape& shape, Random& random);

// "layer 1", ..., "head".
[[nodiscard]] std::vector<LayerState> layer_states(const NetworkShape& shape);
// Error{kInternal} when the batch has not the columns of the shape, or a code is outside its levels.
void check_batch(const Batch& batch, const NetworkShape& shape);

}  // namespace obligor::net
