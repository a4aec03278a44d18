#include "prep/binning/binning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "prep/binning/fit.h"

namespace obligor {

using binning::Cell;
using binning::Frame;
using binning::Target;

namespace {

constexpr std::array<std::string_view, 4> kDivergences{"iv", "js", "hellinger", "chi2"};
constexpr std::array<std::string_view, 7> kTrends{"none", "ascending", "descending", "peak", "valley", "monotone", "auto"};
constexpr std::array<std::string_view, 3> kPrebins{"quantile", "tree", "both"};
constexpr std::array<std::string_view, 4> kKinds{"range", "levels", "missing", "special"};
constexpr int kMostPrebins = 1000;

template <typename Enum, size_t N>
Enum parse(std::string_view what, std::string_view name, const std::array<std::string_view, N>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw unknown_name(what, name, std::vector<std::string>(names.begin(), names.end()));
  return static_cast<Enum>(found - names.begin());
}

void require(bool good, std::string_view field, std::string_view allowed) {
  if (!good) throw Error(ErrorCode::kInvalid, fmt::format("binning: {} must be {}", field, allowed));
}

void check_rows(std::string_view name, size_t values, const Target& target, std::span<const double> weights) {
  const size_t rows = target.is_continuous() ? target.continuous.size() : target.binary.size();
  if (rows != values || (!weights.empty() && weights.size() != values)) {
    throw Error(ErrorCode::kData,
                fmt::format("column '{}': {} values, {} targets, {} weights; they must be as many", name, values, rows, weights.size()));
  }
  for (const uint8_t y : target.binary) {
    if (y > 1) throw Error(ErrorCode::kData, fmt::format("column '{}': a target is {}; 0 = good and 1 = bad are allowed", name, y));
  }
  for (const double y : target.continuous) {
    if (!std::isfinite(y)) throw Error(ErrorCode::kData, fmt::format("column '{}': a target is missing or infinite; leave such rows out", name));
  }
  for (const double w : weights) {
    if (!(w >= 0) || std::isinf(w)) throw Error(ErrorCode::kData, fmt::format("column '{}': a weight is {}; it must be 0 or more", name, w));
  }
}

// A continuous target about its mean, so that sums of squares keep their digits.
double centre(std::span<const double> target, std::span<const double> weights, std::vector<double>& centred) {
  double total = 0;
  double sum = 0;
  for (size_t r = 0; r < target.size(); ++r) {
    const double w = weights.empty() ? 1.0 : weights[r];
    total += w;
    sum += w * target[r];
  }
  const double mean = total > 0 ? sum / total : 0;
  centred.reserve(target.size());
  for (const double y : target) centred.push_back(y - mean);
  return mean;
}

Binning fit_number(const NumberSample& sample, const Target& target, double offset, const BinningSpec& spec) {
  const auto specials = binning::special_codes_of(spec);
  const Frame frame{std::string(sample.name), target.is_continuous(), offset, sample.date};
  double all_count = static_cast<double>(sample.values.size());
  if (!sample.weights.empty()) all_count = std::accumulate(sample.weights.begin(), sample.weights.end(), 0.0);
  const binning::Grouping grouping = binning::grouping_of(spec, all_count);
  if (!spec.candidates.empty() || !spec.fixed_splits.empty()) {
    // Cuts may fall inside groups, so the rows are counted against them.
    binning::GroupedColumn column;
    if (spec.candidates.empty()) column = binning::group_values(sample.values, target, sample.weights, specials, grouping);
    binning::Counter counter(binning::prebin_cuts(column.groups, spec, all_count), specials);
    counter.add(sample.values, target, sample.weights);
    return binning::finish_number(frame, counter, specials, spec);
  }
  const auto column = binning::group_values(sample.values, target, sample.weights, specials, grouping);
  const binning::Counter counter(binning::prebin_cuts(column.groups, spec, all_count), specials, column);
  return binning::finish_number(frame, counter, specials, spec);
}

Binning fit_category(const CategorySample& sample, const Target& target, double offset, const BinningSpec& spec) {
  const Frame frame{std::string(sample.name), target.is_continuous(), offset};
  std::vector<Cell> levels(sample.dictionary.size());
  Cell missing;
  for (size_t r = 0; r < sample.codes.size(); ++r) {
    const double w = sample.weights.empty() ? 1.0 : sample.weights[r];
    if (w <= 0) continue;
    const double y = target.at(r);
    const int32_t code = sample.codes[r];
    Cell& cell = code < 0 ? missing : levels[static_cast<size_t>(code)];
    cell.add({1, w, w * y, w * y, w * y * y});
  }
  return binning::finish_category(frame, levels, missing, sample.dictionary, spec);
}

template <typename Y>
Binning fit_column(const Column& column, Rows rows, std::span<const Y> target, std::span<const double> weights, const BinningSpec& spec) {
  if (column.kind() == ColumnKind::kCategory) {
    std::vector<int32_t> codes;
    codes.reserve(rows.size());
    for (const uint32_t row : rows) codes.push_back(column.codes()[row]);
    return fit_binning(CategorySample{column.name(), codes, column.dictionary(), weights}, target, spec);
  }
  if (column.kind() != ColumnKind::kNumber && column.kind() != ColumnKind::kDate) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("column '{}': a {} cannot be binned; numbers, dates and categories can", column.name(), kind_name(column.kind())));
  }
  const bool date = column.kind() == ColumnKind::kDate;
  const std::vector<float> days = date ? numeric_values(column) : std::vector<float>{};
  const std::span<const float> all = date ? std::span<const float>(days) : column.numbers();
  std::vector<float> values;
  values.reserve(rows.size());
  for (const uint32_t row : rows) values.push_back(all[row]);
  return fit_binning(NumberSample{column.name(), values, weights, date}, target, spec);
}

}  // namespace

