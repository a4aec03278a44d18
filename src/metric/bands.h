// What a cut-off buys: the score bands of a sample, and what is approved when a band and every safer one is.
//
//   const RankedSample sample(probabilities, target, weights);            // out of fold or held out, never of the fitted rows
//   for (const ScoreBand& band : score_bands(sample, even_cuts(sample, 20))) print(band.high, band.approved.share, band.approved.bad_rate);
//
// Contract: scores high = risky. Bands are half-open [cut, next cut), listed from the safest to the riskiest; a band without weight
// is not listed. Rates carry Wilson's interval; with weights on Kish's effective number of rows (sum w)^2 / sum w^2.
// Errors: kInvalid for 0 bands, or cuts that do not rise.
#pragma once

#include <span>
#include <vector>

#include "metric/ranked_sample.h"

namespace obligor::metric {

// All rows of a band and of the safer ones, as if they were approved and the rest turned down.
struct Approved {
  double share = 0;           // of the weight of all rows: the approval rate
  Interval bad_rate;          // among them
  double odds = 0;            // good : bad; infinity without a bad
  double bads_declined = 0;   // share of all bads that the cut-off keeps out
  double goods_declined = 0;  // share of all goods that it turns away
  double ks = 0;              // bads_declined - goods_declined
};

struct ScoreBand {
  double low = 0;  // least and greatest score in it
  double high = 0;
  size_t rows = 0;
  double weight = 0;
  double good = 0;
  double bad = 0;
  double mean_score = 0;
  Interval bad_rate;
  double odds = 0;  // good : bad; infinity without a bad
  Approved approved;
};

[[nodiscard]] std::vector<ScoreBand> score_bands(const RankedSample& sample, std::span<const double> cuts, double confidence = 0.95);

// Cuts that part the sample in at most `bands` bands of about equal weight; a run of equal scores stays together.
[[nodiscard]] std::vector<double> even_cuts(const RankedSample& sample, size_t bands);

}  // namespace obligor::metric
