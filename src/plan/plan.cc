#include "plan/plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <type_traits>

#include <fmt/format.h>

namespace obligor {
namespace {

constexpr std::array<std::pair<Op, std::string_view>, 29> kOpNames{{
    {Op::kInput, "input"},
    {Op::kEncode, "encode"},
    {Op::kSpecial, "special"},
    {Op::kMissingFlag, "missing_flag"},
    {Op::kImpute, "impute"},
    {Op::kClip, "clip"},
    {Op::kScale, "scale"},
    {Op::kInterpolate, "interpolate"},
    {Op::kPiecewiseLinear, "piecewise_linear"},
    {Op::kBin, "bin"},
    {Op::kLookUp, "look_up"},
    {Op::kOneHot, "one_hot"},
    {Op::kCross, "cross"},
    {Op::kCodeNumber, "code_number"},
    {Op::kConcat, "concat"},
    {Op::kSelect, "select"},
    {Op::kAffine, "affine"},
    {Op::kActivate, "activate"},
    {Op::kTrees, "trees"},
    {Op::kSum, "sum"},
    {Op::kMultiply, "multiply"},
    {Op::kNormalise, "normalise"},
    {Op::kAttend, "attend"},
    {Op::kRecur, "recur"},
    {Op::kConvolve, "convolve"},
    {Op::kPool, "pool"},
    {Op::kTokens, "tokens"},
    {Op::kEmbed, "embed"},
    {Op::kPoints, "points"},
}};

// A constant's content, bit by bit: by value a NaN would equal everything, and zero minus zero.
using ConstantKey = std::tuple<std::vector<uint32_t>, size_t, std::string, std::vector<std::string>>;

ConstantKey key_of(const Constant& constant) {
  std::string bytes;
  std::vector<std::string> strings;
  std::visit(
      [&](const auto& values) {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::string>>) {
          strings = values;
        } else {
          bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
        }
      },
      constant.data);
  return {constant.shape, constant.data.index(), std::move(bytes), std::move(strings)};
}

// Two nodes with equal keys compute the same.
using NodeKey = std::tuple<Op, std::vector<NodeId>, std::vector<ConstantId>, uint32_t, std::string>;

}  // namespace

std::string_view op_name(Op op) { return kOpNames.at(static_cast<size_t>(op)).second; }

std::optional<Op> find_op(std::string_view name) {
  for (const auto& [op, text] : kOpNames) {
    if (text == name) return op;
  }
  return std::nullopt;
}

size_t Constant::size() const {
  return std::visit([](const auto& values) { return values.size(); }, data);
}

std::optional<NodeId> ScorePlan::find_output(std::string_view name) const {
  for (const auto& output : outputs) {
    if (output.name == name) return output.node;
  }
  return std::nullopt;
}

std::string dump(const ScorePlan& plan) {
  const auto types = verify(plan);
  std::string text =
      fmt::format("plan version {}: {} inputs, {} nodes, {} constants\n", plan.version, plan.inputs.size(), plan.nodes.size(), plan.constants.size());
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    std::string arguments;
    if (node.op == Op::kInput) arguments = fmt::format("\"{}\"", plan.inputs[node.size].name);
    for (const NodeId input : node.inputs) arguments += fmt::format("{}%{}", arguments.empty() ? "" : ", ", input);
    for (const ConstantId constant : node.constants) {
      arguments += fmt::format("{}c{}[{}]", arguments.empty() ? "" : ", ", constant, plan.constants[constant].size());
    }
    if (!node.function.empty()) arguments += fmt::format("{}{}", arguments.empty() ? "" : ", ", node.function);
    const ValueType& type = types[i];
    std::string shape = "string";
    if (type.kind == ValueType::Kind::kNumber) shape = fmt::format("number {}", type.width);
    if (type.kind == ValueType::Kind::kCode) shape = fmt::format("code {}", type.levels);
    text += fmt::format("%{:<5} {:<12} {} ({})", i, shape, op_name(node.op), arguments);
    if (!node.name.empty()) text += fmt::format("  # {}", node.name);
    text += '\n';
  }
  for (const auto& output : plan.outputs) text += fmt::format("output {} = %{}\n", output.name, output.node);
  return text;
}

ScorePlan tidy(const ScorePlan& plan) {
  std::vector<uint8_t> wanted(plan.nodes.size(), 0);
  for (const auto& output : plan.outputs) wanted[output.node] = 1;
  for (size_t i = plan.nodes.size(); i-- > 0;) {
    if (wanted[i] == 0) continue;
    for (const NodeId input : plan.nodes[i].inputs) wanted[input] = 1;
  }

  ScorePlan result;
  result.version = plan.version;
  result.meta = plan.meta;
  std::vector<NodeId> moved(plan.nodes.size(), 0);
  // Equal constants are found by content; the map is keyed by it.
  std::map<ConstantKey, ConstantId> constants;
  std::vector<std::optional<ConstantId>> moved_constant(plan.constants.size());
  std::map<uint32_t, uint32_t> inputs;
  std::map<NodeKey, NodeId> seen;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    if (wanted[i] == 0) continue;
    Node node = plan.nodes[i];
    for (auto& input : node.inputs) input = moved[input];
    for (auto& id : node.constants) {
      if (!moved_constant[id]) {
        const Constant& value = plan.constants[id];
        const auto [found, added] = constants.try_emplace(key_of(value), static_cast<ConstantId>(result.constants.size()));
        if (added) result.constants.push_back(value);
        moved_constant[id] = found->second;
      }
      id = *moved_constant[id];
    }
    if (node.op == Op::kInput) {
      const auto [found, added] = inputs.try_emplace(node.size, static_cast<uint32_t>(result.inputs.size()));
      if (added) result.inputs.push_back(plan.inputs[node.size]);
      node.size = found->second;
    }
    const NodeKey key{node.op, node.inputs, node.constants, node.size, node.function};
    const auto [found, added] = seen.try_emplace(key, static_cast<NodeId>(result.nodes.size()));
    if (added) result.nodes.push_back(std::move(node));
    moved[i] = found->second;
  }
  for (const auto& output : plan.outputs) result.outputs.push_back({output.name, moved[output.node]});
  return result;
}

}  // namespace obligor
