#include "metric/bands.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "metric/calibration.h"

namespace obligor::metric {
namespace {

double odds_of(double good, double bad) { return bad > 0 ? good / bad : std::numeric_limits<double>::infinity(); }

Interval rate_of(double bad, double weight, double squares, double confidence) {
  return wilson(std::min(bad / weight, 1.0), weight * weight / squares, confidence);
}

}  // namespace

std::vector<ScoreBand> score_bands(const RankedSample& sample, std::span<const double> cuts, double confidence) {
  for (size_t i = 0; i < cuts.size(); ++i) {
    if (std::isnan(cuts[i]) || (i > 0 && !(cuts[i] > cuts[i - 1]))) {
      throw Error(ErrorCode::kInvalid, fmt::format("metric: cut {} of the score bands is {}; cuts must rise", i, cuts[i]));
    }
  }
  std::vector<ScoreBand> bands;
  std::vector<double> squares;
  const auto scores = sample.scores();
  const auto weights = sample.weights();
  size_t next = 0;  // the first cut that the row's score does not reach
  size_t current = cuts.size() + 1;
  for (size_t i = sample.size(); i-- > 0;) {  // the safest first
    if (weights[i] <= 0) continue;
    while (next < cuts.size() && scores[i] >= cuts[next]) ++next;
    if (next != current) {
      current = next;
      bands.emplace_back().low = scores[i];
      squares.push_back(0);
    }
    ScoreBand& band = bands.back();
    band.high = scores[i];
    ++band.rows;
    band.weight += weights[i];
    (sample.target()[i] != 0 ? band.bad : band.good) += weights[i];
    band.mean_score += weights[i] * scores[i];
    squares.back() += weights[i] * weights[i];
  }
  double good = 0;
  double bad = 0;
  for (const auto& band : bands) {
    good += band.good;
    bad += band.bad;
  }
  double good_below = 0;
  double bad_below = 0;
  double squares_below = 0;
  for (size_t b = 0; b < bands.size(); ++b) {
    ScoreBand& band = bands[b];
    band.mean_score /= band.weight;
    band.bad_rate = rate_of(band.bad, band.weight, squares[b], confidence);
    band.odds = odds_of(band.good, band.bad);
    good_below += band.good;
    bad_below += band.bad;
    squares_below += squares[b];
    Approved& approved = band.approved;
    approved.share = std::min((good_below + bad_below) / (good + bad), 1.0);
    approved.bad_rate = rate_of(bad_below, good_below + bad_below, squares_below, confidence);
    approved.odds = odds_of(good_below, bad_below);
    // Rounding must not leave the last band with something to decline.
    const bool last = b + 1 == bands.size();
    approved.bads_declined = last ? 0 : 1 - bad_below / bad;
    approved.goods_declined = last ? 0 : 1 - good_below / good;
    approved.ks = approved.bads_declined - approved.goods_declined;
  }
  return bands;
}

std::vector<double> even_cuts(const RankedSample& sample, size_t bands) {
  if (bands == 0) throw Error(ErrorCode::kInvalid, "metric: 0 score bands; give 1 or more");
  const auto weights = sample.weights();
  double total = 0;
  for (const double w : weights) total += w;
  std::vector<double> cuts;
  // From the riskiest: a run of equal scores opens the band in which its middle falls.
  double passed = 0;
  size_t begin = 0;
  size_t current = 0;
  for (const uint32_t end : sample.group_ends()) {
    double group = 0;
    for (size_t i = begin; i < end; ++i) group += weights[i];
    const auto band = std::min(bands - 1, static_cast<size_t>((passed + group / 2) * static_cast<double>(bands) / total));
    if (band != current && passed > 0) cuts.push_back(sample.scores()[begin - 1]);
    current = band;
    passed += group;
    begin = end;
  }
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace obligor::metric
