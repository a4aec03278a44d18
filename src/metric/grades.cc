#include "metric/grades.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>

#include "core/error.h"
#include "metric/bands.h"
#include "metric/calibration.h"

namespace obligor::metric {
namespace {

struct Block {
  double low = 0;  // the least score in it
  size_t rows = 0;
  double weight = 0;
  double bad = 0;
  double score = 0;    // weighted sum
  double squares = 0;  // of the weights

  [[nodiscard]] double rate() const { return bad / weight; }
  [[nodiscard]] double effective() const { return weight * weight / squares; }
  void take(const Block& riskier) {
    rows += riskier.rows;
    weight += riskier.weight;
    bad += riskier.bad;
    score += riskier.score;
    squares += riskier.squares;
  }
};

// Pearson's chi-square of equal rates, on effective numbers.
double chi_square(const Block& a, const Block& b) {
  const double na = a.effective();
  const double nb = b.effective();
  const double pooled = (na * a.rate() + nb * b.rate()) / (na + nb);
  const double variance = pooled * (1 - pooled) * (1 / na + 1 / nb);
  const double gap = b.rate() - a.rate();
  return variance > 0 ? gap * gap / variance : 0;
}

std::vector<Block> blocks_of(const RankedSample& sample, size_t bands) {
  const auto cuts = even_cuts(sample, bands);
  std::vector<Block> blocks(cuts.size() + 1);
  size_t next = 0;
  for (size_t i = sample.size(); i-- > 0;) {
    const double w = sample.weights()[i];
    if (w <= 0) continue;
    while (next < cuts.size() && sample.scores()[i] >= cuts[next]) ++next;
    Block& block = blocks[next];
    if (block.rows == 0) block.low = sample.scores()[i];
    block.take({0, 1, w, w * sample.target()[i], w * sample.scores()[i], w * w});
  }
  std::erase_if(blocks, [](const Block& block) { return block.rows == 0; });
  return blocks;
}

// Two-sided binomial test of `bad` of `n` against `p`, by the tails of the beta distribution; numbers need not be whole.
double binomial_p(double bad, double n, double p) {
  if (p <= 0) return bad > 0 ? 0 : 1;
  if (p >= 1) return bad < n ? 0 : 1;
  const auto at_most = [&](double k) { return k >= n ? 1.0 : boost::math::cdf(boost::math::beta_distribution<double>(n - k, k + 1), 1 - p); };
  const auto at_least = [&](double k) { return k <= 0 ? 1.0 : boost::math::cdf(boost::math::beta_distribution<double>(k, n - k + 1), p); };
  return std::min(1.0, 2 * std::min(at_most(bad), at_least(bad)));
}

}  // namespace

Interval clopper_pearson(double bad, double n, double confidence) {
  const double tail = (1 - confidence) / 2;
  Interval interval{bad / n, 0, 1};
  if (bad > 0) interval.low = boost::math::quantile(boost::math::beta_distribution<double>(bad, n - bad + 1), tail);
  if (bad < n) interval.high = boost::math::quantile(boost::math::beta_distribution<double>(bad + 1, n - bad), 1 - tail);
  return interval;
}

std::vector<Grade> grade_scale(const RankedSample& sample, const GradeOptions& options) {
  check_probabilities(sample.scores());
  if (options.max_grades == 0) throw Error(ErrorCode::kInvalid, "metric: max_grades is 0; give 1 or more");
  std::vector<Block> pooled;
  for (const Block& block : blocks_of(sample, options.bands)) {
    pooled.push_back(block);
    while (pooled.size() > 1 && pooled[pooled.size() - 2].rate() >= pooled.back().rate()) {
      pooled[pooled.size() - 2].take(pooled.back());
      pooled.pop_back();
    }
  }
  const boost::math::chi_squared_distribution<double> distribution(1);
  const double least = options.max_p_value >= 1 ? 0 : boost::math::quantile(boost::math::complement(distribution, options.max_p_value));
  while (pooled.size() > 1) {
    size_t closest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (size_t b = 0; b + 1 < pooled.size(); ++b) {
      const double apart = chi_square(pooled[b], pooled[b + 1]);
      if (apart < smallest) {
        smallest = apart;
        closest = b;
      }
    }
    if (smallest >= least && pooled.size() <= options.max_grades) break;
    pooled[closest].take(pooled[closest + 1]);
    pooled.erase(pooled.begin() + static_cast<std::ptrdiff_t>(closest) + 1);
  }

  std::vector<Grade> grades;
  for (size_t b = 0; b < pooled.size(); ++b) {
    const Block& block = pooled[b];
    Grade grade;
    grade.low = b == 0 ? 0 : block.low;
    grade.high = b + 1 < pooled.size() ? pooled[b + 1].low : std::numeric_limits<double>::infinity();
    grade.rows = block.rows;
    grade.weight = block.weight;
    grade.bad = block.bad;
    grade.mean_score = block.score / block.weight;
    const double n = block.effective();
    const double bad = std::clamp(block.rate() * n, 0.0, n);
    grade.pd = clopper_pearson(bad, n, options.confidence);
    grade.p_value = binomial_p(bad, n, grade.mean_score);
    grades.push_back(grade);
  }
  return grades;
}

size_t grade_of(std::span<const Grade> grades, double score) {
  size_t g = 0;
  while (g + 1 < grades.size() && score >= grades[g + 1].low) ++g;
  return g;
}

}  // namespace obligor::metric
