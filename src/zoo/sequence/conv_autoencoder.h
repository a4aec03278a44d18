// `conv_autoencoder`: dilated convolutions over a row seen as a signal, first trained to restore rows without their labels.
//
//   ModelEntry entry = conv_autoencoder_entry();    // vendor-free: every program may list it
//   entry.fit = fit_conv_autoencoder;               // bound in the program that trains
//
// Layer by layer, the filters learn h = relu(W * x~ + b) such that the transposed convolution W' * h + c is the clean x, x~ being x with a
// share of its cells blanked out; then all of them and a head of hidden units are trained on the rows whose labels are used.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry conv_autoencoder_entry();

// Errors: kData when the rows whose labels are used hold one class only, or no column; kNumeric when a reconstruction is no longer finite;
// kCancelled on request.
[[nodiscard]] FitResult fit_conv_autoencoder(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
