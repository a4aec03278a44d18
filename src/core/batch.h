// What moves between rooms a batch at a time: raw input columns, prepared features, and scores. Spans: a batch never owns.
//
//   InputBatch raw;                      // what a plan reads: columns by position, as the plan's inputs name them
//   Batch batch = design.batch();        // what a model reads: rows x width features, row-major, and code columns
//   Scores scores = model.predict(batch);
//
// Shapes: all columns of a batch are `rows` long. A missing number is NaN; a missing category or code is -1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace obligor {

// One raw column. Either numbers (float32, NaN = missing) or codes into a dictionary of strings (-1 = missing).
struct InputColumn {
  std::span<const float> numbers;
  std::span<const int32_t> codes;
  const std::vector<std::string>* dictionary = nullptr;  // set exactly when the column is a category
};

struct InputBatch {
  size_t rows = 0;
  std::vector<InputColumn> columns;  // in the order of the plan's inputs
};

// Prepared features. `codes` are the columns that a model embeds; empty for models that want numbers alone.
struct Batch {
  size_t rows = 0;
  size_t width = 0;
  std::span<const float> features;  // rows x width, row-major
  std::vector<std::span<const int32_t>> codes;
};

enum class ScoreKind { kProbability, kLogOdds, kPoints, kHazard, kValue };

// One value a row; the probability is that of the bad (target 1).
struct Scores {
  ScoreKind kind = ScoreKind::kProbability;
  std::vector<double> values;
};

}  // namespace obligor
