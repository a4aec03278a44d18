// The contract of models that learn from who used what: (customer, product) pairs, with a rating or as an event.
//
//   Interactions pairs{.customers = 3, .products = 2, .customer = {0, 0, 2}, .product = {0, 1, 1}, .rating = {5, 3, 4}};
//   InteractionFit fit = entry.fit_interactions({pairs}, params, context);
//   std::vector<double> r = fit.model->predict(customers, products);       // pair by pair
//
// Contract: pairs are distinct. Without ratings a pair says that the customer used the product (a ranking); with them how much it was liked. The
// codes `customers` and `products` (one past the last) stand for one that training never saw; every model takes them. A prediction is a rating
// within the range of the training ratings, or a score of which only the order within a customer means anything.
// Errors: kData for no pairs, or pairs without ratings given to a model that needs them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/model.h"

namespace obligor {

struct Interactions {
  size_t customers = 0;
  size_t products = 0;
  std::vector<uint32_t> customer;  // [0, customers)
  std::vector<uint32_t> product;   // [0, products)
  std::vector<float> rating;       // a value a pair, or empty: events
  [[nodiscard]] size_t size() const { return customer.size(); }
};

struct InteractionInput {
  const Interactions& train;
};

// Codes in [0, customers] and [0, products].
struct PairInputs {
  NodeId customer = 0;
  NodeId product = 0;
};

class PairModel {
 public:
  virtual ~PairModel() = default;
  [[nodiscard]] virtual std::vector<double> predict(std::span<const uint32_t> customer, std::span<const uint32_t> product) const = 0;
  // Adds nodes that compute the same, to 1e-6 of the value; nothing when the model has no such plan.
  [[nodiscard]] virtual std::optional<NodeId> lower(PlanBuilder& builder, const PairInputs& inputs) const = 0;
};

struct InteractionFit {
  std::unique_ptr<PairModel> model;
  FitReport report;
};

}  // namespace obligor
