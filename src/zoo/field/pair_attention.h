// The attention of an attentional factorisation machine over the pairs of fields, as one operation of a tape.
//
//   auto attention = std::make_unique<PairAttention>(tape, vectors, attended, k, weights);
//   const Slot pooled = attention->out();                               // k a row
//   tape.add(std::move(attention));
//
//   pooled = sum over pairs of share_fg (e_f * e_g);   share = softmax over pairs of h . relu(W (e_f * e_g) + b)
//
// (Xiao et al., IJCAI 2017, equations 4 to 6.) Pairs grow with the square of the fields, and with them every array of k numbers a pair. So a
// row is worked on alone, where its pairs stay in the first cache; of it a softmax's share a pair and a flag a unit and pair are kept for the
// way back. There e_f * e_g is never formed: with s_u,fg the slope of the score where unit u is not flat and s its value,
//
//   d e_f = d_pooled * sum_g share_fg e_g + sum_u h_u W_u * sum_g s_u,fg e_g
//   G_u = sum over pairs of s_u,fg (e_f * e_g),  g_u = sum of s_u,fg:  d W_u = h_u G_u,  d b_u = h_u g_u,  d h_u = W_u . G_u + b_u g_u
#pragma once

#include <cstdint>
#include <vector>

#include "core/floats.h"
#include "zoo/field/pair_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::field {

struct PairWeights {
  net::Weight weight;  // units x k
  net::Weight bias;    // units
  net::Weight head;    // units
  size_t units = 0;
};

class PairAttention final : public net::Operation {
 public:
  // vectors: fields x k a row; attended: at least two of the fields.
  PairAttention(net::Tape& tape, net::Slot vectors, const std::vector<int64_t>& attended, size_t k, const PairWeights& weights);
  [[nodiscard]] net::Slot out() const { return out_; }
  void forward(size_t rows) override;
  void backward(size_t rows) override;

  // Of what goes into the relu, after a pass of so many rows: the root mean square of its gradient, and the share of units of pairs that are
  // flat on every row.
  [[nodiscard]] double slope_size(size_t rows) const;
  [[nodiscard]] double flat_share(size_t rows) const;

 private:
  void pack_weights();

  const net::Tape& tape_;
  PairWeights weights_;
  net::Slot out_;
  std::vector<size_t> places_;
  Floats memory_;  // of the arrays of work_
  PairWork work_;
  net::Slot shares_ = 0;       // span a row
  std::vector<uint8_t> flat_;  // rows x flat_bytes; empty in prediction
  const PairKernels& kernels_ = pair_kernels();
};

}  // namespace obligor::field
