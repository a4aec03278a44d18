// FieldShape: which network over the fields, and how large. Plain values; no torch.
#pragma once

#include <cstdint>
#include <vector>

#include "zoo/field/space.h"
#include "zoo/net/network.h"

namespace obligor::field {

enum class Kind : uint8_t { kFm, kNfm, kDeepFm };
enum class Optimiser : uint8_t { kAdamW, kAdagrad };

struct FieldShape {
  Kind kind = Kind::kFm;
  FieldSpace space;
  size_t embedding = 16;       // numbers of a field vector
  bool linear = true;          // a weight of the first order for every feature, and with it one more column of each field vector
  std::vector<size_t> hidden;  // units of the deep part, layer by layer
  net::Activation activation = net::Activation::kRelu;
  bool batch_norm = false;
  double dropout = 0;             // of hidden units
  double field_dropout = 0;       // of what is made of the field vectors
  double start_deviation = 0.01;  // of the field vectors
  Optimiser optimiser = Optimiser::kAdamW;
  size_t dense_rows = 4096;  // a joint table with more rows is updated row by row

  [[nodiscard]] size_t columns() const { return embedding + (linear ? 1 : 0); }
};

}  // namespace obligor::field
