// The words of a text column, fitted on training rows.
//
//   TextWords fitted = fit_words(column.text(), rows, weights, spec);
//   NodeId ids = builder.tokens(input, fitted.words, ids, fitted.other(), length);
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plan/builder.h"
#include "prep/fitted.h"
#include "prep/spec.h"
#include "table/table.h"

namespace obligor::prep {

// By falling number of texts that hold them, then by name.
struct TextWords {
  std::vector<std::string> words;
  [[nodiscard]] int32_t other() const { return static_cast<int32_t>(words.size()); }
};
[[nodiscard]] TextWords fit_words(const TextData& text, Rows rows, const PrepSpec& spec);

// The ids of a text's words as a block of columns, and the group that says what they are; no column where no word is frequent enough.
struct TextBlock {
  Block block;
  FeatureGroup group;  // but for `first`
};
[[nodiscard]] std::optional<TextBlock> lower_text(PlanBuilder& builder, const Column& column, Rows rows, const PrepSpec& spec);

}  // namespace obligor::prep
