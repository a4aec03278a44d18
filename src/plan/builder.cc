#include "plan/builder.h"

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

// A one-node view of the plan's rules: verify() over the node's inputs is linear in the plan, so the builder computes the type
// of each new node itself and leaves the full check to build().
ValueType number_of(size_t width) { return {ValueType::Kind::kNumber, static_cast<uint32_t>(width), 0}; }
ValueType code_of(uint32_t levels) { return {ValueType::Kind::kCode, 1, levels}; }

}  // namespace

template <typename T>
ConstantId PlanBuilder::array(std::vector<T> values, std::vector<uint32_t> shape) {
  if (shape.empty()) shape.push_back(static_cast<uint32_t>(values.size()));
  return constant({std::move(shape), std::move(values)});
}

ConstantId PlanBuilder::constant(Constant value) {
  plan_.constants.push_back(std::move(value));
  return static_cast<ConstantId>(plan_.constants.size() - 1);
}

NodeId PlanBuilder::add(Node node) {
  ValueType type;
  const auto in = [&](size_t i) -> const ValueType& { return types_.at(node.inputs.at(i)); };
  switch (node.op) {
    case Op::kInput: type = plan_.inputs[node.size].kind == InputKind::kCategory ? ValueType{ValueType::Kind::kString, 1, 0} : number_of(1); break;
    case Op::kEncode:
    case Op::kBin:
    case Op::kCross: type = code_of(node.size); break;
    case Op::kPiecewiseLinear: type = number_of(plan_.constants[node.constants[0]].size() - 1); break;
    case Op::kLookUp: type = number_of(plan_.constants[node.constants[0]].size() / in(0).levels); break;
    case Op::kOneHot: type = number_of(node.size); break;
    case Op::kCodeNumber:
    case Op::kTrees:
    case Op::kPoints: type = number_of(1); break;
    case Op::kTokens: type = number_of(node.size); break;
    case Op::kEmbed: type = number_of(size_t{in(0).width} * node.size); break;
    case Op::kConcat: {
      size_t width = 0;
      for (size_t i = 0; i < node.inputs.size(); ++i) width += in(i).width;
      type = number_of(width);
      break;
    }
    case Op::kSelect: type = number_of(plan_.constants[node.constants[0]].size()); break;
    case Op::kAffine: type = number_of(plan_.constants[node.constants[1]].size()); break;
    case Op::kAttend: {
      const auto& shape = plan_.constants[node.constants[0]].ints();
      const AttendShape found = attend_shape(shape[0], shape[1], in(0).width, in(1).width, in(2).width);
      if (found.value_width == 0) throw Error(ErrorCode::kInternal, "plan: attend over widths that do not fit its heads and tokens");
      type = number_of(found.queries * found.heads * found.value_width);
      break;
    }
    case Op::kRecur: {
      const auto& constants = node.constants;
      const RecurShape shape = recur_shape(node.function, node.size, in(0).width, plan_.constants[constants[2]].size());
      if (shape.hidden == 0 || plan_.constants[constants[0]].size() != shape.rows() * shape.channels ||
          plan_.constants[constants[1]].size() != shape.rows() * shape.hidden) {
        throw Error(ErrorCode::kInternal, "plan: recur over widths that do not fit its cell");
      }
      type = number_of(shape.steps * shape.hidden);
      break;
    }
    case Op::kConvolve: {
      const auto size = [&](size_t i) { return plan_.constants[node.constants[i]].size(); };
      const ConvolveShape shape = convolve_shape(plan_.constants[node.constants[2]].ints(), in(0).width, size(0), size(1));
      if (shape.out_steps == 0) throw Error(ErrorCode::kInternal, "plan: convolve over widths that do not fit its filters");
      type = number_of(shape.out_steps * shape.filters);
      break;
    }
    case Op::kPool: {
      if (in(0).width % in(1).width != 0) throw Error(ErrorCode::kInternal, "plan: pool wants whole steps");
      type = number_of(in(0).width / in(1).width);
      break;
    }
    default: type = in(0);
  }
  plan_.nodes.push_back(std::move(node));
  types_.push_back(type);
  return static_cast<NodeId>(plan_.nodes.size() - 1);
}

