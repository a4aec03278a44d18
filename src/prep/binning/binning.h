// Optimal binning of one column against the target: pre-bins, the exact optimum under constraints, the table, and the plan nodes.
//
//   BinningSpec spec;  spec.max_bins = 6;  spec.trend = BinTrend::kAuto;
//   Binning age = fit_binning(NumberSample{"age", values, weights}, bads, spec);       // 1 = bad; values are float32, NaN = missing
//   Binning job = fit_binning(CategorySample{"job", codes, dictionary, weights}, bads, spec);
//   std::vector<float> x = age.woe(values);                       // what a model reads
//   NodeId node = age.lower_woe(builder);                         // the same, as nodes of a plan
//   fmt::print("{}", binning_text(age.table()));                  // binning_json() for the document
//
// Contract. Bins are left-closed [a, b). WoE = ln(share of goods / share of bads), so high is safe; IV sums (good share - bad
// share) x WoE; shares are of all rows given, missing and special codes included. Where a bin lacks goods or bads, 0.5 is added
// to both its counts (the totals stay). Missing and each special code have bins of their own, which no constraint touches, with
// their measured WoE; a code that the training rows do not hold has WoE 0. Weights count as so many rows, in the constraints and
// the p-values too. The bins are the optimum over all partitions of the pre-bins (docs/binning.md), proved by the search.
// A constraint on a bin's size does not touch a column whose values together are smaller: they stay in one bin.
// With a continuous target the bins maximise the variance between them; `woe` then is the bin's mean less the mean of all rows.
// Errors: Error{kData} for a target of one class, or values and target of unequal length; Error{kInvalid} for an impossible spec;
// Error{kData} that names the smallest set of constraints which cannot be met together.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "plan/builder.h"
#include "prep/binning/spec.h"
#include "table/table.h"

