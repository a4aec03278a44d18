// Logistic regression: the model every other one is compared with.
//
//   log-odds of bad = b0 + sum_j b_j x_j,   minimised: sum_i w_i log(1 + exp(-y_i z_i)) + strength * (mix |b|_1 + (1 - mix) |b|_2^2 / 2)
//
// The intercept is never penalised. `strength` 1 is scikit-learn's C = 1. Solvers: IRLS (Newton) with step halving, L-BFGS
// (Nocedal & Wright, algorithm 7.5), and for an L1 part FISTA with adaptive restart (O'Donoghue & Candes 2015).
// Standard errors come from the inverse of the (penalised) Hessian at the optimum; with a penalty they are conditional on it.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry logistic_entry();  // torch-free, without `fit`
[[nodiscard]] FitResult fit_logistic(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
