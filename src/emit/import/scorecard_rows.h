// Private to the importer of scorecards: the table's rows, column by column, before they become a plan.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "emit/import/scorecard_labels.h"
#include "emit/import/scorecard_table.h"

namespace obligor::card_table {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Row {
  std::string text;
  Label label;
  size_t line = 0;
  double points = kNone;
  double woe = kNone;
  double coefficient = kNone;
  double goods = kNone;
  double bads = kNone;
  double value = kNone;  // what the plan adds: points, or the WoE as ln(goods / bads)
};

struct Characteristic {
  std::string name;
  std::vector<Row> rows;
  double coefficient = kNone;  // of the log-odds of bad on ln(goods / bads)
  [[nodiscard]] bool numeric() const;
};

struct Rows {
  std::string kit;
  bool has_points = false;
  bool has_woe = false;
  bool has_coefficients = false;
  bool has_counts = false;
  bool has_base = false;
  double base_points = 0;  // of the row "basepoints"
  std::vector<Characteristic> characteristics;
};

[[nodiscard]] Rows read_rows(std::string_view text, std::string_view source, const std::string& kit);

}  // namespace obligor::card_table