namespace obligor {

// The words of the enumerations in flags, TOML and JSON: "iv", "js", "hellinger", "chi2"; "auto", "ascending", ...; "quantile", "tree", "both".
[[nodiscard]] std::string_view divergence_name(BinDivergence divergence);
[[nodiscard]] std::string_view trend_name(BinTrend trend);
[[nodiscard]] std::string_view prebin_name(PrebinMethod method);
[[nodiscard]] BinDivergence parse_divergence(std::string_view name);  // Error{kNotFound} with near candidates, as the next two
[[nodiscard]] BinTrend parse_trend(std::string_view name);
[[nodiscard]] PrebinMethod parse_prebins(std::string_view name);

enum class BinKind { kRange, kLevels, kMissingValues, kSpecialCode };
[[nodiscard]] std::string_view bin_kind_name(BinKind kind);

struct BinRow {
  BinKind kind = BinKind::kRange;
  std::string label;  // "[25, 31)", "[2006-03-01, 2007-01-15)", "clerk, farmer", "missing", "special -9999"
  float low = 0;      // kRange: [low, high), infinite at the ends; kSpecialCode: low is the code
  float high = 0;
  std::vector<std::string> levels;  // kLevels
  double rows = 0;                  // as counted
  double count = 0;                 // weighted; equal to `rows` without weights
  double share = 0;                 // of count
  double events = 0;                // bads, weighted (continuous: 0)
  double event_rate = 0;            // events / count; continuous: the mean
  double deviation = 0;             // continuous: standard deviation in the bin
  double woe = 0;
  double iv = 0;  // this bin's part, as of the others; 0 for a continuous target
  double js = 0;
  double hellinger = 0;
  double chi2 = 0;                                            // continuous: part of the explained share of variance
  double p_value = std::numeric_limits<double>::quiet_NaN();  // of equal rates here and in the next bin; NaN where there is none
};

struct BinningTable {
  std::string name;
  bool continuous = false;
  bool categorical = false;
  bool date = false;         // the bounds are days since 1970-01-01; the labels show them as dates
  std::vector<BinRow> bins;  // values in order, then missing, then the special codes that occurred
  double rows = 0;
  double count = 0;
  double events = 0;
  double event_rate = 0;  // continuous: the mean
  double iv = 0;          // sums over the bins
  double js = 0;
  double hellinger = 0;
  double chi2 = 0;  // continuous: share of the variance that the bins explain
  double gini = 0;  // of the WoE as a score, and its KS; 0 for a continuous target
  double ks = 0;
  BinTrend trend = BinTrend::kNone;  // that was searched in the end
  int prebins = 0;
  double prior_weight = 0;  // categories: the a that was used; infinity = levels do not differ
  std::string note;         // "one value", "values are 1.2 % of the rows, below the minimum of 5 %", ... ; else empty
};

struct NumberSample {
  std::string_view name;
  std::span<const float> values;  // NaN = missing
  std::span<const double> weights = {};
  bool date = false;  // values are days since 1970-01-01
};
struct CategorySample {
  std::string_view name;
  std::span<const int32_t> codes;  // -1 = missing
  const std::vector<std::string>& dictionary;
  std::span<const double> weights = {};
};

// Fitted: the cuts or the grouped levels, and the table.
class Binning {
 public:
  struct Parts {
    std::vector<float> splits;    // ascending
    std::vector<float> specials;  // ascending; all that the spec names
    std::vector<std::string> levels;
    std::vector<int32_t> level_codes;  // bin of each level
    int32_t unseen = 0;                // code of a level that is not listed
    std::vector<float> woe;            // by code
    BinningTable table;
  };
  explicit Binning(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const BinningTable& table() const { return parts_.table; }
  [[nodiscard]] const std::string& name() const { return parts_.table.name; }
  [[nodiscard]] bool categorical() const { return parts_.table.categorical; }
  [[nodiscard]] const std::vector<float>& splits() const { return parts_.splits; }

  // Codes as the plan's `bin` and `encode` give them: the bins of values, then missing, then the special codes (numbers) or the code
  // of unseen levels (categories; it is the code of the bin "other" where there is one).
  [[nodiscard]] uint32_t codes() const { return static_cast<uint32_t>(parts_.woe.size()); }
  [[nodiscard]] const std::vector<float>& code_woe() const { return parts_.woe; }
  [[nodiscard]] std::string code_label(uint32_t code) const;
  [[nodiscard]] int32_t code(float value) const;
  [[nodiscard]] int32_t code(std::string_view level) const;  // "" = missing

  // Value by value; of a number column, or of a category's codes into a dictionary.
  [[nodiscard]] std::vector<float> woe(std::span<const float> values) const;
  [[nodiscard]] std::vector<float> woe(std::span<const int32_t> codes, const std::vector<std::string>& dictionary) const;

  // The code node, and the WoE of it.
  [[nodiscard]] NodeId lower(PlanBuilder& builder) const;
  [[nodiscard]] NodeId lower_woe(PlanBuilder& builder) const;

 private:
  Parts parts_;
};

// Binary target: 1 = bad.
[[nodiscard]] Binning fit_binning(const NumberSample& sample, std::span<const uint8_t> target, const BinningSpec& spec);
[[nodiscard]] Binning fit_binning(const CategorySample& sample, std::span<const uint8_t> target, const BinningSpec& spec);
// Continuous target. Rows are expected to have one: Error{kData} for NaN.
[[nodiscard]] Binning fit_binning(const NumberSample& sample, std::span<const double> target, const BinningSpec& spec);
[[nodiscard]] Binning fit_binning(const CategorySample& sample, std::span<const double> target, const BinningSpec& spec);
// A column (number, date as days, category) over some rows of its table; target and weights by those rows' order.
[[nodiscard]] Binning fit_binning(const Column& column, Rows rows, std::span<const uint8_t> target, std::span<const double> weights,
                                  const BinningSpec& spec);
[[nodiscard]] Binning fit_binning(const Column& column, Rows rows, std::span<const double> target, std::span<const double> weights,
                                  const BinningSpec& spec);

// Checks what can be checked without data: Error{kInvalid} naming the field and its range.
void check_spec(const BinningSpec& spec);

// The table for a terminal, with a bar of the event rate; and as one JSON object.
[[nodiscard]] std::string binning_text(const BinningTable& table);
[[nodiscard]] Json binning_json(const BinningTable& table);

}  // namespace obligor
