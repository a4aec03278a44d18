#include "metric/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"

namespace obligor::metric {
namespace {

// Two unbiased draws below `limit` from each 64 random bits (Lemire 2019).
class SmallDraws {
 public:
  explicit SmallDraws(Random& random) : random_(random) {}
  uint32_t below(uint32_t limit) {
    uint64_t product = uint64_t{bits()} * limit;
    if (static_cast<uint32_t>(product) < limit) {
      const uint32_t reject = (0U - limit) % limit;
      while (static_cast<uint32_t>(product) < reject) product = uint64_t{bits()} * limit;
    }
    return static_cast<uint32_t>(product >> 32);
  }

 private:
  uint32_t bits() {
    if (half_) {
      half_ = false;
      return static_cast<uint32_t>(word_ >> 32);
    }
    word_ = random_.next();
    half_ = true;
    return static_cast<uint32_t>(word_);
  }
  Random& random_;
  uint64_t word_ = 0;
  bool half_ = false;
};

class Resampler {
 public:
  explicit Resampler(const RankedSample& sample) : sample_(sample), counts_(sample.size()), weights_(sample.size()) {
    for (uint32_t i = 0; i < sample.size(); ++i) positions_[sample.target()[i]].push_back(i);
  }
  std::span<const double> draw(SmallDraws& draws) {
    std::fill(counts_.begin(), counts_.end(), 0U);
    for (const auto& positions : positions_) {
      const auto size = static_cast<uint32_t>(positions.size());
      for (uint32_t i = 0; i < size; ++i) ++counts_[positions[draws.below(size)]];
    }
    const auto own = sample_.weights();
    for (size_t i = 0; i < counts_.size(); ++i) weights_[i] = counts_[i] * own[i];
    return weights_;
  }

 private:
  const RankedSample& sample_;
  std::vector<uint32_t> positions_[2];
  std::vector<uint32_t> counts_;
  std::vector<double> weights_;
};

double quantile(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<size_t>(at);
  if (i + 1 >= sorted.size()) return sorted.back();
  return sorted[i] + (at - static_cast<double>(i)) * (sorted[i + 1] - sorted[i]);
}

}  // namespace

std::vector<Interval> bootstrap_folds(std::span<const RankedSample> folds, size_t count, const Metrics& metrics, const BootstrapOptions& options) {
  if (options.resamples == 0 || !(options.confidence > 0 && options.confidence < 1)) {
    throw Error(ErrorCode::kInvalid, fmt::format("metric: {} resamples at confidence {}; give 1 or more and a confidence inside (0, 1)",
                                                 options.resamples, options.confidence));
  }
  if (folds.empty()) throw Error(ErrorCode::kInvalid, "metric: a bootstrap of no folds; give one or more");
  std::vector<double> values(count);
  const auto mean = [&](auto weights_of, std::vector<double>& into) {
    into.assign(count, 0);
    for (size_t f = 0; f < folds.size(); ++f) {
      metrics(f, weights_of(f), values);
      for (size_t m = 0; m < count; ++m) into[m] += values[m] / static_cast<double>(folds.size());
    }
  };
  std::vector<double> estimate;
  mean([&](size_t f) { return folds[f].weights(); }, estimate);

  std::vector<Resampler> resamplers;
  resamplers.reserve(folds.size());
  for (const RankedSample& fold : folds) resamplers.emplace_back(fold);
  std::vector<std::vector<double>> drawn(count);
  std::vector<double> means;
  for (size_t r = 0; r < options.resamples; ++r) {
    // A stream of its own for each resample: the first 200 of 1000 are the 200.
    Random random(derive_seed(options.seed, "bootstrap", r), "rows");
    SmallDraws draws(random);
    mean([&](size_t f) { return resamplers[f].draw(draws); }, means);
    for (size_t m = 0; m < count; ++m) {
      if (!std::isnan(means[m])) drawn[m].push_back(means[m]);
    }
  }
  std::vector<Interval> intervals(count);
  const double tail = (1 - options.confidence) / 2;
  for (size_t m = 0; m < count; ++m) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    if (drawn[m].empty()) {
      intervals[m] = {estimate[m], nan, nan};
      continue;
    }
    std::sort(drawn[m].begin(), drawn[m].end());
    intervals[m] = {estimate[m], std::min(quantile(drawn[m], tail), estimate[m]), std::max(quantile(drawn[m], 1 - tail), estimate[m])};
  }
  return intervals;
}

Interval bootstrap(const RankedSample& sample, const Metric& metric, const BootstrapOptions& options) {
  const auto one = [&](size_t, std::span<const double> weights, std::span<double> values) { values[0] = metric(sample, weights); };
  return bootstrap_folds({&sample, 1}, 1, one, options)[0];
}

}  // namespace obligor::metric
