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
  [[nodiscard]] NodeId features() const { return inputs_.features; }
  [[nodiscard]] const std::vector<NodeId>& codes() const { return codes_; }

  // The first `columns` columns of each field's vector, a node a field.
  std::vector<NodeId> fields(size_t columns);
  // [sum_f v_f, sum_f v_f^2, sum_f w_f] of columns k, k and 1 (the last where the shape is linear).
  NodeId sums();
  // Half of (square of the first k of `sums`, less the second k).
  NodeId pairwise(NodeId sums);
  // Intercept plus the first-order sum; needs a linear shape. `sums` as above, or nothing: then the fields are read anew.
  NodeId first_order(NodeId sums);

  [[nodiscard]] Folded norm(const std::string& name) const;
  // weight x (gain x + shift) + bias as one affine map of `out` outputs.
  NodeId affine(NodeId x, const std::string& name, const Folded* before = nullptr, const Folded* after = nullptr);
  // The layers of the deep part.
  NodeId deep(NodeId x, const Folded* before = nullptr);
  NodeId head(NodeId x, const Folded* before = nullptr);
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

}  // namespace obligor::field
