// The scorecard: a logistic regression on the weight of evidence of optimal bins, scaled to points.
//
//   log-odds of bad = b0 + sum_j b_j WoE_j(x_j),   b_j <= 0: safer attributes never cost points
//   points = base_points + PDO / ln 2 * (ln(odds good : bad) - ln base_odds)          (Siddiqi 2006, ch. 6)
//
// Each characteristic (column) has attributes (bins), and each attribute its points; the score is their sum. With `round_points` the
// card holds whole points, and the probability follows from the rounded score, so that the card on paper and the model agree.
// Characteristics are chosen in four steps: information value, correlation, variance inflation, then forward, backward or stepwise
// by score and Wald tests under the sign rule (selection.h). Errors: Error{kData} when no characteristic is left, saying why.
#pragma once

#include "model/model.h"

namespace obligor::zoo {

[[nodiscard]] ModelEntry scorecard_entry();  // torch-free, without `fit`
[[nodiscard]] FitResult fit_scorecard(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor::zoo
