// A small table of text: RFC 4180, cells as they stand. For tables that people write; data are read by the room `table`.
//
//   CsvText table = read_csv_text("name,value\nage,\"[25, 40)\"\n", "card.csv");
//   table.rows[0][1];   // [25, 40)
//
// Contract: the first line names the columns; the separator is the comma, semicolon or tab that the first line holds most of. Every row has as many
// cells as there are names (a last line of nothing is left out). Errors: Error{kData} with the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace obligor {

struct CsvText {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> lines;  // where each row begins, from 1
};

[[nodiscard]] CsvText read_csv_text(std::string_view text, std::string_view source);

}  // namespace obligor
