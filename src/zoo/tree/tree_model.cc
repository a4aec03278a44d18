#include "zoo/tree/tree_model.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::tree {
namespace {

class TreeModel final : public Model {
 public:
  TreeModel(std::vector<WeightedTree> trees, size_t width, std::string owner) : trees_(std::move(trees)), width_(width), owner_(std::move(owner)) {}

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    if (batch.width != width_) {
      throw Error(ErrorCode::kInternal, fmt::format("{} was fitted on {} columns and is given {}", owner_, width_, batch.width));
    }
    Scores scores{ScoreKind::kProbability, std::vector<double>(batch.rows, 0)};
    for (size_t r = 0; r < batch.rows; ++r) {
      for (const auto& [tree, weight] : trees_) scores.values[r] += weight * tree::predict(tree, batch.features.subspan(r * width_, width_));
    }
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    std::vector<NodeId> parts;
    std::vector<float> weights;
    for (const auto& [tree, weight] : trees_) {
      parts.push_back(lower_tree(builder, inputs.features, tree));
      weights.push_back(static_cast<float>(weight));
    }
    if (parts.size() == 1) return {parts[0], ScoreKind::kProbability};
    return {builder.sum(std::move(parts), std::move(weights)), ScoreKind::kProbability};
  }

 private:
  std::vector<WeightedTree> trees_;
  size_t width_;
  std::string owner_;
};

}  // namespace

std::unique_ptr<Model> make_tree_model(std::vector<WeightedTree> trees, size_t width, std::string owner) {
  return std::make_unique<TreeModel>(std::move(trees), width, std::move(owner));
}

}  // namespace obligor::tree
