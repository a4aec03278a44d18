#include "metric/h_measure.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <vector>

#include "metric/groups.h"

namespace obligor::metric {
namespace {

// Integrals from 0 to c of x u(x) and (1 - x) u(x), u the density of Beta(a, b).
struct CostIntegrals {
  double a;
  double b;
  bool symmetric22;

  [[nodiscard]] double cost(double c) const {  // mean a / (a + b), then Beta(a + 1, b)
    if (symmetric22) return c * c * c * (4 - 3 * c) / 2;
    return a / (a + b) * boost::math::ibeta(a + 1, b, std::clamp(c, 0.0, 1.0));
  }
  [[nodiscard]] double rest(double c) const {
    if (symmetric22) return c * c * (6 - c * (8 - 3 * c)) / 2;
    return b / (a + b) * boost::math::ibeta(a, b + 1, std::clamp(c, 0.0, 1.0));
  }
};

struct Point {
  double good;  // weight of goods and bads at or above a score
  double bad;
};

}  // namespace

double h_measure(const RankedSample& sample, std::span<const double> weights, CostWeighting cost) {
  // Upper hull of the ROC by a single scan; slopes between kept points fall.
  std::vector<Point> hull{{0, 0}};
  double good_sum = 0;
  double bad_sum = 0;
  detail::for_each_group(sample, weights, [&](double good, double bad, size_t) {
    good_sum += good;
    bad_sum += bad;
    while (hull.size() > 1) {
      const Point& p = hull[hull.size() - 2];
      const Point& q = hull.back();
      if ((q.bad - p.bad) * (good_sum - p.good) > (bad_sum - p.bad) * (q.good - p.good)) break;
      hull.pop_back();
    }
    hull.push_back({good_sum, bad_sum});
  });
  const double good_share = good_sum / (good_sum + bad_sum);
  const double bad_share = bad_sum / (good_sum + bad_sum);
  const bool symmetric22 = cost == CostWeighting::kBeta22;
  const CostIntegrals integrals{symmetric22 ? 2 : bad_share + 1, symmetric22 ? 2 : good_share + 1, symmetric22};

  // At vertex k the expected cost is c x (goods refused) + (1 - c) x (bads accepted); it is the best vertex while c lies between the
  // break-even costs of its two edges. Walking from (0, 0), where all are accepted and c is near 1, the break-even falls.
  const double total = good_sum + bad_sum;
  double upper = 1;
  double loss = 0;
  double cost_upper = integrals.cost(1);
  double rest_upper = integrals.rest(1);
  for (size_t k = 0; k < hull.size(); ++k) {
    double lower = 0;
    if (k + 1 < hull.size()) {
      const double good = hull[k + 1].good - hull[k].good;
      const double bad = hull[k + 1].bad - hull[k].bad;
      if (good + bad <= 0) continue;
      lower = std::min(bad / (good + bad), upper);
    }
    const double cost_lower = integrals.cost(lower);
    const double rest_lower = integrals.rest(lower);
    loss += hull[k].good / total * (cost_upper - cost_lower) + (bad_sum - hull[k].bad) / total * (rest_upper - rest_lower);
    upper = lower;
    cost_upper = cost_lower;
    rest_upper = rest_lower;
  }
  // The constant decisions: refuse all while c < bad share, accept all above.
  const double worst = good_share * integrals.cost(bad_share) + bad_share * (integrals.rest(1) - integrals.rest(bad_share));
  return 1 - loss / worst;
}

}  // namespace obligor::metric
