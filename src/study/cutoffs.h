// What a lender reads off a model before a policy is set: cut-off tables and grades, from out-of-fold or held-out probabilities only.
//
//   const metric::RankedSample sample(probabilities, target, weights);       // of test rows, pooled over the folds
//   json["cut_offs"] = cut_offs_json(sample, scale_of(details), scorecard);
//   json["grades"] = grades_json(sample, scale_of(details));
//
// The keys are in docs/compare-json.md. Points are PDO / ln 2 * ln(odds good : bad) + offset, rounded, as a bundle's output "points".
#pragma once

#include "core/json.h"
#include "metric/ranked_sample.h"

namespace obligor {

struct PointScale {
  double double_odds = 20;  // points that double the odds
  double base_points = 600;
  double base_odds = 50;  // good : bad at base_points
  [[nodiscard]] double factor() const;
  [[nodiscard]] double offset() const;
  [[nodiscard]] double points(double probability) const;  // whole; probabilities of 0 and 1 are taken 1e-15 from them
};

// A scorecard's own scale, else the default one. `details` of a FitReport.
[[nodiscard]] PointScale scale_of(const Json& details);

// Bands of equal share; with `by_points` a second table in bands of round points.
[[nodiscard]] Json cut_offs_json(const metric::RankedSample& sample, const PointScale& scale, bool by_points);

[[nodiscard]] Json grades_json(const metric::RankedSample& sample, const PointScale& scale);

}  // namespace obligor
