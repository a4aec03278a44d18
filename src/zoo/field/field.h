// The factorisation and crossing networks and the modern tabular ones: registry rows and fits.
//
//   ModelEntry entry = nfm_entry();                 // torch-free: every program may list it
//   entry.fit = fit_nfm;                            // bound in the program that trains
//
// Each reads the table as fields: a vector of numbers for every category code and for every number column (by value, by pieces or by
// bins; parameter `numbers_as`); resnet and tabm read the prepared columns as they are. docs/models has a page for each, with its
// equations. The loss is the weighted log-loss; the loop, early stopping and what is recorded are those of zoo/net/training.h.
//
// Errors: kNumeric when the loss is no longer finite, kData when the training rows hold one class only, kCancelled on request,
// kUnsupported for a device that is not there, kInvalid where two parameters do not fit (embedding and heads of ft_transformer).
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry fm_entry();
[[nodiscard]] ModelEntry nfm_entry();
[[nodiscard]] ModelEntry deepfm_entry();
[[nodiscard]] ModelEntry wide_deep_entry();
[[nodiscard]] ModelEntry deep_crossing_entry();
[[nodiscard]] ModelEntry pnn_entry();
[[nodiscard]] ModelEntry afm_entry();
[[nodiscard]] ModelEntry dcn_v2_entry();
[[nodiscard]] ModelEntry resnet_entry();
[[nodiscard]] ModelEntry tabm_entry();
[[nodiscard]] ModelEntry ft_transformer_entry();

[[nodiscard]] FitResult fit_fm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_nfm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_deepfm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_wide_deep(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_deep_crossing(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_pnn(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_afm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_dcn_v2(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_resnet(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_tabm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_ft_transformer(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
