// The head of an ARFF file: attribute names and types; what follows @data is CSV. Private to the room.
//
//   ArffHead head = parse_arff_head(text, "5year.arff");
//   text.substr(head.data_offset)                        // the data rows
//
// Grammar: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/ (names may be quoted; % starts a comment line;
// keywords in any case). Errors: Error{kData} with the line for a head that is not one; Error{kUnsupported} for relational attributes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace obligor {

enum class ArffType { kNumber, kNominal, kString, kDate };

struct ArffAttribute {
  std::string name;
  ArffType type = ArffType::kNumber;
};

struct ArffHead {
  std::vector<ArffAttribute> attributes;
  size_t data_offset = 0;  // the byte after the @data line
  size_t data_line = 0;    // its 1-based line
};

[[nodiscard]] ArffHead parse_arff_head(std::string_view text, const std::string& source);

}  // namespace obligor
