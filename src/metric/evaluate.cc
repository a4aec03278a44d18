#include "metric/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "metric/calibration.h"
#include "metric/delong.h"
#include "metric/roc.h"
#include "metric/threshold.h"

namespace obligor::metric {
namespace {

enum Slot : size_t { kKs, kPrAuc, kH, kAccuracy, kPrecision, kRecall, kF1, kBrier, kLogLoss, kEce, kSlots };

// What a row costs under Brier and log-loss does not change from resample to resample.
struct RowLosses {
  std::vector<double> brier;
  std::vector<double> log;
};

RowLosses row_losses(const RankedSample& sample) {
  RowLosses losses;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double p = sample.scores()[i];
    const double right = sample.target()[i] != 0 ? p : 1 - p;
    losses.brier.push_back((1 - right) * (1 - right));
    losses.log.push_back(-std::log(std::clamp(right, kLogLossClip, 1 - kLogLossClip)));
  }
  return losses;
}

}  // namespace

std::array<std::pair<std::string_view, Interval>, 12> BinaryMetrics::named() const {
  return {{{"auc", auc},
           {"gini", gini},
           {"ks", ks},
           {"pr_auc", pr_auc},
           {"brier", brier},
           {"log_loss", log_loss},
           {"ece", ece},
           {"h_measure", h_measure},
           {"accuracy", accuracy},
           {"precision", precision},
           {"recall", recall},
           {"f1", f1}}};
}

BinaryMetrics evaluate_binary(std::span<const FoldScores> folds, const EvaluateOptions& options) {
  if (folds.empty()) throw Error(ErrorCode::kInvalid, "metric: no folds to evaluate; give one or more");
  BinaryMetrics result;
  std::vector<RankedSample> samples;
  std::vector<RowLosses> losses;
  std::vector<DelongResult> areas;
  samples.reserve(folds.size());
  for (const FoldScores& fold : folds) {
    samples.emplace_back(fold.scores, fold.target, fold.weights);
    areas.push_back(delong(fold.scores, fold.target, fold.weights));
    if (options.probabilities) {
      check_probabilities(fold.scores);
      losses.push_back(row_losses(samples.back()));
    }
    result.rows += fold.target.size();
    for (const uint8_t t : fold.target) result.bads += t;
  }

  const auto metrics = [&](size_t f, std::span<const double> weights, std::span<double> values) {
    const RankedSample& sample = samples[f];
    values[kKs] = ks(sample, weights);
    values[kPrAuc] = pr_auc(sample, weights);
    values[kH] = h_measure(sample, weights, options.cost);
    const Confusion cells = confusion(sample, weights, folds[f].threshold);
    values[kAccuracy] = cells.accuracy();
    values[kPrecision] = cells.precision();
    values[kRecall] = cells.recall();
    values[kF1] = cells.f1();
    values[kBrier] = values[kLogLoss] = values[kEce] = std::numeric_limits<double>::quiet_NaN();
    if (!options.probabilities) return;
    double total = 0;
    double brier_sum = 0;
    double log_sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      total += weights[i];
      brier_sum += weights[i] * losses[f].brier[i];
      log_sum += weights[i] * losses[f].log[i];
    }
    values[kBrier] = brier_sum / total;
    values[kLogLoss] = log_sum / total;
    values[kEce] = ece(sample, weights, options.ece_bins);
  };
  const auto found =
      bootstrap_folds(samples, kSlots, metrics, {.resamples = options.resamples, .seed = options.seed, .confidence = options.confidence});

  const DelongResult area = mean_over_folds(areas);
  result.auc = auc_interval(area.auc[0], area.variance(0), options.confidence);
  result.gini = {gini(result.auc.value), gini(result.auc.low), gini(result.auc.high)};
  result.ks = found[kKs];
  result.pr_auc = found[kPrAuc];
  result.brier = found[kBrier];
  result.log_loss = found[kLogLoss];
  result.ece = found[kEce];
  result.h_measure = found[kH];
  result.accuracy = found[kAccuracy];
  result.precision = found[kPrecision];
  result.recall = found[kRecall];
  result.f1 = found[kF1];
  return result;
}

BinaryMetrics evaluate_binary(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights, double threshold,
                              const EvaluateOptions& options) {
  const FoldScores fold{scores, target, weights, threshold};
  return evaluate_binary({&fold, 1}, options);
}

}  // namespace obligor::metric
