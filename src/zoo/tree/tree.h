// The rule trees a bank can sign off: CART, CHAID, C5.0 and their weighted vote. Each is our own code, faithful to its source.
//
//   ModelEntry entry = zoo::cart_entry();              // tree_entry.cc: links nothing
//   FitResult result = fit_cart(input, make_params(entry.params, {}, "model 'cart'"), context);
//   result.report.details["rules"];                    // the tree as text; ["nodes"] as a flat array (zoo/tree/rule_tree.h)
//
// Contract: features are raw numbers (NaN = missing) and codes of categories (NaN = missing or a level that training did not show).
// predict() walks the tree; lower() gives the probability of bad. The same seed gives the same tree. What differs from the sources is said
// in docs/models/{cart,chaid,c50,tree_vote}.md.
// Errors: kData for a training target of one class or no columns, kCancelled between nodes.
#pragma once

#include "model/model.h"

namespace obligor::zoo {

[[nodiscard]] ModelEntry cart_entry();
[[nodiscard]] ModelEntry chaid_entry();
[[nodiscard]] ModelEntry c50_entry();
[[nodiscard]] ModelEntry tree_vote_entry();

[[nodiscard]] FitResult fit_cart(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_chaid(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_c50(const FitInput& input, const Params& params, const Context& context);
[[nodiscard]] FitResult fit_tree_vote(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor::zoo
