#include "metric/h_measure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "metric/metric_test_data.h"

namespace obligor::metric {
namespace {

// The definition: for each cost the best of all thresholds, averaged over Beta(a, b) by the midpoint rule.
double by_integration(const TestData& d, double a, double b) {
  struct Cut {
    double refused_goods = 0;
    double accepted_bads = 0;
  };
  std::vector<double> thresholds = d.scores;
  thresholds.push_back(2);
  double total = 0;
  double bads = 0;
  for (size_t i = 0; i < d.scores.size(); ++i) {
    total += d.weights[i];
    bads += d.weights[i] * d.target[i];
  }
  std::vector<Cut> cuts;
  for (const double t : thresholds) {
    Cut cut;
    for (size_t i = 0; i < d.scores.size(); ++i) {
      const bool called_bad = d.scores[i] >= t;
      if (called_bad && d.target[i] == 0) cut.refused_goods += d.weights[i] / total;
      if (!called_bad && d.target[i] == 1) cut.accepted_bads += d.weights[i] / total;
    }
    cuts.push_back(cut);
  }
  double loss = 0;
  double worst = 0;
  constexpr int kSteps = 20000;
  for (int k = 0; k < kSteps; ++k) {
    const double c = (k + 0.5) / kSteps;
    const double density = std::pow(c, a - 1) * std::pow(1 - c, b - 1);
    double least = 1;
    for (const Cut& cut : cuts) least = std::min(least, c * cut.refused_goods + (1 - c) * cut.accepted_bads);
    loss += density * least;
    worst += density * std::min(c * (1 - bads / total), (1 - c) * bads / total);
  }
  return 1 - loss / worst;
}

TEST(HMeasure, EqualsNumericIntegrationOfItsDefinition) {
  for (const int grid : {0, 10}) {
    TestData d = random_data(150, 5, grid, 1.5);
    for (const bool weighted : {false, true}) {
      if (!weighted) d.weights.assign(d.weights.size(), 1.0);
      if (weighted) d.weights = random_data(150, 6).weights;
      double bad = 0;
      double total = 0;
      for (size_t i = 0; i < d.target.size(); ++i) {
        bad += d.weights[i] * d.target[i];
        total += d.weights[i];
      }
      const RankedSample sample(d.scores, d.target, d.weights);
      EXPECT_NEAR(h_measure(sample, sample.weights()), by_integration(d, 2, 2), 1e-6);
      EXPECT_NEAR(h_measure(sample, sample.weights(), CostWeighting::kPriors), by_integration(d, bad / total + 1, 2 - bad / total), 1e-6);
    }
  }
}

TEST(HMeasure, IsOneForPerfectAndZeroForUseless) {
  const std::vector<uint8_t> target{0, 0, 1, 1, 0, 1};
  const std::vector<double> perfect{0.1, 0.2, 0.8, 0.9, 0.1, 0.7};
  const std::vector<double> constant(6, 0.3);
  const std::vector<double> upside_down{0.9, 0.8, 0.1, 0.1, 0.7, 0.2};
  for (const CostWeighting cost : {CostWeighting::kBeta22, CostWeighting::kPriors}) {
    const RankedSample a(perfect, target);
    EXPECT_NEAR(h_measure(a, a.weights(), cost), 1, 1e-12);
    const RankedSample b(constant, target);
    EXPECT_NEAR(h_measure(b, b.weights(), cost), 0, 1e-12);
    const RankedSample c(upside_down, target);
    EXPECT_NEAR(h_measure(c, c.weights(), cost), 0, 1e-12);
  }
}

}  // namespace
}  // namespace obligor::metric
