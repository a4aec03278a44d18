// FieldShape: which network over the fields, and how large. Plain values; no torch. Each network reads its own part of it.
#pragma once

#include <cstdint>
#include <vector>

#include "zoo/field/crosses.h"
#include "zoo/field/space.h"
#include "zoo/net/network.h"

namespace obligor::field {

enum class Kind : uint8_t { kFm, kNfm, kDeepFm, kWideDeep, kDeepCrossing, kPnn, kAfm, kDcnV2, kResNet, kTabM, kFtTransformer };
enum class Optimiser : uint8_t { kAdamW, kAdam, kAdagrad };  // kAdam: decay as an L2 term of the loss

// Follow the regularised leader, per coordinate (McMahan et al., KDD 2013, algorithm 1).
struct Ftrl {
  double rate = 0.1;  // alpha
  double l1 = 0;
  double l2 = 0;
};

struct FieldShape {
  FieldSpace space;
  size_t embedding = 16;          // numbers of a field vector
  std::vector<size_t> hidden;     // units of the deep part, layer by layer
  double dropout = 0;             // of hidden units
  double field_dropout = 0;       // of what is made of the field vectors
  double start_deviation = 0.01;  // of the field vectors
  size_t dense_rows = 4096;       // a joint table with more rows is updated row by row, but by kAdam

  Crosses crosses;  // wide_deep
  Ftrl ftrl;
  size_t raw_levels = 0;          // deep_crossing: a code with at most so many levels enters one-hot
  size_t blocks = 1;              // deep_crossing, resnet, ft_transformer; dcn_v2: cross layers
  size_t attention = 8;           // afm: units of the attention network
  std::vector<int64_t> attended;  // afm: the fields whose pairs are looked at
  size_t rank = 0;                // dcn_v2: of the cross matrices; 0: full
  size_t members = 1;             // tabm
  size_t heads = 1;               // ft_transformer
  size_t feed_forward = 0;        // units between the two maps of a block: resnet, ft_transformer

  Kind kind = Kind::kFm;
  bool linear = true;        // a weight of the first order for every feature, and with it one more column of each field vector
  bool number_bias = false;  // a number that enters by value has a bias vector as well
  net::Activation activation = net::Activation::kRelu;
  bool batch_norm = false;
  bool square_loss = false;  // (z - y)^2 with y = +-1, and p = (1 + z) / 2 with z clipped to [-1, 1]: as the papers of nfm and afm train
  Optimiser optimiser = Optimiser::kAdamW;
  bool layers_decay = true;  // and not the field vectors alone
  bool wide_ftrl = false;
  bool inner = false;     // pnn
  bool outer = false;     // pnn
  bool parallel = false;  // dcn_v2: the deep part beside the cross layers and not on top

  [[nodiscard]] size_t columns() const { return embedding + (linear ? 1 : 0); }
};

}  // namespace obligor::field
