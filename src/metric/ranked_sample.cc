#include "metric/ranked_sample.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "metric/score_sort.h"

namespace obligor::metric {

void check_sample(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights) {
  const size_t n = scores.size();
  if (n == 0) throw Error(ErrorCode::kInvalid, "metric: no rows to evaluate; give at least one good and one bad row");
  if (target.size() != n || (!weights.empty() && weights.size() != n)) {
    throw Error(ErrorCode::kInvalid, fmt::format("metric: {} scores, {} targets and {} weights; give one of each for every row (or no weights)", n,
                                                 target.size(), weights.size()));
  }
  if (n >= std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: {} rows; at most {} can be ranked at once, evaluate a sample", n, std::numeric_limits<uint32_t>::max() - 1));
  }
  // Sums first, as they vectorise; the row to blame is looked for only when there is one.
  double poison = 0;
  uint8_t largest = 0;
  size_t bads = 0;
  for (size_t i = 0; i < n; ++i) {
    poison += scores[i] * 0.0;
    largest = std::max(largest, target[i]);
    bads += target[i];
  }
  if (!(poison == 0.0)) {
    for (size_t i = 0; i < n; ++i) {
      if (!std::isfinite(scores[i])) {
        throw Error(ErrorCode::kNumeric,
                    fmt::format("metric: the score of row {} is {}; scores must be finite, check the model's output", i, scores[i]));
      }
    }
  }
  if (largest > 1) {
    for (size_t i = 0; i < n; ++i) {
      if (target[i] > 1) {
        throw Error(ErrorCode::kInvalid, fmt::format("metric: the target of row {} is {}; it must be 0 (good) or 1 (bad)", i, target[i]));
      }
    }
  }
  if (bads == 0 || bads == n) {
    throw Error(ErrorCode::kInvalid, fmt::format("metric: all {} rows are {}; both classes are needed, use a larger or stratified sample", n,
                                                 bads == 0 ? "good (target 0)" : "bad (target 1)"));
  }
  if (weights.empty()) return;
  double of_class[2] = {0, 0};
  for (size_t i = 0; i < n; ++i) {
    if (!(weights[i] >= 0) || !std::isfinite(weights[i])) {
      throw Error(ErrorCode::kInvalid, fmt::format("metric: the weight of row {} is {}; weights must be finite and not negative", i, weights[i]));
    }
    of_class[target[i]] += weights[i];
  }
  if (of_class[0] <= 0 || of_class[1] <= 0) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("metric: the weights of all {} rows are zero; both classes need positive weight", of_class[0] <= 0 ? "good" : "bad"));
  }
}

RankedSample::RankedSample(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights)
    : weighted_(!weights.empty()) {
  check_sample(scores, target, weights);
  const size_t n = scores.size();
  struct Record {
    double fall;  // minus the score: the sort is ascending
    uint32_t row;
  };
  std::vector<double> fall(n);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (size_t i = 0; i < n; ++i) {
    fall[i] = -scores[i];
    low = std::min(low, fall[i]);
    high = std::max(high, fall[i]);
  }
  const auto order = detail::score_sort<Record>(
      fall, detail::BucketMap(low, high, n),
      [&](size_t i) {
        return Record{fall[i], static_cast<uint32_t>(i)};
      },
      [](const Record& r) { return r.fall; },
      [](const Record& a, const Record& b) { return a.fall < b.fall || (a.fall == b.fall && a.row < b.row); });

  scores_.resize(n);
  target_.resize(n);
  rows_.resize(n);
  weights_.assign(n, 1.0);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t row = order.data[i].row;  // NOLINT(clang-analyzer-cplusplus.NewDelete): check_sample refuses n = 0
    rows_[i] = row;
    scores_[i] = scores[row];
    target_[i] = target[row];
    if (weighted_) weights_[i] = weights[row];
    if (i > 0 && scores_[i] != scores_[i - 1]) group_ends_.push_back(static_cast<uint32_t>(i));
  }
  group_ends_.push_back(static_cast<uint32_t>(n));
}

}  // namespace obligor::metric
