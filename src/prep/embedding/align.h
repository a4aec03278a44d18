// Embeddings of the same nodes, period by period, in one space: each is turned so that it lies as near as it can to what was known before.
//
//   Aligner aligner(nodes, width);
//   for (Embedding& period : periods) aligner.turn(period);        // in the order of time
//
// Skip-gram fixes vectors up to a rotation, so those of two periods cannot be compared number by number. R is orthogonal and makes |A R - B| least,
// where the rows of A are the period's vectors and those of B the latest turned vectors of the same nodes: R = U V', A'B = U S V' (Schoenemann, A
// generalized solution of the orthogonal Procrustes problem, Psychometrika 31(1), 1966; for word vectors over time Hamilton, Leskovec & Jurafsky, ACL
// 2016, arXiv:1605.09096). Angles and lengths within a period stay.
//
// Contract: nodes that never came in a period (count 0) have no part in it. Where no node came before nothing is turned. Errors: kInvalid for an
// embedding of another size.
#pragma once

#include <cstdint>
#include <vector>

#include "prep/embedding/skip_gram.h"

namespace obligor {

class Aligner {
 public:
  Aligner(size_t nodes, size_t width);
  void turn(Embedding& embedding);

 private:
  size_t width_;
  std::vector<float> latest_;  // nodes x width
  std::vector<uint8_t> known_;
};

}  // namespace obligor
