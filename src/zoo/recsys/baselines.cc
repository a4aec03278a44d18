// top_popular and item_knn: what a recommender has to beat.
#include <algorithm>
#include <cmath>
#include <utility>

#include "zoo/recsys/factor_model.h"
#include "zoo/recsys/lists.h"
#include "zoo/recsys/recsys.h"

namespace obligor::zoo {
namespace {

using recsys::Lists;

// Similarities of each product to its nearest ones, ascending by product.
class ItemKnn final : public PairModel {
 public:
  ItemKnn(Lists used, Lists near) : used_(std::move(used)), near_(std::move(near)) {}

  // The sum of the similarities to what the customer has, by a merge of two ascending lists.
  [[nodiscard]] std::vector<double> predict(std::span<const uint32_t> customer, std::span<const uint32_t> product) const override {
    std::vector<double> scores(customer.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      if (customer[i] >= used_.size() || product[i] >= near_.size()) continue;
      const auto has = used_.of(customer[i]);
      const auto near = near_.of(product[i]);
      const auto similarity = near_.values_of(product[i]);
      for (size_t a = 0, b = 0; a < has.size() && b < near.size();) {
        if (has[a] < near[b]) ++a;
        else if (near[b] < has[a]) ++b;
        else scores[i] += static_cast<double>(similarity[b]), ++a, ++b;
      }
    }
    return scores;
  }

  // The score is a sum over all that a customer has: no plan over two codes holds that in less than a table of all pairs.
  [[nodiscard]] std::optional<NodeId> lower(PlanBuilder& /*builder*/, const PairInputs& /*inputs*/) const override { return std::nullopt; }

 private:
  Lists used_;
  Lists near_;
};

}  // namespace

InteractionFit fit_top_popular(const InteractionInput& input, const Params& /*params*/, const Context& context) {
  recsys::check_pairs(input.train, false, "top_popular");
  context.check_cancelled();
  recsys::Factors factors;
  factors.product_offset.assign(input.train.products + 1, 0.0F);
  for (const uint32_t product : input.train.product) factors.product_offset[product] += 1;
  return {recsys::make_factor_model(std::move(factors)), {}};
}

InteractionFit fit_item_knn(const InteractionInput& input, const Params& params, const Context& context) {
  recsys::check_pairs(input.train, false, "item_knn");
  const auto neighbours = static_cast<size_t>(params.integer("neighbours"));
  const double shrink = params.real("shrink");
  Lists used = recsys::lists_by_customer(input.train);
  const Lists users = recsys::lists_by_product(input.train);
  Lists near;
  near.begin.push_back(0);
  std::vector<uint32_t> shared(input.train.products);
  std::vector<uint32_t> met;
  std::vector<std::pair<float, uint32_t>> found;
  for (uint32_t i = 0; i < input.train.products; ++i) {
    if (i % 64 == 0) context.check_cancelled();
    met.clear();
    for (const uint32_t customer : users.of(i)) {
      for (const uint32_t other : used.of(customer)) {
        if (other == i) continue;
        if (shared[other]++ == 0) met.push_back(other);
      }
    }
    found.clear();
    for (const uint32_t other : met) {
      const double size = std::sqrt(static_cast<double>(users.of(i).size()) * static_cast<double>(users.of(other).size()));
      found.emplace_back(static_cast<float>(shared[other] / (size + shrink)), other);
      shared[other] = 0;
    }
    const size_t kept = std::min(neighbours, found.size());
    // Nearest first; of equally near ones the first of the catalogue.
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    found.resize(kept);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    for (const auto& [similarity, other] : found) {
      near.items.push_back(other);
      near.values.push_back(similarity);
    }
    near.begin.push_back(near.items.size());
  }
  return {std::make_unique<ItemKnn>(std::move(used), std::move(near)), {}};
}

}  // namespace obligor::zoo
