#include <fmt/format.h>

#include "core/error.h"
#include "prep/preprocessor.h"

namespace obligor {

GatheredInputs::GatheredInputs(const Table& table, Rows rows, const std::vector<PlanInput>& inputs) : rows_(rows.size()) {
  // The columns point into these vectors, which therefore never grow.
  numbers_.reserve(inputs.size());
  codes_.reserve(inputs.size());
  texts_.reserve(inputs.size());
  for (const PlanInput& input : inputs) {
    const auto found = table.find(input.name);
    if (!found) throw Error(ErrorCode::kData, fmt::format("{}: column '{}', which the model reads, is not there", table.source(), input.name));
    const Column& column = table.columns()[*found];
    const bool number = input.kind == InputKind::kNumber;
    if (input.from == "text" && column.kind() == ColumnKind::kText) {
      add_text(column.text(), rows);
      continue;
    }
    const ColumnKind wanted = number ? (input.from == "date" ? ColumnKind::kDate : ColumnKind::kNumber) : ColumnKind::kCategory;
    if (column.kind() != wanted) {
      throw Error(ErrorCode::kData, fmt::format("{}: column '{}' is read as a {}, the model was fitted on a {}", table.source(), input.name,
                                                kind_name(column.kind()), kind_name(wanted)));
    }
    if (number) {
      auto& values = numbers_.emplace_back();
      values.reserve(rows.size());
      if (wanted == ColumnKind::kDate) {
        const auto all = numeric_values(column);
        for (const uint32_t row : rows) values.push_back(all[row]);
      } else {
        const auto all = column.numbers();
        for (const uint32_t row : rows) values.push_back(all[row]);
      }
      columns_.push_back({values, {}, nullptr});
    } else {
      auto& values = codes_.emplace_back();
      values.reserve(rows.size());
      const auto all = column.codes();
      for (const uint32_t row : rows) values.push_back(all[row]);
      columns_.push_back({{}, values, &column.dictionary()});
    }
  }
}

// Each row's text is a level of its own; the plan looks at the words, not at the whole.
void GatheredInputs::add_text(const TextData& text, Rows rows) {
  auto& values = codes_.emplace_back();
  auto& cells = texts_.emplace_back();
  values.reserve(rows.size());
  for (const uint32_t row : rows) {
    values.push_back(text.missing[row] != 0 ? kMissingCode : static_cast<int32_t>(cells.size()));
    if (text.missing[row] == 0) cells.emplace_back(text.at(row));
  }
  columns_.push_back({{}, values, &cells});
}

InputBatch GatheredInputs::batch() const { return {rows_, columns_}; }

}  // namespace obligor
