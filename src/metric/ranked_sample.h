// Scores, outcomes and weights in the order of falling score: sorted once, then every metric is one pass.
//
//   const RankedSample sample(scores, target);           // or with case weights
//   const double a = auc(sample, sample.weights());      // any other weights over the same order: a bootstrap resample
//
// Contract: scores are finite, higher = more likely bad; target 1 = bad, 0 = good; weights finite, >= 0, empty = all 1.
// Both classes must be there with positive weight. Errors: kInvalid for sizes that differ, no rows, a target other than 0 and 1,
// one class only, or a weight that is negative or not finite; kNumeric for a score that is not finite. Everything the class
// returns is indexed by position in the order of falling score; equal scores keep the order of their rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace obligor::metric {

// A number with its confidence limits.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

// Throws as RankedSample does.
void check_sample(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights = {});

class RankedSample {
 public:
  RankedSample(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights = {});

  [[nodiscard]] size_t size() const { return scores_.size(); }
  [[nodiscard]] std::span<const double> scores() const { return scores_; }
  [[nodiscard]] std::span<const uint8_t> target() const { return target_; }
  [[nodiscard]] std::span<const double> weights() const { return weights_; }  // as given, or ones
  [[nodiscard]] std::span<const uint32_t> rows() const { return rows_; }      // the row at each position
  // One past the last position of each run of equal scores.
  [[nodiscard]] std::span<const uint32_t> group_ends() const { return group_ends_; }
  [[nodiscard]] bool weighted() const { return weighted_; }

 private:
  std::vector<double> scores_;
  std::vector<uint8_t> target_;
  std::vector<double> weights_;
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> group_ends_;
  bool weighted_ = false;
};

}  // namespace obligor::metric
