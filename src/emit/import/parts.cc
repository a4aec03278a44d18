#include "emit/import/parts.h"

#include <set>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::import_parts {
namespace {

constexpr float kFactor = 28.853901F;  // 20 points double the odds
constexpr float kOffset = 487.122876F;

}  // namespace

void refuse(std::string_view source, std::string_view what) { throw Error(ErrorCode::kUnsupported, fmt::format("{}: {}", source, what)); }
void damaged(std::string_view source, std::string_view what) { throw Error(ErrorCode::kData, fmt::format("{}: {}", source, what)); }

ScorePlan finish(PlanBuilder& builder, NodeId log_odds, std::string_view tool) {
  builder.name(log_odds, "log-odds");
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.output("points", builder.points(log_odds, kFactor, kOffset, "round"));
  builder.meta()["imported_from"] = std::string(tool);
  return builder.build();
}

void check_names(const std::vector<std::string>& names, std::string_view source) {
  if (names.empty()) damaged(source, "the model names no features");
  std::set<std::string_view> seen;
  for (const auto& name : names) {
    if (!seen.insert(name).second) damaged(source, fmt::format("two features are named '{}'", name));
  }
}

NodeId number_inputs(PlanBuilder& builder, const std::vector<std::string>& names, std::string_view source) {
  check_names(names, source);
  std::vector<NodeId> columns;
  columns.reserve(names.size());
  for (const auto& name : names) columns.push_back(builder.input(name, InputKind::kNumber));
  return builder.concat(columns);
}

void check_features(const TreeArrays& trees, size_t features, std::string_view source) {
  for (const int32_t feature : trees.feature) {
    if (feature < 0 || static_cast<size_t>(feature) >= features) {
      damaged(source, fmt::format("a split looks at feature {}, and the model names {}", feature, features));
    }
  }
}

}  // namespace obligor::import_parts
