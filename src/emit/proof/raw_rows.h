// Raw rows that own their storage, and the rows on which two executors are most likely to part.
//
//   RawRows rows = edge_rows(plan, data, random, 20'000);
//   executor.run(rows.batch(0, rows.rows), {"probability"});
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "plan/executor.h"

namespace obligor {

struct RawRows {
  size_t rows = 0;
  std::vector<std::vector<float>> numbers;  // an input; empty where it is a category
  std::vector<std::vector<int32_t>> codes;
  std::vector<std::vector<std::string>> dictionaries;

  [[nodiscard]] InputBatch batch(size_t begin, size_t count) const;
};

// What the plan compares its inputs with: of each number the thresholds, limits, knots, codes and splits, ascending; of each category the strings.
struct LookedAt {
  std::vector<std::vector<float>> thresholds;
  std::vector<std::vector<std::string>> words;
};
[[nodiscard]] LookedAt looked_at(const ScorePlan& plan);

// The values of each numeric input that some threshold, limit, knot, special code or tree looks at, one unit in the last place to either
// side of it, the missing one, both infinities and the ends of float32; of each category the listed strings, the missing one, an unseen,
// an empty and a very long one. Two kinds of rows: all inputs at once from these lists, shuffled, each value at least once; then rows of
// `base` (of the lists where it is empty) with one input replaced, up to `most` rows together. A threshold counts for an input where the
// value reaches it unchanged, through special, impute, clip, concat and select.
[[nodiscard]] RawRows edge_rows(const ScorePlan& plan, const InputBatch& base, Random& random, size_t most);

// The same rows with empty strings missing, for forms that cannot tell the two apart.
[[nodiscard]] RawRows without_empty_strings(const ScorePlan& plan, const InputBatch& batch);

// A row for people: name to value; long strings are cut.
[[nodiscard]] Json row_json(const ScorePlan& plan, const InputBatch& batch, size_t row);

}  // namespace obligor
