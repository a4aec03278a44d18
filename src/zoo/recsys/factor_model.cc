#include "zoo/recsys/factor_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace obligor::recsys {
namespace {

class FactorModel final : public PairModel {
 public:
  explicit FactorModel(Factors factors) : f_(std::move(factors)) {}

  [[nodiscard]] std::vector<double> predict(std::span<const uint32_t> customer, std::span<const uint32_t> product) const override {
    std::vector<double> scores(customer.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      auto score = static_cast<double>(f_.offset);
      if (!f_.customer_offset.empty()) score += static_cast<double>(f_.customer_offset[customer[i]]);
      if (!f_.product_offset.empty()) score += static_cast<double>(f_.product_offset[product[i]]);
      const float* u = f_.customer.data() + customer[i] * f_.width;
      const float* v = f_.product.data() + product[i] * f_.width;
      for (size_t k = 0; k < f_.width; ++k) score += static_cast<double>(u[k]) * static_cast<double>(v[k]);
      scores[i] = std::clamp(score, static_cast<double>(f_.low), static_cast<double>(f_.high));
    }
    return scores;
  }

  [[nodiscard]] std::optional<NodeId> lower(PlanBuilder& builder, const PairInputs& inputs) const override {
    std::vector<NodeId> parts;
    if (!f_.customer_offset.empty()) parts.push_back(builder.look_up(inputs.customer, f_.customer_offset, 1));
    if (!f_.product_offset.empty()) parts.push_back(builder.look_up(inputs.product, f_.product_offset, 1));
    if (f_.width > 0) {
      const auto width = static_cast<uint32_t>(f_.width);
      const NodeId u = builder.look_up(inputs.customer, f_.customer, width);
      parts.push_back(builder.multiply(u, builder.look_up(inputs.product, f_.product, width)));
    }
    const NodeId all = parts.size() == 1 ? parts.front() : builder.concat(parts);
    const uint32_t columns = builder.type(all).width;
    NodeId score = builder.affine(all, std::vector<float>(columns, 1.0F), {f_.offset}, 1);
    if (std::isfinite(f_.low) && std::isfinite(f_.high)) score = builder.clip(score, {f_.low}, {f_.high});
    return score;
  }

 private:
  Factors f_;
};

}  // namespace

void unseen_is_mean(std::vector<float>& table, size_t width, std::span<const uint32_t> ids) {
  const size_t rows = table.size() / width;
  std::vector<uint8_t> seen(rows);
  for (const uint32_t id : ids) seen[id] = 1;
  std::vector<double> mean(width);
  double count = 0;
  for (size_t r = 0; r < rows; ++r) {
    if (seen[r] == 0) continue;
    count += 1;
    for (size_t k = 0; k < width; ++k) mean[k] += static_cast<double>(table[r * width + k]);
  }
  for (size_t r = 0; r < rows; ++r) {
    if (seen[r] != 0) continue;
    for (size_t k = 0; k < width; ++k) table[r * width + k] = static_cast<float>(mean[k] / std::max(count, 1.0));
  }
}

std::unique_ptr<PairModel> make_factor_model(Factors factors) { return std::make_unique<FactorModel>(std::move(factors)); }

}  // namespace obligor::recsys
