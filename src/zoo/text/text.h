// Models over a borrower's words, alone or together with the plain columns.
//
//   entries: bag_of_words_entry(), ...        fits: fit_bag_of_words, ...
//
// Their columns are prepared with PrepSpec::text_length above 0, so that each text is a group of word ids (prep/spec.h). A task without a
// text column is Error{kData}.
#pragma once

#include "model/model.h"

namespace obligor {

// z = b_0 + sum_j b_j x_j + for each text: s(n) sum_t c_w(t) + d ln(1 + n); n words, s(n) = 1 or 1 / sqrt(1 + n).
[[nodiscard]] ModelEntry bag_of_words_entry();
[[nodiscard]] FitResult fit_bag_of_words(const FitInput& input, const Params& params, const Context& context);

// PV-DBOW vectors of the texts, inferred by fixed steps, and a logistic regression on them and the plain columns (zoo/text/documents.h).
[[nodiscard]] ModelEntry doc2vec_entry();
[[nodiscard]] FitResult fit_doc2vec(const FitInput& input, const Params& params, const Context& context);

// Networks over word vectors; the plain columns join behind the encoder (zoo/text/shape.h).
[[nodiscard]] ModelEntry wv_cnn_entry();
[[nodiscard]] FitResult fit_wv_cnn(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] ModelEntry word2vec_lstm_entry();
[[nodiscard]] FitResult fit_word2vec_lstm(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] ModelEntry bm_linear_entry();
[[nodiscard]] FitResult fit_bm_linear(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
