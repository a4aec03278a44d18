// A plan's scores beside those that another program gave the same rows: which rows differ, by how much, and why.
//
//   Reconciler reconciler(plan, {.output = "points"});
//   reconciler.check(batch, first_row, given);              // any number of times, in order
//   Reconciliation found = reconciler.finish();
//
// The cause is found by trial: an input of the row is changed as another program may have read it, and where the plan then gives the other's score,
// that is the cause. Tried are, for a number, the bins beside its own and the missing one; for a missing number a value of each bin; for a string the
// missing one and, where no bin lists it, each listed one; for a missing string each listed and an unseen one; and two of these together.
//
//   cause            what it means
//   rounding         no more than the given scores' decimals, or those of the plan's points, leave open, or 1e-4 of the score
//   threshold side   the number is a bound, or one unit in the last place beside it, and the other has it on the other side
//   threshold        the number is farther from the bound than that: the other's bound is another one
//   unseen category  a string that one of the two does not list
//   missing          a missing cell that the other reads as a value, or a value that it reads as missing
//   unexplained      none of these
//
// Contract: two NaN are equal. A row differs where |plan - given| > tolerance x (1 + |given|), or one of the two is NaN. At most `most` rows are
// looked into; the others are counted.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "emit/native/native.h"
#include "emit/proof/raw_rows.h"

namespace obligor {

struct ReconcileOptions {
  std::string output = "log_odds";
  double tolerance = 1e-5;
  size_t most = 1'000;
};

struct RowDifference {
  uint64_t row = 0;
  double plan = 0;
  double given = 0;
  std::string cause;
  std::string input;   // empty: of the whole row
  std::string detail;  // for people
};

struct Reconciliation {
  std::string output;
  double tolerance = 0;
  uint64_t rows = 0;
  uint64_t differing = 0;
  double largest = 0;                                    // |plan - given| over the rows where both are numbers
  std::vector<std::pair<std::string, uint64_t>> causes;  // of the rows that were looked into, most frequent first
  std::vector<RowDifference> differences;
  std::string relation;  // "given = 2 + 1.44 x plan" where one line takes every score to the other's; else empty
};

class Reconciler {
 public:
  Reconciler(const ScorePlan& plan, ReconcileOptions options);  // the plan must outlive it
  ~Reconciler();
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;
  void check(const InputBatch& batch, uint64_t first_row, std::span<const float> given);
  [[nodiscard]] Reconciliation finish();

 private:
  struct Trial;
  struct Case;
  [[nodiscard]] std::vector<Trial> trials(const Case& one) const;
  void number_trials(const Case& one, size_t input, std::vector<Trial>& made) const;
  void string_trials(const Case& one, size_t input, std::vector<Trial>& made) const;
  [[nodiscard]] std::vector<float> scores(const Case& one, std::span<const Trial> trials) const;
  void explain(const Case& one, RowDifference& difference) const;
  [[nodiscard]] double rounding() const;
  [[nodiscard]] bool same(double plan, double given) const;

  const ScorePlan& plan_;
  ReconcileOptions options_;
  NativeExecutor executor_;
  LookedAt looked_at_;
  size_t parts_ = 1;       // look-ups that are summed
  double table_unit_ = 0;  // the decimals of their tables; 0: not rounded
  Reconciliation found_;
  std::vector<Case> cases_;
  std::array<bool, 5> whole_{true, true, true, true, true};  // whether every given score has 0, 1, .. 4 decimals at most
  std::array<double, 5> sums_{};                             // of plan, given, plan^2, plan given, given^2 over rows of two numbers
  uint64_t both_ = 0;
};

[[nodiscard]] Json reconciliation_json(const Reconciliation& found);

}  // namespace obligor
