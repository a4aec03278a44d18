// A plan as two byte strings: its graph as JSON, its constants as safetensors. The only file format of a plan.
//
//   PlanFiles files = save_plan(plan);       ScorePlan same = load_plan(files.graph, files.weights, "m.obligor");
//
// safetensors: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, the bytes. Strings are
// kept as a U8 tensor of UTF-8 bytes and an I32 tensor of offsets. Everything read is checked against PlanLimits and verified.
#pragma once

#include <string>
#include <string_view>

#include "plan/plan.h"

namespace obligor {

struct PlanFiles {
  std::string graph;
  std::string weights;
};

[[nodiscard]] PlanFiles save_plan(const ScorePlan& plan);
[[nodiscard]] ScorePlan load_plan(std::string_view graph, std::string_view weights, std::string_view source, const PlanLimits& limits = {});

}  // namespace obligor
