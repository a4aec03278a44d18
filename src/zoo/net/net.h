// The feed-forward networks: `ann` (one hidden layer) and `dnn` (deep), registry rows and fits.
//
//   ModelEntry entry = dnn_entry();                 // torch-free: every program may list it
//   entry.fit = fit_dnn;                            // bound in the program that trains
//   FitResult result = fit_dnn(input, params, context);
//
// Both train `ensemble` members that share their weight matrices at once (zoo/net/network.h) and average their probabilities;
// `ensemble = 1` is the plain network. AdamW (Loshchilov & Hutter 2019), mini-batches from a permutation each epoch, early stopping
// on `valid`, the best epoch kept. FitReport.learning holds loss, validation loss and AUC, learning rate and gradient norms by layer.
//
// Errors: kNumeric when the loss is no longer finite, kData when the training rows hold one class only, kCancelled on request,
// kUnsupported for a device that is not there.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry ann_entry();
[[nodiscard]] ModelEntry dnn_entry();

[[nodiscard]] FitResult fit_ann(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_dnn(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
