// What the bodies' lowerings share: the fields as nodes, the deep part, the last sum. Torch-free.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "zoo/field/shape.h"
#include "zoo/net/arrays.h"

namespace obligor::field {

// Scale and shift of a batch norm in its prediction form: gain x + shift.
struct Folded {
  std::vector<double> gain;
  std::vector<double> shift;
};

class Lowering {
 public:
  Lowering(const FieldShape& shape, const net::Lookup& parameters, double norm_epsilon, PlanBuilder& builder, const LoweredInputs& inputs);

  [[nodiscard]] const FieldShape& shape() const { return shape_; }
  [[nodiscard]] PlanBuilder& plan() { return builder_; }
  [[nodiscard]] const std::vector<float>& get(const std::string& name) const { return parameters_.get(name); }
  [[nodiscard]] float intercept() const { return parameters_.get("intercept")[0]; }
  [[nodiscard]] double norm_epsilon() const { return norm_epsilon_; }
  [[nodiscard]] NodeId features() const { return inputs_.features; }
  [[nodiscard]] const LoweredInputs& inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<NodeId>& codes() const { return codes_; }

  // The first `columns` columns of each field's vector, a node a field.
  std::vector<NodeId> fields(size_t columns);
  // [sum_f v_f, sum_f v_f^2, sum_f w_f] of columns k, k and 1 (the last where the shape is linear).
  NodeId sums();
  // Half of (square of the first k of `sums`, less the second k).
  NodeId pairwise(NodeId sums);
  // Intercept plus the first-order sum; needs a linear shape.
  NodeId first_order(NodeId sums);
  // The same from field nodes that hold the weight in their last column.
  NodeId first_order_of(const std::vector<NodeId>& fields);
  NodeId with_intercept(NodeId log_odds);
  // The vectors side by side, and before them the numbers that are no fields.
  NodeId flat();
  NodeId columns(NodeId x, size_t begin, size_t count);

  [[nodiscard]] Folded norm(const std::string& name) const;
  // weight x (gain x + shift) + bias as one affine map of `out` outputs.
  NodeId affine(NodeId x, const std::string& name, const Folded* before = nullptr, const Folded* after = nullptr);
  // The layers of the deep part, from `first` on.
  NodeId deep(NodeId x, const Folded* before = nullptr, size_t first = 0);
  NodeId head(NodeId x);
  NodeId add(std::vector<NodeId> parts);

 private:
  NodeId number_sums();

  const FieldShape& shape_;
  const net::Lookup& parameters_;
  double norm_epsilon_;
  PlanBuilder& builder_;
  const LoweredInputs& inputs_;
  std::vector<NodeId> codes_;
};

NodeId lower_resnet(Lowering& l);
Lowered lower_tabm(Lowering& l);
NodeId lower_ft_transformer(Lowering& l);

}  // namespace obligor::field
