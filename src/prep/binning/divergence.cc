#include "prep/binning/divergence.h"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/students_t.hpp>

namespace obligor::binning {
namespace {

double variance(const Cell& cell) { return std::max(0.0, cell.square - cell.events * cell.events / cell.count) / (cell.count - 1); }

}  // namespace

void Cell::add(const Cell& other) {
  rows += other.rows;
  count += other.count;
  events += other.events;
  sum += other.sum;
  square += other.square;
}

Totals totals_of(const Cell& all, bool continuous) {
  Totals totals;
  totals.continuous = continuous;
  totals.count = all.count;
  totals.events = all.events;
  totals.mean = all.events / all.count;
  if (continuous) totals.sum_of_squares = std::max(0.0, all.square - all.events * totals.mean);
  return totals;
}

Shares shares(double count, double bads, const Totals& totals) {
  double goods = count - bads;
  // Sums of weights that cancel leave rounding behind, not a good or a bad.
  const double nothing = 1e-9 * count;
  if (goods <= nothing || bads <= nothing) {
    goods = std::max(goods, 0.0) + 0.5;
    bads = std::max(bads, 0.0) + 0.5;
  }
  return {goods / (totals.count - totals.events), bads / totals.events};
}

double woe_of(const Shares& s) { return std::log(s.good / s.bad); }

double gain(BinDivergence divergence, const Cell& cell, const Totals& totals) {
  if (cell.count <= 0) return 0;
  if (totals.continuous) {
    const double d = cell.sum / cell.count - totals.mean;
    return totals.sum_of_squares > 0 ? cell.count * d * d / totals.sum_of_squares : 0;
  }
  if (divergence == BinDivergence::kChiSquare) {
    const double rate = totals.events / totals.count;
    const double d = cell.sum / cell.count - rate;
    return cell.count * d * d / (rate * (1 - rate));
  }
  const Shares s = shares(cell.count, cell.sum, totals);
  switch (divergence) {
    case BinDivergence::kJensenShannon: {
      const double middle = (s.good + s.bad) / 2;
      return 0.5 * (s.good * std::log(s.good / middle) + s.bad * std::log(s.bad / middle));
    }
    case BinDivergence::kHellinger: {
      const double d = std::sqrt(s.good) - std::sqrt(s.bad);
      return 0.5 * d * d;
    }
    default: return (s.good - s.bad) * woe_of(s);
  }
}

double rate_p_value(const Cell& a, const Cell& b) {
  const double pooled = (a.events + b.events) / (a.count + b.count);
  const double d = a.events / a.count - b.events / b.count;
  const double spread = pooled * (1 - pooled) * (1 / a.count + 1 / b.count);
  if (!(spread > 0)) return 1;
  return std::erfc(std::sqrt(d * d / spread / 2));
}

double mean_p_value(const Cell& a, const Cell& b) {
  if (a.count <= 1 || b.count <= 1) return 1;
  const double d = a.events / a.count - b.events / b.count;
  const double va = variance(a) / a.count;
  const double vb = variance(b) / b.count;
  if (!(va + vb > 0)) return d == 0 ? 1 : 0;
  const double freedom = (va + vb) * (va + vb) / (va * va / (a.count - 1) + vb * vb / (b.count - 1));
  const double t = std::fabs(d) / std::sqrt(va + vb);
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t_distribution<double>(freedom), t));
}

}  // namespace obligor::binning
