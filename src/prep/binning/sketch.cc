#include "prep/binning/sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace obligor::binning {

QuantileSketch::QuantileSketch(size_t k, uint64_t seed) : k_(std::max<size_t>(k, 8)), random_(seed, "quantile-sketch"), levels_(1) {}

size_t QuantileSketch::capacity(size_t level) const {
  const auto below_top = static_cast<double>(levels_.size() - 1 - level);
  return std::max<size_t>(8, static_cast<size_t>(std::ceil(static_cast<double>(k_) * std::pow(2.0 / 3, below_top))));
}

size_t QuantileSketch::kept() const {
  size_t total = 0;
  for (const auto& level : levels_) total += level.size();
  return total;
}

double QuantileSketch::rank_error() const { return 2.296 / std::pow(static_cast<double>(k_), 0.9021); }

void QuantileSketch::compact() {
  for (size_t h = 0; h < levels_.size(); ++h) {
    if (levels_[h].size() < capacity(h)) continue;
    if (h + 1 == levels_.size()) levels_.emplace_back();
    auto& level = levels_[h];
    auto& next = levels_[h + 1];
    std::sort(level.begin(), level.end());
    const size_t pairs = level.size() / 2;
    const size_t offset = random_.below(2);
    // An odd value out stays where it is.
    for (size_t p = 0; p < pairs; ++p) next.push_back(level[2 * p + offset]);
    level.erase(level.begin(), level.begin() + static_cast<int64_t>(2 * pairs));
  }
}

void QuantileSketch::add(std::span<const float> values) {
  for (const float x : values) {
    if (std::isnan(x)) continue;
    levels_[0].push_back(x + 0.0F);
    ++count_;
    if (levels_[0].size() >= capacity(0)) compact();
  }
}

void QuantileSketch::merge(const QuantileSketch& other) {
  if (levels_.size() < other.levels_.size()) levels_.resize(other.levels_.size());
  for (size_t h = 0; h < other.levels_.size(); ++h) levels_[h].insert(levels_[h].end(), other.levels_[h].begin(), other.levels_[h].end());
  count_ += other.count_;
  compact();
}

std::vector<QuantileSketch::Weighted> QuantileSketch::ranked() const {
  std::vector<Weighted> all;
  for (size_t h = 0; h < levels_.size(); ++h) {
    for (const float x : levels_[h]) all.push_back({x, std::ldexp(1.0, static_cast<int>(h))});
  }
  std::sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double sum = 0;
  for (Weighted& w : all) w.before = sum += w.before;
  return all;
}

float QuantileSketch::quantile(double share) const {
  const auto all = ranked();
  if (all.empty()) return std::numeric_limits<float>::quiet_NaN();
  const double wanted = share * all.back().before;
  const auto found = std::lower_bound(all.begin(), all.end(), wanted, [](const Weighted& w, double x) { return w.before < x; });
  return found == all.end() ? all.back().value : found->value;
}

std::vector<float> QuantileSketch::cuts(size_t bins) const {
  std::vector<float> result;
  const auto all = ranked();
  if (all.empty()) return result;
  size_t at = 0;
  for (size_t b = 1; b < bins; ++b) {
    const double wanted = all.back().before * static_cast<double>(b) / static_cast<double>(bins);
    while (at + 1 < all.size() && all[at].before < wanted) ++at;
    if (all[at].value > all.front().value && (result.empty() || all[at].value > result.back())) result.push_back(all[at].value);
  }
  return result;
}

}  // namespace obligor::binning
