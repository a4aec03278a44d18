// Networks that look at the rows before they look at the target: `dbn`, `sdae`, `autoencoder` and `dec`.
//
//   ModelEntry entry = dbn_entry();                 // torch-free: every program may list it
//   entry.fit = fit_dbn;                            // bound in the program that trains
//
// dbn and sdae are feed-forward networks whose hidden layers start from layer-wise pre-training: restricted Boltzmann machines by
// contrastive divergence (Hinton, Osindero & Teh, Neural Computation 18, 2006; rbm.h) or denoising autoencoders with tied weights
// (Vincent et al., JMLR 11, 2010; denoise.h). They are then fine-tuned by the loop of every network (zoo/net/training.h).
//
// autoencoder never learns what separates good from bad: it reconstructs the rows, and the probability is monotone in the error
// (autoencoder.h). dec parts the rows into clusters without their labels, in the code of an autoencoder that the clusters pull into shape; the
// probability is the bad rate of the clusters that a row belongs to (dec.cc, clusters.h).
//
// Weights of rows count in fine-tuning and calibration; pre-training and reconstruction take every row once. Errors: kData when the
// training rows hold one class only, kNumeric when a loss is no longer finite, kCancelled on request, kUnsupported for a device that is
// not there.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry dbn_entry();
[[nodiscard]] ModelEntry sdae_entry();
[[nodiscard]] ModelEntry autoencoder_entry();
[[nodiscard]] ModelEntry dec_entry();

[[nodiscard]] FitResult fit_dbn(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_sdae(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_autoencoder(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_dec(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
