// Binning of a table larger than memory: two passes over its chunks. The first sketches the quantiles of each number column, the
// second counts pre-bins and levels exactly; the optimum is then searched as in memory.
//
//   StreamBinner binner({{"age", ColumnKind::kNumber, spec}, {"job", ColumnKind::kCategory, spec}}, seed);
//   while (auto chunk = first.next()) binner.observe(*chunk, context);
//   while (auto chunk = second.next()) binner.count(*chunk, rows, bads, weights, context);
//   Binning age = binner.finish(0);
//
// Memory: a sketch (about 3 k float32) a number column, a count a level of each category. Pre-bins are the quantiles of the rows
// (unweighted) within the sketch's rank error, or all values where there are no more than `max_prebins`; `spec.prebins` does not
// apply. Every count in the tables is exact. Errors: as fit_binning; a column that cannot be binned is told by finish().
#pragma once

#include <memory>

#include "core/context.h"
#include "prep/binning/binning.h"

namespace obligor {

struct StreamFeature {
  std::string name;
  ColumnKind kind = ColumnKind::kNumber;  // kNumber, kDate or kCategory
  BinningSpec spec;
};

class StreamBinner {
 public:
  StreamBinner(std::vector<StreamFeature> features, uint64_t seed);
  ~StreamBinner();
  StreamBinner(const StreamBinner&) = delete;
  StreamBinner& operator=(const StreamBinner&) = delete;

  void observe(const Table& chunk, const Context& context);
  // Of the chunk's rows: those to count, with their target (1 = bad) and weights (or empty).
  void count(const Table& chunk, Rows rows, std::span<const uint8_t> target, std::span<const double> weights, const Context& context);
  // Of one feature, by its place. Error{kData} as fit_binning.
  [[nodiscard]] Binning finish(size_t feature) const;
  [[nodiscard]] const std::vector<StreamFeature>& features() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor
