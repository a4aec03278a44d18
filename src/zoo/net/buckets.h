// Rows of like length in one batch, so that a network over histories or texts computes few steps that are not there. No torch here.
//
//   std::vector<uint32_t> lengths = row_lengths(input.train, input.groups);   // empty: all are equally long
//   bucket_rows(order, lengths, steps, random);                               // order: a permutation of the rows
//
// Khomenko et al., Accelerating recurrent neural network training using sequence bucketing and multi-GPU data parallelization, 2016
// (arXiv:1708.05604): batches are drawn from runs of the random order that are sorted by length, so that every row is visited once an epoch
// and batches differ from epoch to epoch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/batch.h"
#include "core/random.h"
#include "model/model.h"

namespace obligor::net {

// Batch `step` of an epoch holds the places [batch_begin(step), batch_begin(step + 1)) of the order; batches differ by one row at most.
[[nodiscard]] constexpr size_t batch_begin(size_t step, size_t rows, size_t steps) { return step * rows / steps; }

// Of each row, how many steps and words its groups have from the first that is there to the last, summed. Empty where there is no group, or where
// all rows have as many.
[[nodiscard]] std::vector<uint32_t> row_lengths(const Batch& batch, std::span<const FeatureGroup> groups);

// Sorts each run of kBucketBatches batches of the order by length, then deals the sorted rows to the batches of the run in random order. Rows of
// equal length keep their order.
inline constexpr size_t kBucketBatches = 32;
void bucket_rows(std::vector<uint32_t>& order, std::span<const uint32_t> lengths, size_t steps, Random& random);

}  // namespace obligor::net
