#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "prep/fitted.h"

namespace obligor::prep {
namespace {

bool holds_values(const BinRow& bin) { return bin.kind == BinKind::kRange || bin.kind == BinKind::kLevels; }

size_t value_bins(const Binning& binning) {
  const auto& bins = binning.table().bins;
  return static_cast<size_t>(std::count_if(bins.begin(), bins.end(), holds_values));
}

bool none_meets_floor(const Binning& binning, const BinningSpec& spec) {
  const auto& bins = binning.table().bins;
  return std::none_of(bins.begin(), bins.end(), [&](const BinRow& bin) {
    return holds_values(bin) && bin.events >= spec.min_events && bin.count - bin.events >= spec.min_non_events;
  });
}

// A floor on bads and goods joins bins; where a column parts bads from goods so well that no bin could hold enough of both, it would join
// them all and the best column would be lost. That one is binned without the floor.
Binning fit_column(const Column& column, Rows rows, std::span<const uint8_t> target, std::span<const double> weights, const BinningSpec& spec) {
  Binning binning = fit_binning(column, rows, target, weights, spec);
  if ((spec.min_events <= 0 && spec.min_non_events <= 0) || value_bins(binning) > 1) return binning;
  BinningSpec free = spec;
  free.min_events = free.min_non_events = 0;
  Binning other = fit_binning(column, rows, target, weights, free);
  return value_bins(other) > 1 && none_meets_floor(other, spec) ? other : binning;
}

}  // namespace

std::vector<std::optional<Binning>> fit_woe(const Table& table, const std::vector<std::string>& features, Rows rows, std::span<const uint8_t> target,
                                            std::span<const double> weights, const PrepSpec& spec, const Context& context) {
  std::vector<std::optional<Binning>> result(features.size());
  if (spec.numbers != NumberCoding::kWoe && !spec.woe) return result;
  parallel_for(context, features.size(), [&](size_t f) {
    context.check_cancelled();
    const Column& column = table.column(features[f]);
    const bool number = column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kDate;
    if (!(number && spec.numbers == NumberCoding::kWoe) && !(column.kind() == ColumnKind::kCategory && spec.woe)) return;
    BinningSpec own = spec.binning;
    if (number && spec.special_codes && own.special_codes.empty()) {
      const std::vector<float> days = column.kind() == ColumnKind::kDate ? numeric_values(column) : std::vector<float>{};
      const std::span<const float> all = days.empty() ? column.numbers() : std::span<const float>(days);
      std::vector<float> values;
      values.reserve(rows.size());
      for (const uint32_t row : rows) values.push_back(all[row]);
      own.special_codes = find_special_codes(Sample(values, weights));
    }
    Binning binning = fit_column(column, rows, target, weights, own);
    const auto& woe = binning.code_woe();
    if (std::any_of(woe.begin(), woe.end(), [](float w) { return std::fabs(w) > 1e-6F; })) result[f] = std::move(binning);
  });
  return result;
}

}  // namespace obligor::prep
