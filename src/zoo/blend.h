// `blend`: the mean log-odds of several models of the zoo, weighted by the inner folds. A registry row; study/pipeline.h does the work.
//
//   ModelEntry entry = blend_entry();       // torch-free: every program may list it
//   entry.parts = {...};                    // the bound rows of the other models, in the program that trains
//
// The candidates of every named part are fitted on the inner folds, and forward selection with replacement takes from all of them at
// once (Caruana, Niculescu-Mizil, Crew & Ksikes, Ensemble selection from libraries of models, ICML 2004).
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry blend_entry();

}  // namespace obligor
