// Models of states: `transition_matrix`, `multinomial_logit`, `transition_ann` and `mortgage_dnn`.
//
//   ModelEntry entry = mortgage_dnn_entry();              // vendor-free: every program may list it
//   entry.fit_transitions = fit_softmax_transitions;      // bound in the program that trains
//
// p(to | from, x), with what never happened in training held at probability 0 where `masked` is set. transition_matrix takes the shares of
// the training rows and looks at no column; the others are one network (softmax_net.h) with no, one or five hidden layers, the last being
// that of Sirignano, Sadhwani & Giesecke, Deep Learning for Mortgage Risk, Journal of Financial Econometrics 19(2), 2021.
#pragma once

#include "model/model.h"
#include "model/transitions.h"

namespace obligor {

[[nodiscard]] ModelEntry transition_matrix_entry();
[[nodiscard]] ModelEntry multinomial_logit_entry();
[[nodiscard]] ModelEntry transition_ann_entry();
[[nodiscard]] ModelEntry mortgage_dnn_entry();

// Errors: those of model/transitions.h.
[[nodiscard]] TransitionFit fit_transition_matrix(const TransitionInput& input, const Params& params, const Context& context);
[[nodiscard]] TransitionFit fit_softmax_transitions(const TransitionInput& input, const Params& params, const Context& context);

}  // namespace obligor
