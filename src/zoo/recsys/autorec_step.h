// The training step of AutoRec over a batch of vectors of ratings. Private to the room.
//
//   AutorecStep step({.entries = customers, .hidden = 500, .vectors = products}, mean, seed);
//   double squares = step.adam_step(by_product, batch_of_products, 0.001);     // sum of squared errors before the step
//
// Loss of a batch: sum of squared errors over the known entries + l2 / 2 (|W|^2 + |V|^2) x (vectors of the batch / all vectors).
// The output's bias starts at `mean`, so that the first epoch is not spent on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "zoo/recsys/kernels.h"
#include "zoo/recsys/lists.h"

namespace obligor::recsys {

enum class Hidden : uint8_t { kSigmoid, kTanh, kRelu, kIdentity };

struct AutorecShape {
  size_t entries = 0;  // of a vector
  size_t hidden = 0;
  Hidden activation = Hidden::kSigmoid;
  double l2 = 0;
  size_t vectors = 0;  // of an epoch
};

// Unpadded, row-major, an entry a row.
struct AutorecGradient {
  std::vector<float> encoder;  // V, transposed: entries x hidden
  std::vector<float> encoder_bias;
  std::vector<float> decoder;  // W: entries x hidden
  std::vector<float> decoder_bias;
};

class AutorecStep {
 public:
  AutorecStep(AutorecShape shape, double mean, uint64_t seed);

  double adam_step(const Lists& vectors, std::span<const uint32_t> batch, double rate);
  // The gradient of the batch's loss; nothing changes.
  [[nodiscard]] AutorecGradient gradient(const Lists& vectors, std::span<const uint32_t> batch);
  [[nodiscard]] AutorecGradient weights() const;

  // The hidden units of a vector.
  void encode(std::span<const uint32_t> entries, std::span<const float> values, std::span<float> units) const;
  [[nodiscard]] std::vector<float> output_weights() const;  // entries x hidden
  [[nodiscard]] std::vector<float> output_bias() const;
  [[nodiscard]] const AutorecShape& shape() const { return shape_; }

 private:
  double accumulate(const Lists& vectors, std::span<const uint32_t> batch);
  void encode_padded(std::span<const uint32_t> entries, std::span<const float> values, float* units) const;
  [[nodiscard]] float decay(size_t batch) const;
  [[nodiscard]] AutorecGradient copy(const Floats& from) const;

  AutorecShape shape_;
  const Kernels& kernels_;
  size_t width_ = 0;    // hidden, padded
  size_t encoder_ = 0;  // offsets in the flat arrays: V, W, then mu and b
  size_t decoder_ = 0;
  size_t encoder_bias_ = 0;
  size_t decoder_bias_ = 0;
  Floats values_, gradient_, first_, second_;
  Floats units_, delta_;
  size_t steps_ = 0;
};

}  // namespace obligor::recsys
