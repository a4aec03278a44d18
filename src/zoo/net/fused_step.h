// What the networks with a fused step share: the loss of a logit, what a tape's slots say about a layer, the sizes of AdamW's steps.
//
//   loss += log_loss_of(z, y, weight / rows, d_z);
//   watch(tape, z, Activation::kTanh, rows, rows, state);
//   kernels.adamw(n, adam_step(rate, decay, step), gradient, first, second, value);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "zoo/net/network.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/tape.h"
#include "zoo/net/training.h"

namespace obligor::net {

// The signal and the saturation of an activation after a pass, z the slot that it reads and `terms` how many losses the mean was of. Of
// several activations of one layer the last is the one next to the head.
void watch(const Tape& tape, Slot z, Activation activation, size_t rows, size_t terms, LayerState& state);

// The log-loss of a logit for target y, and into `slope` its derivative times `factor`. What is not a number stays so.
[[nodiscard]] double log_loss_of(float z, float y, float factor, float& slope);

// On the calling thread, from here on: what Tape::forward does, for whoever calls product() without a tape.
void products_on_one_thread();

// Euclidean.
[[nodiscard]] double length(std::span<const float> values);

// AdamW's of step t = 1, 2, ...; betas .9 and .999. And Adam's, whose decay is an L2 term of the loss: decay times the weight joins the gradient.
[[nodiscard]] AdamStep adam_step(double rate, double decay, uint64_t step);
[[nodiscard]] AdamStep adam_l2_step(double rate, double decay, uint64_t step);

}  // namespace obligor::net
