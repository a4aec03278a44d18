// A finished model whose score is an offset, a value of the customer, one of the product, and the product of their vectors:
//   score = clip(offset + b_customer + b_product + <u_customer, v_product>).
// Biased matrix factorisation, PureSVD, popularity, and AutoRec for the ids it was trained on are of this form. Private to the room.
//
// Each table has one row more than ids: that of an id which training never saw. `unseen_is_mean` fills it.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "model/interactions.h"

namespace obligor::recsys {

struct Factors {
  size_t width = 0;                    // 0: no vectors
  std::vector<float> customer;         // (customers + 1) x width
  std::vector<float> product;          // (products + 1) x width
  std::vector<float> customer_offset;  // customers + 1, or empty
  std::vector<float> product_offset;   // products + 1, or empty
  float offset = 0;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// The last row becomes the mean of the rows whose id occurs in `ids`; so does each row whose id does not.
void unseen_is_mean(std::vector<float>& table, size_t width, std::span<const uint32_t> ids);

[[nodiscard]] std::unique_ptr<PairModel> make_factor_model(Factors factors);

}  // namespace obligor::recsys
