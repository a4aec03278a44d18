// Which characteristics a card holds, and their coefficients.
//
//   Selection selection = select_characteristics(input.train, input.target, input.weight, ivs, rules, context);
//   selection.columns[i] has selection.coefficients[i]; selection.dropped says why the others are not there.
//
// Steps, in this order: information value below `min_iv`; correlation above `max_correlation` with a column of higher information
// value; variance inflation 1 / (1 - R^2) above `max_vif`, the highest first; then the walk: forward adds by Rao's score test,
// backward removes by Wald's, stepwise does both. A column enters when its chi-square is above its `enter` and stays while it is above
// its `remove`. The sign rule: columns are high where safe, so a coefficient above 0 is dropped.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/context.h"

namespace obligor::zoo::card {

enum class Walk { kAll, kForward, kBackward, kStepwise };

struct Rules {
  double min_iv = 0.0;
  double max_correlation = 1.0;
  double max_vif = 1e9;
  Walk walk = Walk::kAll;
  std::vector<double> enter;   // chi-square a column; empty = 0
  std::vector<double> remove;  // chi-square a column, not above `enter`; empty = 0
  bool sign = true;
  size_t max_columns = 0;  // 0 = no limit
  double ridge = 0;        // on b^2 / 2, intercept free
};

struct Dropped {
  size_t column = 0;
  std::string reason;  // "information value 0.004 is below 0.01"
};

struct Selection {
  std::vector<size_t> columns;       // in the order in which they came in
  std::vector<double> coefficients;  // of the log-odds of bad
  std::vector<double> errors;        // standard errors; NaN where there is none
  double intercept = 0;
  double intercept_error = 0;
  std::vector<Dropped> dropped;
  bool converged = true;
  bool none_passed = false;  // no column passed the walk's test; the best one is in the card all the same
};

[[nodiscard]] Selection select_characteristics(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight,
                                               std::span<const double> information_value, const Rules& rules, const Context& context);

}  // namespace obligor::zoo::card