NodeId PlanBuilder::input(std::string_view name, InputKind kind, std::string_view from) {
  if (const auto found = inputs_.find(name); found != inputs_.end()) {
    if (plan_.inputs[plan_.nodes[found->second].size].kind != kind) {
      throw Error(ErrorCode::kInternal, fmt::format("plan: input '{}' is asked for as a number and as a category", name));
    }
    return found->second;
  }
  plan_.inputs.push_back({std::string(name), kind, std::string(from)});
  const NodeId id = add({Op::kInput, {}, {}, static_cast<uint32_t>(plan_.inputs.size() - 1), {}, std::string(name)});
  inputs_.emplace(name, id);
  return id;
}

NodeId PlanBuilder::encode(NodeId string, std::vector<std::string> vocabulary, std::vector<int32_t> codes, int32_t missing, int32_t unseen,
                           uint32_t levels) {
  const ConstantId words = array(std::move(vocabulary));
  const ConstantId of_words = array(std::move(codes));
  const ConstantId others = array(std::vector<int32_t>{missing, unseen});
  return add({Op::kEncode, {string}, {words, of_words, others}, levels, {}, {}});
}

NodeId PlanBuilder::special(NodeId x, std::vector<float> codes) { return add({Op::kSpecial, {x}, {array(std::move(codes))}, 0, {}, {}}); }
NodeId PlanBuilder::missing_flag(NodeId x) { return add({Op::kMissingFlag, {x}, {}, 0, {}, {}}); }
NodeId PlanBuilder::impute(NodeId x, std::vector<float> value) { return add({Op::kImpute, {x}, {array(std::move(value))}, 0, {}, {}}); }

NodeId PlanBuilder::clip(NodeId x, std::vector<float> low, std::vector<float> high) {
  const ConstantId lows = array(std::move(low));
  const ConstantId highs = array(std::move(high));
  return add({Op::kClip, {x}, {lows, highs}, 0, {}, {}});
}

NodeId PlanBuilder::scale(NodeId x, std::vector<float> shift, std::vector<float> factor) {
  const ConstantId shifts = array(std::move(shift));
  const ConstantId factors = array(std::move(factor));
  return add({Op::kScale, {x}, {shifts, factors}, 0, {}, {}});
}

NodeId PlanBuilder::interpolate(NodeId x, std::vector<float> knots, std::vector<float> values) {
  const ConstantId at = array(std::move(knots));
  const ConstantId to = array(std::move(values));
  return add({Op::kInterpolate, {x}, {at, to}, 0, {}, {}});
}

NodeId PlanBuilder::piecewise_linear(NodeId x, std::vector<float> edges) {
  return add({Op::kPiecewiseLinear, {x}, {array(std::move(edges))}, 0, {}, {}});
}

NodeId PlanBuilder::bin(NodeId x, std::vector<float> thresholds, std::vector<float> specials) {
  const auto levels = static_cast<uint32_t>(thresholds.size() + 2 + specials.size());
  const ConstantId at = array(std::move(thresholds));
  const ConstantId codes = array(std::move(specials));
  return add({Op::kBin, {x}, {at, codes}, levels, {}, {}});
}

NodeId PlanBuilder::look_up(NodeId code, std::vector<float> table, uint32_t width) {
  const auto rows = static_cast<uint32_t>(table.size() / width);
  if (types_.at(code).levels != rows) throw Error(ErrorCode::kInternal, "plan: look_up wants a row a code");
  return add({Op::kLookUp, {code}, {array(std::move(table), {rows, width})}, 0, {}, {}});
}

NodeId PlanBuilder::one_hot(NodeId code, std::vector<int32_t> columns, uint32_t width) {
  return add({Op::kOneHot, {code}, {array(std::move(columns))}, width, {}, {}});
}

