// Which prepared columns are words and which are plain. Private to the room.
//
//   TextLayout layout = text_layout(input, "bag_of_words");
//   layout.texts[0].id(row, t);            // the id of a word, -1 after the last
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace obligor::text {

struct TextColumns {
  std::string name;
  size_t first = 0;                // column of its first word
  size_t length = 0;               // words at most
  size_t levels = 0;               // ids, the last for every word that is not listed
  std::vector<std::string> words;  // by id

  // `row`: a row of the prepared features.
  [[nodiscard]] int32_t id(const float* row, size_t t) const { return row[first + t] >= 0 ? static_cast<int32_t>(row[first + t]) : -1; }
  // How many words the row has.
  [[nodiscard]] size_t count(const float* row) const {
    size_t n = 0;
    while (n < length && row[first + n] >= 0) ++n;
    return n;
  }
};

struct TextLayout {
  size_t width = 0;  // prepared columns
  std::vector<TextColumns> texts;
  std::vector<int32_t> plain;  // every column that is not a word
};
// With `categories` a category column (its code as a number, NaN where missing) is a text of one word too. Error{kData} where there is none.
[[nodiscard]] TextLayout text_layout(const FitInput& input, std::string_view model, bool categories = false);

// Error{kData} where the rows hold one class.
void check_classes(const FitInput& input, std::string_view model);

// Nodes of a text in a plan: its ids, 1 where there is a word and 0 elsewhere, and how many there are.
struct TextNodes {
  NodeId ids = 0;
  NodeId present = 0;
  NodeId count = 0;
};
[[nodiscard]] TextNodes lower_text_columns(PlanBuilder& builder, NodeId features, const TextColumns& text);

}  // namespace obligor::text
