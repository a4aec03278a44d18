// Gradient boosting of trees by LightGBM: leaf-wise, histogram-based (Ke et al., NeurIPS 2017), binary log-loss.
//
//   ModelEntry entry = zoo::lightgbm_entry();          // torch-free and LightGBM-free: boost_entry.cc
//   entry.fit = zoo::fit_lightgbm;                     // in the program that trains: boost.cc
//   FitResult result = fit_lightgbm(input, make_params(entry.params, {}, "model 'lightgbm'"), context);
//
// Contract: stops by the held-back part (input.valid) and keeps the iterations up to its best value; without one it makes
// 5 / learning_rate iterations. Missing numbers are NaN and go where the training loss is lower. One thread, deterministic: the same
// seed gives the same trees. predict() is LightGBM's own; lower() the same trees as the plan's op `trees` (zoo/boost/tree_text.h).
// Errors: kInvalid for a monotone column that is not there or is a category, kData for a training target of one class or no
// columns, kCancelled between iterations, kInternal with LightGBM's own words otherwise.
#pragma once

#include "model/model.h"

namespace obligor::zoo {

[[nodiscard]] ModelEntry lightgbm_entry();
// The same model and fit, tuned unless the user says otherwise (study/tune).
[[nodiscard]] ModelEntry bo_lightgbm_entry();

[[nodiscard]] FitResult fit_lightgbm(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor::zoo
