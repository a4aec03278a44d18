// autorec: h(r) = W g(V r + mu) + b over the vectors of a product's (or a customer's) ratings, the loss over the known ones alone:
//   sum over vectors, sum over known entries (r - h(r))^2 + l2 / 2 (|W|^2 + |V|^2)
// (Sedhain et al. 2015, equations 1 and 2). Both products are sparse: a vector costs its known entries times the hidden units, forward and back.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/random.h"
#include "zoo/recsys/autorec_step.h"
#include "zoo/recsys/recsys.h"
#include "zoo/recsys/stopping.h"

namespace obligor::zoo {
namespace {

recsys::Hidden hidden_of(const std::string& name) {
  if (name == "tanh") return recsys::Hidden::kTanh;
  if (name == "relu") return recsys::Hidden::kRelu;
  if (name == "identity") return recsys::Hidden::kIdentity;
  return recsys::Hidden::kSigmoid;
}

class Autoencoder {
 public:
  Autoencoder(const Interactions& pairs, const Params& params, const Context& context)
      : pairs_(pairs),
        item_based_(params.text("based") == "item"),
        vectors_(item_based_ ? recsys::lists_by_product(pairs) : recsys::lists_by_customer(pairs)),
        batch_(static_cast<size_t>(params.integer("batch"))),
        rate_(params.real("learning_rate")),
        random_(context.seed(), "autorec"),
        step_({.entries = item_based_ ? pairs.customers : pairs.products,
               .hidden = static_cast<size_t>(params.integer("hidden")),
               .activation = hidden_of(params.text("activation")),
               .l2 = params.real("l2"),
               .vectors = count_known()},
              mean_of(pairs), context.seed()) {
    for (size_t v = 0; v < vectors_.size(); ++v) {
      if (!vectors_.of(v).empty()) order_.push_back(static_cast<uint32_t>(v));
    }
  }

  double epoch() {
    random_.shuffle(std::span(order_));
    double squares = 0;
    for (size_t first = 0; first < order_.size(); first += batch_) {
      squares += step_.adam_step(vectors_, std::span(order_).subspan(first, std::min(batch_, order_.size() - first)), rate_);
    }
    return std::sqrt(squares / static_cast<double>(pairs_.size()));
  }

  // For the ids of training h is a product of two tables: an entry's weights and bias, and a vector's hidden units.
  [[nodiscard]] recsys::Factors factors() const {
    const size_t hidden = step_.shape().hidden;
    std::vector<float> units((vectors_.size() + 1) * hidden);
    for (size_t v = 0; v < vectors_.size(); ++v) {
      step_.encode(vectors_.of(v), vectors_.values_of(v), std::span(units).subspan(v * hidden, hidden));
    }
    // One that no rating is known of: the vector 0.
    step_.encode({}, {}, std::span(units).subspan(vectors_.size() * hidden, hidden));
    std::vector<float> weights = step_.output_weights();
    std::vector<float> bias = step_.output_bias();
    weights.resize(weights.size() + hidden);
    bias.push_back(0);
    // An entry that was never known has learned nothing; it gets what the others have on average.
    const auto& ids = item_based_ ? pairs_.customer : pairs_.product;
    recsys::unseen_is_mean(weights, hidden, ids);
    recsys::unseen_is_mean(bias, 1, ids);
    recsys::Factors factors;
    factors.width = hidden;
    if (!item_based_) weights.swap(units);
    factors.customer = std::move(weights);
    factors.product = std::move(units);
    (item_based_ ? factors.customer_offset : factors.product_offset) = std::move(bias);
    const auto [low, high] = std::minmax_element(pairs_.rating.begin(), pairs_.rating.end());
    factors.low = *low;
    factors.high = *high;
    return factors;
  }

 private:
  [[nodiscard]] size_t count_known() const {
    size_t count = 0;
    for (size_t v = 0; v < vectors_.size(); ++v) count += vectors_.of(v).empty() ? 0U : 1U;
    return count;
  }

  static double mean_of(const Interactions& pairs) {
    double sum = 0;
    for (const float rating : pairs.rating) sum += static_cast<double>(rating);
    return sum / static_cast<double>(pairs.size());
  }

  const Interactions& pairs_;
  bool item_based_;
  recsys::Lists vectors_;
  size_t batch_;
  double rate_;
  Random random_;
  recsys::AutorecStep step_;
  std::vector<uint32_t> order_;
};

}  // namespace

InteractionFit fit_autorec(const InteractionInput& input, const Params& params, const Context& context) {
  recsys::check_pairs(input.train, true, "autorec");
  return recsys::fit_with_held_back<Autoencoder>(input.train, params, context);
}

}  // namespace obligor::zoo
