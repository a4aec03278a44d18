// Grades: a score as a short scale of risk classes, each with a measured PD.
//
//   const RankedSample sample(probabilities, target);        // out of fold or held out: PDs of fitted rows are too low
//   const std::vector<Grade> grades = grade_scale(sample);   // the safest first; grades[g].pd rises with g
//   const size_t g = grade_of(grades, probability);
//
// The sample is cut in `bands` bands of equal weight; the bad rates of neighbours that run against the score are pooled (Ayer, Brunk,
// Ewing, Reid and Silverman 1955, pool adjacent violators), then the two neighbours that are hardest to tell apart (chi-square of equal
// rates, one degree of freedom) are pooled while there are more than `max_grades`, or while their p-value is above `max_p_value`.
// PDs therefore rise strictly. The interval is Clopper-Pearson's (1934); with weights on Kish's effective number of rows. The limits
// were found on the same rows, which the interval does not count.
// `p_value` tests the mean probability of the grade's rows against its bads (binomial, exact, two-sided: twice the smaller tail).
// Contract: scores are probabilities of bad. Errors: those of even_cuts and check_probabilities; kInvalid for max_grades 0.
#pragma once

#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

struct GradeOptions {
  size_t bands = 20;
  size_t max_grades = 10;
  double max_p_value = 0.05;  // between neighbours; 1: only `max_grades` and the order of the rates pool
  double confidence = 0.95;
};

struct Grade {
  double low = 0;  // probabilities [low, high); 0 and infinity at the ends
  double high = 0;
  size_t rows = 0;
  double weight = 0;
  double bad = 0;
  double mean_score = 0;  // what the model says on average
  Interval pd;            // what was observed
  double p_value = 1;
};

[[nodiscard]] std::vector<Grade> grade_scale(const RankedSample& sample, const GradeOptions& options = {});

// By the limits; 0 = the safest.
[[nodiscard]] size_t grade_of(std::span<const Grade> grades, double score);

// Limits of a share observed as `bad` of `n` (which may be effective numbers, not whole) by Clopper and Pearson (1934).
[[nodiscard]] Interval clopper_pearson(double bad, double n, double confidence = 0.95);

}  // namespace obligor::metric
