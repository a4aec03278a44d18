#include "study/tune/acquire.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

namespace obligor {
namespace {

constexpr size_t kRandom = 1500;  // candidates over the whole space
constexpr size_t kNear = 150;     // and around each of the best points
constexpr size_t kBest = 5;
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

double density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }
double distribution(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

struct Valued {
  Point point;
  double value = kMinusInfinity;
};

// About one axis in three moves, at least one: far enough to leave a rounded value, near enough to be local.
Point step_from(const Point& from, const SearchSpace& space, double size, Random& random) {
  const auto& axes = space.axes();
  Point point = from;
  const size_t always = random.below(axes.size());
  for (size_t a = 0; a < axes.size(); ++a) {
    if (a != always && random.uniform() > 0.34) continue;
    if (axes[a].choices.empty()) point[a] = std::clamp(point[a] + size * random.normal(), 0.0, 1.0);
    else point[a] = static_cast<double>(random.below(axes[a].choices.size()));
  }
  return space.rounded(point);
}

}  // namespace

double expected_improvement(double mean, double sd, double best) {
  if (!(sd > 0)) return std::max(0.0, mean - best);
  const double z = (mean - best) / sd;
  return sd * (z * distribution(z) + density(z));
}

double log_expected_improvement(double mean, double sd, double best) {
  if (!(sd > 0)) return mean > best ? std::log(mean - best) : kMinusInfinity;
  const double z = (mean - best) / sd;
  // z Phi(z) + phi(z) = phi(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - ...): the two terms cancel below -10.
  if (z < -10) {
    const double s = 1 / (z * z);
    return std::log(sd) - 0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi) + std::log(s) + std::log1p(s * (-3 + s * (15 - s * 105)));
  }
  return std::log(sd) + std::log(z * distribution(z) + density(z));
}

std::optional<Point> propose(const GaussianProcess& gp, const SearchSpace& space, std::span<const Point> seen, Random& random) {
  std::set<Point> known(seen.begin(), seen.end());
  std::vector<Valued> best_seen;
  for (const auto& point : seen) best_seen.push_back({point, gp.predict(point).mean});
  const auto higher = [](const Valued& a, const Valued& b) { return a.value > b.value; };
  std::stable_sort(best_seen.begin(), best_seen.end(), higher);
  const double best = best_seen.empty() ? 0 : best_seen.front().value;
  best_seen.resize(std::min(best_seen.size(), kBest));

  std::vector<Valued> found;
  const auto consider = [&](Point point) {
    if (!known.insert(point).second) return;
    const Prediction at = gp.predict(point);
    found.push_back({std::move(point), log_expected_improvement(at.mean, at.sd, best)});
  };
  for (size_t i = 0; i < kRandom; ++i) consider(space.random_point(random));
  for (const auto& near : best_seen) {
    for (size_t i = 0; i < kNear; ++i) consider(step_from(near.point, space, i % 2 == 0 ? 0.1 : 0.03, random));
  }
  for (const double size : {0.1, 0.05, 0.02, 0.01}) {
    std::stable_sort(found.begin(), found.end(), higher);
    found.resize(std::min(found.size(), kBest));
    const auto tops = found;
    for (const auto& top : tops) {
      for (size_t i = 0; i < kNear / 3; ++i) consider(step_from(top.point, space, size, random));
    }
  }
  if (found.empty()) return std::nullopt;
  std::stable_sort(found.begin(), found.end(), higher);
  return found.front().point;
}

}  // namespace obligor