NodeId PlanBuilder::cross(NodeId first, NodeId second, std::vector<int32_t> triples, int32_t unseen, uint32_t levels) {
  const ConstantId pairs = array(std::move(triples));
  const ConstantId other = array(std::vector<int32_t>{unseen});
  return add({Op::kCross, {first, second}, {pairs, other}, levels, {}, {}});
}

NodeId PlanBuilder::code_number(NodeId code) { return add({Op::kCodeNumber, {code}, {}, 0, {}, {}}); }

NodeId PlanBuilder::concat(std::vector<NodeId> parts) {
  if (parts.size() == 1) return parts.front();
  return add({Op::kConcat, std::move(parts), {}, 0, {}, {}});
}

NodeId PlanBuilder::select(NodeId x, std::vector<int32_t> columns) { return add({Op::kSelect, {x}, {array(std::move(columns))}, 0, {}, {}}); }

NodeId PlanBuilder::affine(NodeId x, std::vector<float> weights, std::vector<float> bias, uint32_t out) {
  const uint32_t width = types_.at(x).width;
  if (weights.size() != size_t{out} * width || bias.size() != out) {
    throw Error(ErrorCode::kInternal,
                fmt::format("plan: affine of {} outputs over {} inputs got {} weights and {} biases", out, width, weights.size(), bias.size()));
  }
  const ConstantId matrix = array(std::move(weights), {out, width});
  const ConstantId offsets = array(std::move(bias));
  return add({Op::kAffine, {x}, {matrix, offsets}, 0, {}, {}});
}

NodeId PlanBuilder::activate(NodeId x, std::string_view function) { return add({Op::kActivate, {x}, {}, 0, std::string(function), {}}); }

NodeId PlanBuilder::trees(NodeId x, TreeArrays arrays) {
  std::vector<ConstantId> constants;
  constants.push_back(array(std::move(arrays.roots)));
  constants.push_back(array(std::move(arrays.feature)));
  constants.push_back(array(std::move(arrays.threshold)));
  constants.push_back(array(std::move(arrays.left)));
  constants.push_back(array(std::move(arrays.right)));
  constants.push_back(array(std::move(arrays.flags)));
  constants.push_back(array(std::move(arrays.leaves)));
  constants.push_back(array(std::move(arrays.bit_begin)));
  constants.push_back(array(std::move(arrays.bit_end)));
  constants.push_back(array(std::move(arrays.words)));
  return add({Op::kTrees, {x}, std::move(constants), 0, {}, {}});
}

NodeId PlanBuilder::sum(std::vector<NodeId> parts, std::vector<float> weights) {
  return add({Op::kSum, std::move(parts), {array(std::move(weights))}, 0, {}, {}});
}

NodeId PlanBuilder::multiply(NodeId a, NodeId b) {
  if (types_.at(a).width != types_.at(b).width) {
    throw Error(ErrorCode::kInternal, fmt::format("plan: multiply of widths {} and {}", types_.at(a).width, types_.at(b).width));
  }
  return add({Op::kMultiply, {a, b}, {}, 0, {}, {}});
}

NodeId PlanBuilder::normalise(NodeId x, std::vector<float> gain, std::vector<float> shift, float epsilon) {
  const auto group = static_cast<uint32_t>(gain.size());
  if (group == 0 || types_.at(x).width % group != 0) throw Error(ErrorCode::kInternal, "plan: normalise wants whole groups of columns");
  const ConstantId gains = array(std::move(gain));
  const ConstantId shifts = array(std::move(shift));
  const ConstantId least = array(std::vector<float>{epsilon});
  return add({Op::kNormalise, {x}, {gains, shifts, least}, group, {}, {}});
}

NodeId PlanBuilder::attend(NodeId queries, NodeId keys, NodeId values, uint32_t heads, uint32_t key_tokens) {
  const ConstantId shape = array(std::vector<int32_t>{static_cast<int32_t>(heads), static_cast<int32_t>(key_tokens)});
  return add({Op::kAttend, {queries, keys, values}, {shape}, 0, {}, {}});
}