std::string_view divergence_name(BinDivergence divergence) { return kDivergences.at(static_cast<size_t>(divergence)); }
std::string_view trend_name(BinTrend trend) { return kTrends.at(static_cast<size_t>(trend)); }
std::string_view prebin_name(PrebinMethod method) { return kPrebins.at(static_cast<size_t>(method)); }
std::string_view bin_kind_name(BinKind kind) { return kKinds.at(static_cast<size_t>(kind)); }
BinDivergence parse_divergence(std::string_view name) { return parse<BinDivergence>("divergence", name, kDivergences); }
BinTrend parse_trend(std::string_view name) { return parse<BinTrend>("trend", name, kTrends); }
PrebinMethod parse_prebins(std::string_view name) { return parse<PrebinMethod>("pre-bin method", name, kPrebins); }

void check_spec(const BinningSpec& spec) {
  require(spec.max_prebins >= 2 && spec.max_prebins <= kMostPrebins, "max_prebins", fmt::format("from 2 to {}", kMostPrebins));
  require(spec.min_prebin_share < 1, "min_prebin_share", "below 1");
  require(spec.max_bins >= 0, "max_bins", "1 or more, or 0 for no limit");
  require(spec.min_bins >= 1 && (spec.max_bins == 0 || spec.min_bins <= spec.max_bins), "min_bins", "from 1 to max_bins");
  require(spec.min_share >= 0 && spec.min_share <= 1, "min_share", "in [0, 1]");
  require(spec.max_share > 0 && spec.max_share <= 1 && spec.max_share >= spec.min_share, "max_share", "in (0, 1] and not below min_share");
  require(spec.min_events >= 0, "min_events", "0 or more");
  require(spec.min_non_events >= 0, "min_non_events", "0 or more");
  require(spec.min_difference >= 0 && std::isfinite(spec.min_difference), "min_difference", "0 or more");
  require(spec.max_p_value >= 0 && spec.max_p_value <= 1, "max_p_value", "in [0, 1]");
  require(spec.turn_gain >= 0, "turn_gain", "0 or more");
  require(spec.rare_share >= 0 && spec.rare_share < 1, "rare_share", "in [0, 1)");
  const auto finite = [](const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  };
  require(finite(spec.candidates), "candidates", "finite numbers");
  require(finite(spec.fixed_splits), "fixed_splits", "finite numbers");
  require(finite(spec.special_codes), "special_codes", "finite numbers");
  require(spec.special_codes.size() <= 100, "special_codes", "100 codes at most");
  require(spec.candidates.size() + spec.fixed_splits.size() <= kMostPrebins, "candidates and fixed_splits", fmt::format("{} at most", kMostPrebins));
}

Binning fit_binning(const NumberSample& sample, std::span<const uint8_t> target, const BinningSpec& spec) {
  check_spec(spec);
  check_rows(sample.name, sample.values.size(), {target, {}}, sample.weights);
  return fit_number(sample, {target, {}}, 0, spec);
}

Binning fit_binning(const CategorySample& sample, std::span<const uint8_t> target, const BinningSpec& spec) {
  check_spec(spec);
  check_rows(sample.name, sample.codes.size(), {target, {}}, sample.weights);
  return fit_category(sample, {target, {}}, 0, spec);
}

