#include "zoo/text/columns.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::text {

TextLayout text_layout(const FitInput& input, std::string_view model, bool categories) {
  TextLayout layout;
  layout.width = input.train.width;
  std::vector<uint8_t> is_word(layout.width, 0);
  for (const FeatureGroup& group : input.groups) {
    if (group.kind != FeatureGroup::Kind::kText) continue;
    layout.texts.push_back({group.name, group.first, group.steps, group.words.size(), group.words});
    std::fill_n(is_word.begin() + static_cast<std::ptrdiff_t>(group.first), group.steps, uint8_t{1});
  }
  for (size_t c = 0; categories && c < layout.width; ++c) {
    if (is_word[c] != 0 || input.categorical.empty() || input.categorical[c] == 0 || input.feature_levels.empty()) continue;
    layout.texts.push_back({input.feature_names[c], c, 1, input.feature_levels[c].size(), input.feature_levels[c]});
    is_word[c] = 1;
  }
  if (layout.texts.empty()) {
    throw Error(
        ErrorCode::kData,
        fmt::format("model '{}': no feature is a text with words that come often enough; name the columns to read as texts with --text COLUMN",
                    model));
  }
  for (size_t c = 0; c < layout.width; ++c) {
    if (is_word[c] == 0) layout.plain.push_back(static_cast<int32_t>(c));
  }
  return layout;
}

void check_classes(const FitInput& input, std::string_view model) {
  bool seen[2] = {false, false};
  for (size_t i = 0; i < input.target.size(); ++i) {
    if (input.weight.empty() || input.weight[i] > 0) seen[input.target[i] != 0 ? 1 : 0] = true;
  }
  if (!seen[0] || !seen[1]) {
    throw Error(ErrorCode::kData, fmt::format("model '{}': the training rows hold one class only; both good and bad rows are needed", model));
  }
}

TextNodes lower_text_columns(PlanBuilder& builder, NodeId features, const TextColumns& text) {
  TextNodes nodes;
  std::vector<int32_t> columns(text.length);
  std::iota(columns.begin(), columns.end(), static_cast<int32_t>(text.first));
  nodes.ids = builder.select(features, std::move(columns));
  const size_t n = text.length;
  nodes.present = builder.scale(builder.missing_flag(nodes.ids), std::vector<float>(n, 1), std::vector<float>(n, -1));
  nodes.count = builder.affine(nodes.present, std::vector<float>(n, 1), {0.0F}, 1);
  return nodes;
}

}  // namespace obligor::text
