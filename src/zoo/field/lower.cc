#include "zoo/field/lower.h"

#include "core/error.h"
#include "zoo/field/lowering.h"

namespace obligor::field {
namespace {

NodeId fm(Lowering& l) {
  const NodeId sums = l.sums();
  const NodeId pairs = l.plan().affine(l.pairwise(sums), std::vector<float>(l.shape().embedding, 1.0F), {0.0F}, 1);
  return l.add({l.first_order(sums), pairs});
}

NodeId nfm(Lowering& l) {
  const NodeId sums = l.sums();
  Folded folded;
  if (l.shape().batch_norm) folded = l.norm("norm:pairs");
  const Folded* before = l.shape().batch_norm ? &folded : nullptr;
  return l.add({l.first_order(sums), l.head(l.deep(l.pairwise(sums), before), before)});
}

NodeId deepfm(Lowering& l) { return l.add({fm(l), l.head(l.deep(l.plan().concat(l.fields(l.shape().embedding))))}); }

}  // namespace

NodeId lower_network(const FieldShape& shape, const std::vector<net::NamedArray>& parameters, double norm_epsilon, PlanBuilder& builder,
                     const LoweredInputs& inputs) {
  const net::Lookup lookup(parameters);
  Lowering lowering(shape, lookup, norm_epsilon, builder, inputs);
  switch (shape.kind) {
    case Kind::kFm: return fm(lowering);
    case Kind::kNfm: return nfm(lowering);
    case Kind::kDeepFm: return deepfm(lowering);
  }
  throw Error(ErrorCode::kInternal, "fields: a network without a lowering");
}

}  // namespace obligor::field
