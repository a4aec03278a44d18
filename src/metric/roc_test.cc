#include "metric/roc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"

namespace obligor::metric {
namespace {

struct Data {
  std::vector<double> scores;
  std::vector<uint8_t> target;
  std::vector<double> weights;
};

// `grid` > 0 rounds the scores to that many levels, so that there are ties.
Data make(size_t n, uint64_t seed, int grid, double shift = 0.8) {
  Random random(seed, "roc-test");
  Data d;
  for (size_t i = 0; i < n; ++i) {
    d.target.push_back(i < 2 ? static_cast<uint8_t>(i) : static_cast<uint8_t>(random.uniform() < 0.3));
    double s = random.normal() + shift * d.target.back();
    s = 1 / (1 + std::exp(-s));
    d.scores.push_back(grid > 0 ? std::round(s * grid) / grid : s);
    d.weights.push_back(0.25 + random.uniform());
  }
  return d;
}

double brute_auc(const Data& d, bool weighted) {
  double wins = 0;
  double pairs = 0;
  for (size_t i = 0; i < d.scores.size(); ++i) {
    for (size_t j = 0; j < d.scores.size(); ++j) {
      if (d.target[i] != 1 || d.target[j] != 0) continue;
      const double w = weighted ? d.weights[i] * d.weights[j] : 1;
      pairs += w;
      wins += d.scores[i] > d.scores[j] ? w : d.scores[i] == d.scores[j] ? w / 2 : 0;
    }
  }
  return wins / pairs;
}

TEST(Roc, AucEqualsTheCountOfPairs) {
  for (const size_t n : {2U, 3U, 7U, 50U, 600U}) {
    for (const int grid : {0, 1, 5, 100}) {
      const Data d = make(n, n + static_cast<size_t>(grid), grid);
      EXPECT_DOUBLE_EQ(auc(d.scores, d.target), brute_auc(d, false)) << n << " rows, grid " << grid;
      EXPECT_NEAR(auc(d.scores, d.target, d.weights), brute_auc(d, true), 1e-13) << n << " rows, grid " << grid;
      const RankedSample sample(d.scores, d.target);
      EXPECT_NEAR(auc(sample, sample.weights()), brute_auc(d, false), 1e-13);
    }
  }
}

TEST(Roc, TiesCountHalf) {
  const std::vector<double> scores{0.5, 0.5, 0.5, 0.5};
  const std::vector<uint8_t> target{0, 1, 0, 1};
  EXPECT_EQ(auc(scores, target), 0.5);
}

TEST(Roc, HardScoresKeepTheirOrder) {
  // Neighbouring doubles, both zeros, the ends of the range, both signs: each way through the sort.
  const double inf = std::numeric_limits<double>::infinity();
  Data d;
  for (const double s : {0.0, -0.0, 1e308, -1e308, 5e-324, -5e-324, 1.0, std::nextafter(1.0, 2.0), std::nextafter(1.0, 0.0), -40.0, 40.0, 0.0}) {
    d.scores.push_back(s);
    d.scores.push_back(std::nextafter(s, inf));
    d.target.push_back(static_cast<uint8_t>(d.scores.size() % 4 == 0));
    d.target.push_back(static_cast<uint8_t>(d.scores.size() % 3 == 0));
  }
  EXPECT_DOUBLE_EQ(auc(d.scores, d.target), brute_auc(d, false));
  for (double& s : d.scores) s = std::abs(s);
  EXPECT_DOUBLE_EQ(auc(d.scores, d.target), brute_auc(d, false));
  // A crowd in one bucket beside an outlier.
  d = make(3000, 5, 0);
  d.scores[7] = 1e9;
  EXPECT_DOUBLE_EQ(auc(d.scores, d.target), brute_auc(d, false));
}

TEST(Roc, WeightTwoIsTheRowTwice) {
  const Data d = make(300, 3, 20);
  Data twice = d;
  std::vector<double> weights(300, 1.0);
  for (size_t i = 0; i < 300; i += 3) {
    weights[i] = 2;
    twice.scores.push_back(d.scores[i]);
    twice.target.push_back(d.target[i]);
  }
  const RankedSample a(d.scores, d.target, weights);
  const RankedSample b(twice.scores, twice.target);
  EXPECT_NEAR(auc(a, a.weights()), auc(b, b.weights()), 1e-13);
  EXPECT_NEAR(ks(a, a.weights()), ks(b, b.weights()), 1e-13);
  EXPECT_NEAR(pr_auc(a, a.weights()), pr_auc(b, b.weights()), 1e-13);
}

TEST(Roc, KsIsTheLargestGapOfTheTwoDistributions) {
  const Data d = make(400, 9, 30);
  const RankedSample sample(d.scores, d.target, d.weights);
  double best = 0;
  for (const double t : d.scores) {
    double caught[2] = {0, 0};
    double total[2] = {0, 0};
    for (size_t i = 0; i < d.scores.size(); ++i) {
      total[d.target[i]] += d.weights[i];
      if (d.scores[i] >= t) caught[d.target[i]] += d.weights[i];
    }
    best = std::max(best, caught[1] / total[1] - caught[0] / total[0]);
  }
  EXPECT_NEAR(ks(sample, sample.weights()), best, 1e-13);
  Data mirror = d;
  for (size_t i = 0; i < d.scores.size(); ++i) mirror.scores[i] = d.target[i] == 1 ? 0 : 1;
  const RankedSample upside_down(mirror.scores, mirror.target);
  EXPECT_EQ(ks(upside_down, upside_down.weights()), 0);
}

TEST(Roc, AveragePrecisionAsScikitLearnDefinesIt) {
  // The example of scikit-learn's documentation of average_precision_score: 0.8333...
  const std::vector<double> scores{0.1, 0.4, 0.35, 0.8};
  const std::vector<uint8_t> target{0, 0, 1, 1};
  const RankedSample sample(scores, target);
  EXPECT_NEAR(pr_auc(sample, sample.weights()), 5.0 / 6.0, 1e-15);
  EXPECT_EQ(auc(scores, target), 0.75);  // and of its roc_auc_score
  const std::vector<double> flat{0.5, 0.5, 0.5, 0.5};
  const RankedSample tied(flat, target);
  EXPECT_EQ(pr_auc(tied, tied.weights()), 0.5);
}

TEST(Roc, CurvesKeepTheirEndsAndTheKs) {
  const Data d = make(5000, 21, 0);
  const RankedSample sample(d.scores, d.target, d.weights);
  const auto full = curve_points(sample, 10000);
  EXPECT_EQ(full.size(), 5001U);
  for (const size_t most : {3U, 10U, 200U}) {
    const auto curve = curve_points(sample, most);
    ASSERT_LE(curve.size(), most);
    EXPECT_EQ(curve.front().true_positive_rate, 0);
    EXPECT_EQ(curve.front().false_positive_rate, 0);
    EXPECT_EQ(curve.back().true_positive_rate, 1);
    EXPECT_EQ(curve.back().false_positive_rate, 1);
    EXPECT_EQ(curve.back().population, 1);
    double best = 0;
    double area = 0;
    for (size_t i = 1; i < curve.size(); ++i) {
      EXPECT_LT(curve[i].threshold, curve[i - 1].threshold);
      EXPECT_GE(curve[i].true_positive_rate, curve[i - 1].true_positive_rate);
      best = std::max(best, curve[i].true_positive_rate - curve[i].false_positive_rate);
      area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) * (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
    }
    EXPECT_NEAR(best, ks(sample, sample.weights()), 1e-12);
    if (most == 200) {
      EXPECT_NEAR(area, auc(sample, sample.weights()), 2e-4);
      EXPECT_GT(curve.size(), 150U);
    }
  }
}

void expect_error(ErrorCode code, const std::string& part, const std::vector<double>& scores, const std::vector<uint8_t>& target,
                  const std::vector<double>& weights = {}) {
  try {
    (void)auc(scores, target, weights);
    ADD_FAILURE() << "no error; expected one with '" << part << "'";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Roc, BadInputIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  expect_error(ErrorCode::kInvalid, "no rows", {}, {});
  expect_error(ErrorCode::kInvalid, "2 scores, 1 targets", {0.1, 0.2}, {1});
  expect_error(ErrorCode::kInvalid, "3 weights", {0.1, 0.2}, {1, 0}, {1, 1, 1});
  expect_error(ErrorCode::kInvalid, "all 2 rows are good", {0.1, 0.2}, {0, 0});
  expect_error(ErrorCode::kInvalid, "all 2 rows are bad", {0.1, 0.2}, {1, 1});
  expect_error(ErrorCode::kInvalid, "target of row 1 is 3", {0.1, 0.2}, {0, 3});
  expect_error(ErrorCode::kNumeric, "score of row 1 is nan", {0.1, nan}, {0, 1});
  expect_error(ErrorCode::kNumeric, "score of row 0 is inf", {inf, 0.1}, {0, 1});
  expect_error(ErrorCode::kInvalid, "weight of row 0 is -1", {0.1, 0.2}, {0, 1}, {-1, 1});
  expect_error(ErrorCode::kInvalid, "weights of all bad rows are zero", {0.1, 0.2}, {0, 1}, {1, 0});
}

}  // namespace
}  // namespace obligor::metric
