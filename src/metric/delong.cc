#include "metric/delong.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "metric/groups.h"
#include "metric/ranks.h"

namespace obligor::metric {
namespace {

double normal_quantile(double confidence) { return boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2); }

}  // namespace

DelongResult delong(std::span<const std::span<const double>> scores, std::span<const uint8_t> target, std::span<const double> weights) {
  const size_t models = scores.size();
  if (models == 0) throw Error(ErrorCode::kInvalid, "metric: DeLong of no models; give the scores of one or more");
  for (size_t m = 0; m < models; ++m) check_sample(scores[m], target, weights);

  // Row of each class matrix, so that the models' placements of a row stand side by side.
  const size_t n = target.size();
  std::vector<uint32_t> slot(n);
  uint32_t count[2] = {0, 0};
  for (size_t i = 0; i < n; ++i) slot[i] = count[target[i]]++;
  Eigen::MatrixXd placed[2] = {Eigen::MatrixXd(count[0], models), Eigen::MatrixXd(count[1], models)};

  DelongResult result;
  result.auc.resize(models);
  double total[2] = {0, 0};
  for (size_t m = 0; m < models; ++m) {
    const RankedSample sample(scores[m], target, weights);
    const auto all = detail::totals(sample, sample.weights());
    total[0] = all.good;
    total[1] = all.bad;
    double bads_above = 0;
    double goods_above = 0;
    double wins = 0;
    size_t i = 0;
    detail::for_each_group(sample, sample.weights(), [&](double good, double bad, size_t last) {
      const double of_bad = (all.good - goods_above - good / 2) / all.good;
      const double of_good = (bads_above + bad / 2) / all.bad;
      for (; i <= last; ++i) {
        const uint8_t t = sample.target()[i];
        placed[t](slot[sample.rows()[i]], static_cast<Eigen::Index>(m)) = t != 0 ? of_bad : of_good;
      }
      wins += good * of_good;
      goods_above += good;
      bads_above += bad;
    });
    result.auc[m] = wins / all.good;
  }

  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(models), static_cast<Eigen::Index>(models));
  for (size_t c = 0; c < 2; ++c) {
    const Eigen::Map<const Eigen::RowVectorXd> mean(result.auc.data(), static_cast<Eigen::Index>(models));
    placed[c].rowwise() -= mean;
    double rows = 0;
    for (size_t i = 0; i < n; ++i) {
      if (target[i] != c) continue;
      const double w = weights.empty() ? 1.0 : weights[i];
      rows += w > 0 ? 1 : 0;
      placed[c].row(slot[i]) *= w / total[c];
    }
    const double correction = rows > 1 ? rows / (rows - 1) : std::numeric_limits<double>::quiet_NaN();
    covariance.noalias() += correction * (placed[c].transpose() * placed[c]);
  }
  result.covariance.assign(covariance.data(), covariance.data() + covariance.size());
  return result;
}

DelongResult delong(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights) {
  return delong(std::span<const std::span<const double>>(&scores, 1), target, weights);
}

DelongResult mean_over_folds(std::span<const DelongResult> folds) {
  if (folds.empty()) throw Error(ErrorCode::kInvalid, "metric: the mean over no folds; give the results of one or more");
  DelongResult mean = folds[0];
  for (size_t f = 1; f < folds.size(); ++f) {
    if (folds[f].models() != mean.models()) {
      throw Error(ErrorCode::kInvalid, fmt::format("metric: fold {} has {} models and fold 0 has {}; give the same models for every fold", f,
                                                   folds[f].models(), mean.models()));
    }
    for (size_t m = 0; m < mean.auc.size(); ++m) mean.auc[m] += folds[f].auc[m];
    for (size_t m = 0; m < mean.covariance.size(); ++m) mean.covariance[m] += folds[f].covariance[m];
  }
  const auto count = static_cast<double>(folds.size());
  for (double& a : mean.auc) a /= count;
  for (double& c : mean.covariance) c /= count * count;
  return mean;
}

Interval auc_interval(double auc, double variance, double confidence, AucInterval method) {
  if (std::isnan(variance)) return {auc, 0, 1};
  const double half = normal_quantile(confidence) * std::sqrt(variance);
  if (method == AucInterval::kPlain || auc <= 0 || auc >= 1) return {auc, std::max(auc - half, 0.0), std::min(auc + half, 1.0)};
  const double logit = std::log(auc / (1 - auc));
  const double spread = half / (auc * (1 - auc));
  return {auc, 1 / (1 + std::exp(spread - logit)), 1 / (1 + std::exp(-spread - logit))};
}

std::vector<PairTest> pairwise_tests(const DelongResult& result, double confidence) {
  const size_t k = result.models();
  const double quantile = normal_quantile(confidence);
  std::vector<PairTest> tests;
  std::vector<double> p;
  for (size_t a = 0; a < k; ++a) {
    for (size_t b = a + 1; b < k; ++b) {
      PairTest t;
      t.first = a;
      t.second = b;
      const double difference = result.auc[a] - result.auc[b];
      const double variance = result.variance(a) + result.variance(b) - 2 * result.covariance[a * k + b];
      // Rounding leaves some 1e-17 of the variances where the two rankings are the same.
      const double noise = 1e-12 * (result.variance(a) + result.variance(b));
      if (std::isnan(variance)) {
        t.difference = {difference, -1, 1};
        t.standard_error = variance;
      } else {
        t.standard_error = variance > noise ? std::sqrt(variance) : 0;
        t.difference = {difference, std::max(difference - quantile * t.standard_error, -1.0),
                        std::min(difference + quantile * t.standard_error, 1.0)};
        if (t.standard_error > 0) {
          t.z = difference / t.standard_error;
          t.p = std::erfc(std::abs(t.z) / std::sqrt(2.0));
        } else if (std::abs(difference) > 1e-12) {
          // Two rankings without any sampling variance, e.g. one perfect and one perfectly wrong.
          t.z = std::copysign(std::numeric_limits<double>::infinity(), difference);
          t.p = 0;
        }
      }
      p.push_back(t.p);
      tests.push_back(t);
    }
  }
  const auto adjusted = holm(p);
  for (size_t i = 0; i < tests.size(); ++i) tests[i].p_holm = adjusted[i];
  return tests;
}

}  // namespace obligor::metric
