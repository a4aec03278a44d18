// The factorisation and crossing networks: registry rows and fits.
//
//   ModelEntry entry = nfm_entry();                 // torch-free: every program may list it
//   entry.fit = fit_nfm;                            // bound in the program that trains
//
// Each reads the table as fields: a vector of numbers for every category code and for every number column (by value, by pieces or by
// bins; parameter `numbers_as`). docs/models has a page for each, with its equations. The loss is the weighted log-loss; the loop,
// early stopping and what is recorded are those of zoo/net/training.h.
//
// Errors: kNumeric when the loss is no longer finite, kData when the training rows hold one class only, kCancelled on request,
// kUnsupported for a device that is not there.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry fm_entry();
[[nodiscard]] ModelEntry nfm_entry();
[[nodiscard]] ModelEntry deepfm_entry();

[[nodiscard]] FitResult fit_fm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_nfm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_deepfm(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
