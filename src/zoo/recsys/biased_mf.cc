// biased_mf: r = mean + b_customer + b_product + <p, q>, by stochastic gradient descent over the ratings in random order.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/recsys/factor_model.h"
#include "zoo/recsys/lists.h"
#include "zoo/recsys/recsys.h"
#include "zoo/recsys/stopping.h"

namespace obligor::zoo {
namespace {

class Descent {
 public:
  Descent(const Interactions& pairs, const Params& params, const Context& context)
      : pairs_(pairs),
        width_(static_cast<size_t>(params.integer("factors"))),
        rate_(static_cast<float>(params.real("learning_rate"))),
        l2_(static_cast<float>(params.real("l2"))),
        random_(context.seed(), "biased_mf"),
        order_(all_of(pairs.size())) {
    factors_.width = width_;
    const auto normals = [&](std::vector<float>& table, size_t rows) {
      table.resize((rows + 1) * width_);
      for (auto& value : table) value = static_cast<float>(params.real("start") * random_.normal());
    };
    normals(factors_.customer, pairs.customers);
    normals(factors_.product, pairs.products);
    factors_.customer_offset.assign(pairs.customers + 1, 0.0F);
    factors_.product_offset.assign(pairs.products + 1, 0.0F);
    double sum = 0;
    for (const float rating : pairs.rating) sum += static_cast<double>(rating);
    factors_.offset = static_cast<float>(sum / static_cast<double>(pairs.size()));
    const auto [low, high] = std::minmax_element(pairs.rating.begin(), pairs.rating.end());
    factors_.low = *low;
    factors_.high = *high;
  }

  // Root of the mean squared error over the epoch, each before its step.
  double epoch() {
    random_.shuffle(std::span(order_));
    double squares = 0;
    for (const uint32_t i : order_) {
      float* p = factors_.customer.data() + pairs_.customer[i] * width_;
      float* q = factors_.product.data() + pairs_.product[i] * width_;
      float& a = factors_.customer_offset[pairs_.customer[i]];
      float& b = factors_.product_offset[pairs_.product[i]];
      float dot = 0;
      for (size_t k = 0; k < width_; ++k) dot += p[k] * q[k];
      const float error = pairs_.rating[i] - (factors_.offset + a + b + dot);
      squares += static_cast<double>(error) * static_cast<double>(error);
      a += rate_ * (error - l2_ * a);
      b += rate_ * (error - l2_ * b);
      for (size_t k = 0; k < width_; ++k) {
        const float before = p[k];
        p[k] += rate_ * (error * q[k] - l2_ * before);
        q[k] += rate_ * (error * before - l2_ * q[k]);
      }
    }
    return std::sqrt(squares / static_cast<double>(order_.size()));
  }

  // As a finished model: an id without a rating has offset 0 and the zero vector.
  [[nodiscard]] recsys::Factors factors() const {
    recsys::Factors finished = factors_;
    const auto clear = [&](std::vector<float>& table, const std::vector<uint32_t>& ids) {
      std::vector<uint8_t> seen(table.size() / std::max<size_t>(1, width_));
      for (const uint32_t id : ids) seen[id] = 1;
      for (size_t r = 0; r < seen.size(); ++r) {
        if (seen[r] == 0) std::fill_n(table.begin() + static_cast<std::ptrdiff_t>(r * width_), width_, 0.0F);
      }
    };
    if (width_ > 0) {
      clear(finished.customer, pairs_.customer);
      clear(finished.product, pairs_.product);
    }
    return finished;
  }

 private:
  static std::vector<uint32_t> all_of(size_t n) {
    std::vector<uint32_t> order(n);
    for (size_t i = 0; i < n; ++i) order[i] = static_cast<uint32_t>(i);
    return order;
  }

  const Interactions& pairs_;
  size_t width_;
  float rate_;
  float l2_;
  Random random_;
  std::vector<uint32_t> order_;
  recsys::Factors factors_;
};

}  // namespace

InteractionFit fit_biased_mf(const InteractionInput& input, const Params& params, const Context& context) {
  recsys::check_pairs(input.train, true, "biased_mf");
  return recsys::fit_with_held_back<Descent>(input.train, params, context);
}

}  // namespace obligor::zoo
