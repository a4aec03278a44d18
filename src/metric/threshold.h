// Decisions at a threshold: rows with score >= threshold are called bad.
//
//   const double t = best_threshold(valid);                       // chosen on validation, never on the test part
//   const Confusion c = confusion(test, test.weights(), t);
//   c.accuracy(); c.precision(); c.recall(); c.f1();
//
// Contract: spans as RankedSample states them. A ratio of nothing (precision when no row is called bad) is 0.
#pragma once

#include <span>

#include "metric/ranked_sample.h"

namespace obligor::metric {

// Weights of the four cells; bad is the positive class.
struct Confusion {
  double true_bad = 0;    // bad, called bad
  double false_bad = 0;   // good, called bad
  double true_good = 0;   // good, called good
  double false_good = 0;  // bad, called good

  [[nodiscard]] double accuracy() const { return share(true_bad + true_good, true_bad + true_good + false_bad + false_good); }
  [[nodiscard]] double precision() const { return share(true_bad, true_bad + false_bad); }
  [[nodiscard]] double recall() const { return share(true_bad, true_bad + false_good); }
  [[nodiscard]] double specificity() const { return share(true_good, true_good + false_bad); }
  [[nodiscard]] double f1() const { return share(2 * true_bad, 2 * true_bad + false_bad + false_good); }

 private:
  [[nodiscard]] static double share(double part, double whole) { return whole > 0 ? part / whole : 0; }
};

[[nodiscard]] Confusion confusion(const RankedSample& sample, std::span<const double> weights, double threshold);

// The score at which true positive rate - false positive rate is largest: the place of the KS, Youden's J (Youden 1950).
// Of equal ones the highest score.
[[nodiscard]] double best_threshold(const RankedSample& sample);

}  // namespace obligor::metric
