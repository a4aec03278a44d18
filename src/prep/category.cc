#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "prep/fitted.h"

namespace obligor::prep {

Vocabulary fit_vocabulary(const Column& column, Rows rows, std::span<const double> weights, const PrepSpec& spec) {
  const auto codes = column.codes();
  const auto& dictionary = column.dictionary();
  std::vector<double> weight(dictionary.size(), 0);
  std::vector<uint32_t> count(dictionary.size(), 0);
  double missing_weight = 0;
  Vocabulary result;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int32_t code = codes[rows[i]];
    const double w = weights.empty() ? 1.0 : weights[i];
    if (code < 0) {
      result.has_missing = true;
      missing_weight += w;
    } else {
      weight[static_cast<size_t>(code)] += w;
      ++count[static_cast<size_t>(code)];
    }
  }
  // By falling weight, then by name: the order does not depend on how the file was sorted.
  std::vector<uint32_t> order;
  for (uint32_t level = 0; level < dictionary.size(); ++level) {
    if (count[level] > 0) order.push_back(level);
  }
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return weight[a] != weight[b] ? weight[a] > weight[b] : dictionary[a] < dictionary[b]; });
  // By weight a rare level may stand before a common one.
  const auto rare =
      std::stable_partition(order.begin(), order.end(), [&](uint32_t level) { return static_cast<int64_t>(count[level]) >= spec.min_count; });
  result.kept = static_cast<uint32_t>(std::min<int64_t>(rare - order.begin(), spec.max_levels));
  result.has_other = result.kept < order.size();
  result.weight.assign(result.levels(), 0);
  std::vector<int32_t> code_of(dictionary.size(), result.other());
  for (size_t i = 0; i < order.size(); ++i) {
    const int32_t code = i < result.kept ? static_cast<int32_t>(i) : result.other();
    code_of[order[i]] = code;
    result.weight[static_cast<size_t>(code)] += weight[order[i]];
    // A folded word needs no entry: what is not listed is `other` too.
    if (i < result.kept) {
      result.words.push_back(dictionary[order[i]]);
      result.codes.push_back(code);
    }
  }
  result.weight[result.kept] = missing_weight;
  result.row_codes.reserve(rows.size());
  for (const uint32_t row : rows) result.row_codes.push_back(codes[row] < 0 ? result.missing() : code_of[static_cast<size_t>(codes[row])]);
  return result;
}

TargetStatistic fit_target_statistic(std::span<const int32_t> row_codes, uint32_t levels, std::span<const uint8_t> target,
                                     std::span<const double> weights, double prior_weight, int permutations, uint64_t seed) {
  const auto weight_of = [&](size_t row) { return weights.empty() ? 1.0 : weights[row]; };
  std::vector<double> bad(levels, 0);
  std::vector<double> all(levels, 0);
  double total_bad = 0;
  double total = 0;
  for (size_t i = 0; i < row_codes.size(); ++i) {
    const double w = weight_of(i);
    const auto code = static_cast<size_t>(row_codes[i]);
    all[code] += w;
    total += w;
    if (target[i] != 0) {
      bad[code] += w;
      total_bad += w;
    }
  }
  const double prior = std::clamp(total > 0 ? total_bad / total : 0.5, 1e-6, 1 - 1e-6);
  const double prior_log_odds = std::log(prior / (1 - prior));
  const auto encoded = [&](double bads, double rows) {
    const double weight = rows + prior_weight;
    const double rate = std::clamp(weight > 0 ? (bads + prior_weight * prior) / weight : prior, 1e-6, 1 - 1e-6);
    return static_cast<float>(std::log(rate / (1 - rate)) - prior_log_odds);
  };
  TargetStatistic result;
  for (uint32_t code = 0; code < levels; ++code) result.full.push_back(encoded(bad[code], all[code]));
  for (int p = 0; p < permutations; ++p) {
    Random random(derive_seed(seed, "ordered-statistics", static_cast<uint64_t>(p)), "permutation");
    const auto order = random.permutation(row_codes.size());
    std::vector<double> bad_before(levels, 0);
    std::vector<double> all_before(levels, 0);
    std::vector<float> column(row_codes.size());
    for (const uint32_t row : order) {
      const auto code = static_cast<size_t>(row_codes[row]);
      column[row] = encoded(bad_before[code], all_before[code]);
      all_before[code] += weight_of(row);
      if (target[row] != 0) bad_before[code] += weight_of(row);
    }
    result.ordered.push_back(std::move(column));
  }
  return result;
}

}  // namespace obligor::prep
