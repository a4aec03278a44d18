// Models over a borrower's history: `rnn`, `lstm`, `gru`, `attention_lstm`, `lstm_fraud`, `network_lstm`, `cnn` (temporal convolutions) and
// `transformer`.
//
//   ModelEntry entry = gru_entry();                 // torch-free: every program may list it
//   entry.fit = fit_gru;                            // bound in the program that trains
//
// Each group of kind kSequence among the prepared columns (prep/spec.h) has an encoder of its own; what the encoders say is pooled over
// the steps that are there, joined with the columns that are no history, and read by a head of one hidden layer:
//
//   s = pool(encode(x_1, .., x_T)),  z = [s, static columns],  p = sigmoid(v . relu(W z + b) + c).
//
// Without a sequence all columns are one step, and a note says so. Training: zoo/net/training.h. Errors: those of it.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry rnn_entry();
[[nodiscard]] ModelEntry lstm_entry();
[[nodiscard]] ModelEntry gru_entry();
[[nodiscard]] ModelEntry attention_lstm_entry();
[[nodiscard]] ModelEntry lstm_fraud_entry();
[[nodiscard]] ModelEntry network_lstm_entry();
[[nodiscard]] ModelEntry cnn_entry();
[[nodiscard]] ModelEntry transformer_entry();

[[nodiscard]] FitResult fit_rnn(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_lstm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_gru(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_attention_lstm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_network_lstm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_lstm_fraud(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_cnn(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_transformer(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
