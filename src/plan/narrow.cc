#include "plan/narrow.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "plan/weight_bytes.h"

namespace obligor {
namespace {

constexpr uint32_t kNarrowOutputs = 2;  // of a map whose every weight counts
constexpr size_t kShortRow = 8;         // below it a scale of its own costs too much

// How many rows the weights have that constant `place` of the node holds, where they bear rounding: many, and each of little weight by itself. Else
// 0.
size_t weight_rows(const ScorePlan& plan, const std::vector<ValueType>& types, NodeId id, size_t place) {
  const Node& node = plan.nodes[id];
  const uint32_t width = types[id].width;
  const auto floats = [&](size_t at) { return plan.constants[node.constants[at]].floats().size(); };
  switch (node.op) {
    case Op::kAffine: return place == 0 && width > kNarrowOutputs ? width : 0;
    case Op::kLookUp: return place == 0 && width > 1 ? floats(0) / width : 0;
    case Op::kEmbed: return place == 0 && node.size > 1 ? floats(0) / node.size : 0;
    case Op::kConvolve: return place == 0 && floats(1) > kNarrowOutputs ? floats(1) : 0;
    case Op::kRecur: return place <= 1 ? recur_shape(node.function, node.size, types[node.inputs[0]].width, floats(2)).rows() : 0;
    default: return 0;
  }
}

bool all_to_bf16(std::vector<float>& values) {
  bool exact = true;
  for (float& value : values) {
    value = round_to_bf16(value);
    exact = exact && (std::bit_cast<uint32_t>(value) & 0xFFFFU) == 0;
  }
  return exact;
}

// False, and nothing changed, where a row holds what no scale of its own can say: infinities, NaN, the largest and the smallest float32.
bool all_to_int8(std::vector<float>& values, size_t rows) {
  const size_t length = values.size() / rows;
  std::vector<float> made(values.size());
  for (size_t r = 0; r < rows; ++r) {
    const std::span<const float> row(values.data() + r * length, length);
    const auto scale = static_cast<double>(int8_scale(row));
    for (size_t c = 0; c < length; ++c) {
      const double steps = scale > 0 ? std::nearbyint(static_cast<double>(row[c]) / scale) : 0;
      made[r * length + c] = static_cast<float>(steps * scale + 0.0);  // no minus zero
    }
  }
  if (!as_int8(made, rows)) return false;
  values = std::move(made);
  return true;
}

}  // namespace

float round_to_bf16(float value) {
  if (!std::isfinite(value)) return value;
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t half = 0x7FFFU + ((bits >> 16U) & 1U);
  const auto rounded = std::bit_cast<float>((bits + half) & 0xFFFF0000U);
  return std::isfinite(rounded) ? rounded : value;
}

ScorePlan narrow_weights(const ScorePlan& plan, WeightKind kind) {
  const auto types = verify(plan);
  constexpr size_t kOther = std::numeric_limits<size_t>::max();  // read as something else too, or with other rows
  std::vector<size_t> rows(plan.constants.size(), 0);
  for (NodeId id = 0; id < plan.nodes.size(); ++id) {
    for (size_t place = 0; place < plan.nodes[id].constants.size(); ++place) {
      size_t& known = rows[plan.nodes[id].constants[place]];
      const size_t found = weight_rows(plan, types, id, place);
      known = found == 0 || (known != 0 && known != found) ? kOther : found;
    }
  }
  ScorePlan made = plan;
  Json bf16 = Json::array();  // what save_plan() writes in two bytes
  Json int8 = Json::array();  // in one
  for (size_t c = 0; c < made.constants.size(); ++c) {
    if (rows[c] == 0 || rows[c] == kOther) continue;
    Constant& constant = made.constants[c];
    auto& values = std::get<std::vector<float>>(constant.data);
    if (kind == WeightKind::kInt8 && values.size() >= kShortRow * rows[c] && all_to_int8(values, rows[c])) {
      if (constant.shape.empty() || constant.shape[0] != rows[c]) {
        constant.shape = {static_cast<uint32_t>(rows[c]), static_cast<uint32_t>(values.size() / rows[c])};
      }
      int8.push_back(c);
    } else if (all_to_bf16(values)) {
      bf16.push_back(c);
    }
  }
  made.meta["bf16"] = std::move(bf16);
  made.meta["int8"] = std::move(int8);
  return made;
}

}  // namespace obligor
