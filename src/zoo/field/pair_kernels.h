// The loops of pair_attention.h over the pairs of one row, compiled for each instruction set of core/instruction_set.h.
//
//   const PairKernels& kernels = pair_kernels();
//   kernels.forward(work, row, shares, flat);           // the mix in work.pooled
//   kernels.backward(work, row, shares, flat);          // from work.d_pooled, added to what work gathers and to work.d_vectors
//
// Arrays are row-major float32 and aligned to 64 bytes. Same machine, same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/floats.h"

namespace obligor::field {

// Sizes, weights and the arrays in which a row is worked on; those are filled up with zeros to multiples of kLineFloats numbers. Pairs (i, j), i < j,
// are in the order of i, then j.
struct PairWork {
  size_t fields = 0;
  size_t k = 0;
  size_t units = 0;  // a multiple of 4; those that are none have weights of 0
  size_t pairs = 0;
  size_t width = 0;  // k filled up
  size_t line = 0;   // fields filled up, and kLineFloats more
  size_t span = 0;   // pairs filled up, and kLineFloats more

  const size_t* places = nullptr;  // fields: where each one's vector begins in a row

  float* weights = nullptr;  // units x width
  float* scaled = nullptr;   // units x width: times the unit's weight in the head
  float* bias = nullptr;     // units
  float* head = nullptr;     // units

  float* vectors = nullptr;    // fields, filled up to a multiple of 4, x width
  float* across = nullptr;     // width x line: the vectors again, one number of all fields after the other
  float* products = nullptr;   // k x span
  float* slopes = nullptr;     // 8 x span: of the scores, where a unit is not flat, four units together
  float* d_scores = nullptr;   // span
  float* pooled = nullptr;     // width
  float* d_pooled = nullptr;   // width
  float* d_vectors = nullptr;  // fields x width

  // Summed over rows and pairs: the slopes of the scores where a unit is not flat times the products; those slopes, and their squares, in
  // kLineFloats parts a unit.
  float* unit_products = nullptr;  // units x width
  float* unit_slopes = nullptr;    // units x kLineFloats
  float* unit_squares = nullptr;   // units x kLineFloats
};

struct PairKernels {
  size_t (*flat_bytes)(const PairWork& work);                                     // of a row's flags
  size_t (*count_flat)(const PairWork& work, size_t units, const uint8_t* flat);  // of the first `units`, on all pairs
  // row: the vectors of all fields. shares: span numbers. flat: flat_bytes, which units are flat on which pairs; null: not kept.
  void (*forward)(const PairWork& work, const float* row, float* shares, uint8_t* flat);
  void (*backward)(const PairWork& work, const float* row, const float* shares, const uint8_t* flat);
};

[[nodiscard]] const PairKernels& pair_kernels();

}  // namespace obligor::field