Binning fit_binning(const NumberSample& sample, std::span<const double> target, const BinningSpec& spec) {
  check_spec(spec);
  check_rows(sample.name, sample.values.size(), {{}, target}, sample.weights);
  std::vector<double> centred;
  const double mean = centre(target, sample.weights, centred);
  return fit_number(sample, {{}, centred}, mean, spec);
}

Binning fit_binning(const CategorySample& sample, std::span<const double> target, const BinningSpec& spec) {
  check_spec(spec);
  check_rows(sample.name, sample.codes.size(), {{}, target}, sample.weights);
  std::vector<double> centred;
  const double mean = centre(target, sample.weights, centred);
  return fit_category(sample, {{}, centred}, mean, spec);
}

Binning fit_binning(const Column& column, Rows rows, std::span<const uint8_t> target, std::span<const double> weights, const BinningSpec& spec) {
  return fit_column(column, rows, target, weights, spec);
}

Binning fit_binning(const Column& column, Rows rows, std::span<const double> target, std::span<const double> weights, const BinningSpec& spec) {
  return fit_column(column, rows, target, weights, spec);
}

int32_t Binning::code(float value) const {
  int32_t code = 0;
  binning::bin_codes({&value, 1}, parts_.splits, parts_.specials, {&code, 1});
  return code;
}

int32_t Binning::code(std::string_view level) const {
  if (level.empty()) return static_cast<int32_t>(codes()) - (parts_.unseen == static_cast<int32_t>(codes()) - 1 ? 2 : 1);
  const auto found = std::find(parts_.levels.begin(), parts_.levels.end(), level);
  return found == parts_.levels.end() ? parts_.unseen : parts_.level_codes[static_cast<size_t>(found - parts_.levels.begin())];
}

std::string Binning::code_label(uint32_t code) const {
  if (categorical()) {
    size_t at = 0;
    for (const BinRow& row : table().bins) {
      if (row.kind == BinKind::kLevels && at++ == code) return row.label;
    }
    return static_cast<int32_t>(code) == this->code(std::string_view()) ? "missing" : "unseen";
  }
  const auto bins = static_cast<uint32_t>(parts_.splits.size()) + 1;
  if (code == bins) return "missing";
  if (code > bins) return "special " + binning::bound_text(parts_.specials[code - bins - 1], table().date);
  return code < table().bins.size() && table().bins[code].kind == BinKind::kRange ? table().bins[code].label : "all values";
}

std::vector<float> Binning::woe(std::span<const float> values) const {
  if (categorical()) throw Error(ErrorCode::kInternal, fmt::format("column '{}': binned as a category, asked as a number", name()));
  std::vector<int32_t> codes(values.size());
  binning::bin_codes(values, parts_.splits, parts_.specials, codes);
  std::vector<float> result(values.size());
  for (size_t r = 0; r < values.size(); ++r) result[r] = parts_.woe[static_cast<size_t>(codes[r])];
  return result;
}

std::vector<float> Binning::woe(std::span<const int32_t> codes, const std::vector<std::string>& dictionary) const {
  if (!categorical()) throw Error(ErrorCode::kInternal, fmt::format("column '{}': binned as a number, asked as a category", name()));
  std::unordered_map<std::string_view, int32_t> known;
  for (size_t l = 0; l < parts_.levels.size(); ++l) known.emplace(parts_.levels[l], parts_.level_codes[l]);
  std::vector<float> by_level(dictionary.size());
  for (size_t l = 0; l < dictionary.size(); ++l) {
    const auto found = known.find(dictionary[l]);
    by_level[l] = parts_.woe[static_cast<size_t>(found == known.end() ? parts_.unseen : found->second)];
  }
  const float missing = parts_.woe[static_cast<size_t>(code(std::string_view()))];
  std::vector<float> result(codes.size());
  for (size_t r = 0; r < codes.size(); ++r) result[r] = codes[r] < 0 ? missing : by_level[static_cast<size_t>(codes[r])];
  return result;
}

NodeId Binning::lower(PlanBuilder& builder) const {
  NodeId node = 0;
  if (categorical()) {
    node = builder.encode(builder.input(name(), InputKind::kCategory), parts_.levels, parts_.level_codes, code(std::string_view()), parts_.unseen,
                          codes());
  } else {
    node = builder.bin(builder.input(name(), InputKind::kNumber, table().date ? "date" : ""), parts_.splits, parts_.specials);
  }
  builder.name(node, name() + " (bin)");
  return node;
}

NodeId Binning::lower_woe(PlanBuilder& builder) const {
  const NodeId node = builder.look_up(lower(builder), parts_.woe, 1);
  builder.name(node, name() + " (WoE)");
  return node;
}

}  // namespace obligor
