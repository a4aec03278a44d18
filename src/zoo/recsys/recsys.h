// Models of who uses what: which product a customer takes next (ranking), and how satisfied a customer will be (rating).
//
//   ModelEntry entry = zoo::neural_cf_entry();                   // recsys_entry.cc: links nothing
//   InteractionFit fit = fit_neural_cf({pairs}, make_params(entry.params, {}, "model 'neural_cf'"), context);
//   fit.model->predict(customers, products);
//
//   rating   autorec (Sedhain et al., WWW 2015), biased_mf (Koren, Bell, Volinsky, Computer 42 (2009))
//   ranking  neural_cf (He et al., WWW 2017), pure_svd (Cremonesi, Koren, Turrin, RecSys 2010), item_knn (Sarwar et al., WWW 2001; Deshpande &
//            Karypis, TOIS 22 (2004)), top_popular
//
// Contract: model/interactions.h. The same seed gives the same bytes; no thread but the caller's is used. What is held back to choose the epoch is
// drawn from the training pairs by the seed. Errors: kData for no pairs, or no ratings where they are needed; kCancelled between epochs.
#pragma once

#include "model/interactions.h"

namespace obligor::zoo {

[[nodiscard]] ModelEntry autorec_entry();
[[nodiscard]] ModelEntry biased_mf_entry();
[[nodiscard]] ModelEntry neural_cf_entry();
[[nodiscard]] ModelEntry pure_svd_entry();
[[nodiscard]] ModelEntry item_knn_entry();
[[nodiscard]] ModelEntry top_popular_entry();

[[nodiscard]] InteractionFit fit_autorec(const InteractionInput& input, const Params& params, const Context& context);
[[nodiscard]] InteractionFit fit_biased_mf(const InteractionInput& input, const Params& params, const Context& context);
[[nodiscard]] InteractionFit fit_neural_cf(const InteractionInput& input, const Params& params, const Context& context);
[[nodiscard]] InteractionFit fit_pure_svd(const InteractionInput& input, const Params& params, const Context& context);
[[nodiscard]] InteractionFit fit_item_knn(const InteractionInput& input, const Params& params, const Context& context);
[[nodiscard]] InteractionFit fit_top_popular(const InteractionInput& input, const Params& params, const Context& context);

}  // namespace obligor::zoo
