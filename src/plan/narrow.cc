#include "plan/narrow.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace obligor {
namespace {

// Whether constant `place` of the node holds weights that bear rounding: many, and each of little weight by itself.
bool holds_weights(const ScorePlan& plan, const std::vector<ValueType>& types, NodeId id, size_t place) {
  constexpr uint32_t kNarrowOutputs = 2;
  const Node& node = plan.nodes[id];
  if (place != 0) return false;
  if (node.op == Op::kAffine) return types[id].width > kNarrowOutputs;
  return node.op == Op::kLookUp && types[id].width > 1;
}

}  // namespace

float round_to_bf16(float value) {
  if (!std::isfinite(value)) return value;
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t half = 0x7FFFU + ((bits >> 16U) & 1U);
  const auto rounded = std::bit_cast<float>((bits + half) & 0xFFFF0000U);
  return std::isfinite(rounded) ? rounded : value;
}

ScorePlan narrow_weights(const ScorePlan& plan) {
  const auto types = verify(plan);
  std::vector<uint8_t> bears(plan.constants.size(), 0);
  std::vector<uint8_t> other(plan.constants.size(), 0);
  for (NodeId id = 0; id < plan.nodes.size(); ++id) {
    for (size_t place = 0; place < plan.nodes[id].constants.size(); ++place) {
      (holds_weights(plan, types, id, place) ? bears : other)[plan.nodes[id].constants[place]] = 1;
    }
  }
  ScorePlan made = plan;
  Json kept = Json::array();  // what save_plan() writes in two bytes
  for (size_t c = 0; c < made.constants.size(); ++c) {
    if (bears[c] == 0 || other[c] != 0) continue;
    Constant& constant = made.constants[c];
    auto& values = std::get<std::vector<float>>(constant.data);
    bool exact = true;
    for (float& value : values) {
      value = round_to_bf16(value);
      exact = exact && (std::bit_cast<uint32_t>(value) & 0xFFFFU) == 0;
    }
    if (exact) kept.push_back(c);
  }
  made.meta["bf16"] = std::move(kept);
  return made;
}

}  // namespace obligor