NodeId PlanBuilder::attend(NodeId queries, NodeId keys, NodeId values, NodeId present, uint32_t heads, uint32_t key_tokens) {
  const ConstantId shape = array(std::vector<int32_t>{static_cast<int32_t>(heads), static_cast<int32_t>(key_tokens)});
  return add({Op::kAttend, {queries, keys, values, present}, {shape}, 0, {}, {}});
}

NodeId PlanBuilder::recur(NodeId x, NodeId present, std::string_view cell, std::vector<float> input, std::vector<float> state,
                          std::vector<float> bias) {
  const uint32_t steps = types_.at(present).width;
  const ConstantId of_input = array(std::move(input));
  const ConstantId of_state = array(std::move(state));
  const ConstantId biases = array(std::move(bias));
  return add({Op::kRecur, {x, present}, {of_input, of_state, biases}, steps, std::string(cell), {}});
}

NodeId PlanBuilder::convolve(NodeId x, std::vector<float> weights, std::vector<float> bias, uint32_t steps, uint32_t dilation, uint32_t left,
                             uint32_t right) {
  const ConstantId filters = array(std::move(weights));
  const ConstantId biases = array(std::move(bias));
  const ConstantId extents = array(
      std::vector<int32_t>{static_cast<int32_t>(steps), static_cast<int32_t>(dilation), static_cast<int32_t>(left), static_cast<int32_t>(right)});
  return add({Op::kConvolve, {x}, {filters, biases, extents}, 0, {}, {}});
}

NodeId PlanBuilder::pool(NodeId x, NodeId present, std::string_view function) {
  return add({Op::kPool, {x, present}, {}, 0, std::string(function), {}});
}

NodeId PlanBuilder::tokens(NodeId string, std::vector<std::string> words, std::vector<int32_t> ids, int32_t other, uint32_t length) {
  const ConstantId listed = array(std::move(words));
  const ConstantId of_words = array(std::move(ids));
  const ConstantId of_others = array(std::vector<int32_t>{other});
  return add({Op::kTokens, {string}, {listed, of_words, of_others}, length, {}, {}});
}

NodeId PlanBuilder::embed(NodeId ids, std::vector<float> table, uint32_t width) {
  if (width == 0 || table.size() % width != 0) throw Error(ErrorCode::kInternal, "plan: embed wants a table of whole rows");
  const auto rows = static_cast<uint32_t>(table.size() / width);
  return add({Op::kEmbed, {ids}, {array(std::move(table), {rows, width})}, width, {}, {}});
}

NodeId PlanBuilder::points(NodeId log_odds, float factor, float offset, std::string_view mode) {
  return add({Op::kPoints, {log_odds}, {array(std::vector<float>{factor, offset})}, 0, std::string(mode), {}});
}

void PlanBuilder::name(NodeId node, std::string_view text) { plan_.nodes.at(node).name = text; }

void PlanBuilder::output(std::string_view name, NodeId node) { plan_.outputs.push_back({std::string(name), node}); }

std::vector<NodeId> PlanBuilder::splice(const ScorePlan& other) {
  std::vector<NodeId> moved(other.nodes.size());
  std::vector<ConstantId> moved_constant(other.constants.size());
  for (size_t i = 0; i < other.constants.size(); ++i) moved_constant[i] = constant(other.constants[i]);
  for (size_t i = 0; i < other.nodes.size(); ++i) {
    Node node = other.nodes[i];
    if (node.op == Op::kInput) {
      const PlanInput& input_of = other.inputs[node.size];
      moved[i] = input(input_of.name, input_of.kind, input_of.from);
      continue;
    }
    for (auto& input_id : node.inputs) input_id = moved[input_id];
    for (auto& constant_id : node.constants) constant_id = moved_constant[constant_id];
    moved[i] = add(std::move(node));
  }
  std::vector<NodeId> outputs;
  for (const auto& output_of : other.outputs) outputs.push_back(moved[output_of.node]);
  return outputs;
}

ScorePlan PlanBuilder::build() {
  ScorePlan plan = tidy(plan_);
  (void)verify(plan);
  return plan;
}

}  // namespace obligor
