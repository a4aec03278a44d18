// All the numbers of a binary scorer on rows it was not fitted on, each with its interval: what the leaderboard prints.
//
//   const BinaryMetrics m = evaluate_binary(probabilities, target, {}, 0.5, {.seed = 7});
//   for (const auto& [name, interval] : m.named()) print(name, interval.value, interval.low, interval.high);
//
// AUC and Gini have DeLong intervals (logit), the rest the stratified percentile bootstrap. Over folds every metric is the mean of
// the folds' metrics, and its interval is that of the mean, folds being independent parts.
// Contract: as ranked_sample.h (and its errors); probabilities in [0, 1] unless `probabilities` is false, when Brier, log-loss and
// ECE are NaN. 200 resamples of 40,000 rows take some tenths of a second on one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "metric/bootstrap.h"
#include "metric/h_measure.h"
#include "metric/ranked_sample.h"

namespace obligor::metric {

struct EvaluateOptions {
  size_t resamples = 200;
  uint64_t seed = 0;
  double confidence = 0.95;
  bool probabilities = true;
  size_t ece_bins = 10;
  CostWeighting cost = CostWeighting::kBeta22;
};

struct BinaryMetrics {
  Interval auc, gini, ks, pr_auc, brier, log_loss, ece, h_measure;
  Interval accuracy, precision, recall, f1;  // at the threshold
  size_t rows = 0;
  size_t bads = 0;

  // In the order of the leaderboard, under the names of the JSON.
  [[nodiscard]] std::array<std::pair<std::string_view, Interval>, 12> named() const;
};

[[nodiscard]] BinaryMetrics evaluate_binary(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights,
                                            double threshold, const EvaluateOptions& options = {});

// The test part of one fold; rows with score >= threshold are called bad.
struct FoldScores {
  std::span<const double> scores;
  std::span<const uint8_t> target;
  std::span<const double> weights;  // empty = all 1
  double threshold = 0.5;
};

[[nodiscard]] BinaryMetrics evaluate_binary(std::span<const FoldScores> folds, const EvaluateOptions& options = {});

}  // namespace obligor::metric
