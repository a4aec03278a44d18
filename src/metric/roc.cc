#include "metric/roc.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "metric/score_sort.h"

namespace obligor::metric {
namespace {

// Twice the count of (bad above good) pairs, ties once, from records ascending by key; the lowest bit of a record is the target.
uint64_t doubled_wins(std::span<const uint64_t> records) {
  uint64_t goods_below = 0;
  uint64_t wins = 0;
  const size_t n = records.size();
  for (size_t begin = 0; begin < n;) {
    uint64_t bads = records[begin] & 1;
    size_t end = begin + 1;
    while (end < n && (records[end] | 1) == (records[begin] | 1)) bads += records[end++] & 1;
    const uint64_t goods = end - begin - bads;
    wins += bads * (2 * goods_below + goods);
    goods_below += goods;
    begin = end;
  }
  return wins;
}

struct ClassWeights {
  double good = 0;
  double bad = 0;
};

ClassWeights totals(const RankedSample& sample, std::span<const double> weights) {
  double all = 0;
  double bad = 0;
  const auto target = sample.target();
  for (size_t i = 0; i < weights.size(); ++i) {
    all += weights[i];
    bad += weights[i] * target[i];
  }
  return {all - bad, bad};
}

// Calls step(good, bad, last position) with the weights at each distinct score, highest first.
template <typename Step>
void for_each_group(const RankedSample& sample, std::span<const double> weights, Step step) {
  const auto target = sample.target();
  size_t i = 0;
  for (const uint32_t end : sample.group_ends()) {
    double good = 0;
    double bad = 0;
    for (; i < end; ++i) {
      const double w = weights[i];
      const double w_bad = w * target[i];
      bad += w_bad;
      good += w - w_bad;
    }
    step(good, bad, i - 1);
  }
}

}  // namespace

double auc(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights) {
  if (!weights.empty()) {
    const RankedSample sample(scores, target, weights);
    return auc(sample, sample.weights());
  }
  check_sample(scores, target);
  const size_t n = scores.size();
  double low = scores[0];
  double high = scores[0];
  for (size_t i = 1; i < n; ++i) {
    low = scores[i] < low ? scores[i] : low;
    high = scores[i] > high ? scores[i] : high;
  }
  const uint64_t base = detail::ordered_bits(low);
  if (detail::ordered_bits(high) - base >= (uint64_t{1} << 63)) {
    // No bit to spare for the target beside the score: large scores of both signs.
    const RankedSample sample(scores, target);
    return auc(sample, sample.weights());
  }
  std::vector<uint64_t> records;
  detail::score_sort(
      n, detail::BucketMap(low, high, n), [&](size_t i) { return ((detail::ordered_bits(scores[i]) - base) << 1) | target[i]; },
      [base](uint64_t record) { return detail::from_ordered_bits((record >> 1) + base); }, [](uint64_t a, uint64_t b) { return a < b; }, scores,
      records);
  size_t bads = 0;
  for (const uint8_t t : target) bads += t;
  return static_cast<double>(doubled_wins(records)) / 2 / static_cast<double>(bads) / static_cast<double>(n - bads);
}

double auc(const RankedSample& sample, std::span<const double> weights) {
  double goods = 0;
  double bads_above = 0;
  double wins = 0;
  for_each_group(sample, weights, [&](double good, double bad, size_t) {
    wins += good * (bads_above + bad / 2);
    bads_above += bad;
    goods += good;
  });
  return wins / bads_above / goods;
}

double ks(const RankedSample& sample, std::span<const double> weights) {
  const ClassWeights total = totals(sample, weights);
  double good_share = 0;
  double bad_share = 0;
  double best = 0;
  for_each_group(sample, weights, [&](double good, double bad, size_t) {
    good_share += good;
    bad_share += bad;
    best = std::max(best, bad_share / total.bad - good_share / total.good);
  });
  return total.bad > 0 && total.good > 0 ? best : std::numeric_limits<double>::quiet_NaN();
}

double pr_auc(const RankedSample& sample, std::span<const double> weights) {
  double called = 0;
  double caught = 0;
  double area = 0;
  for_each_group(sample, weights, [&](double good, double bad, size_t) {
    called += good + bad;
    caught += bad;
    if (bad > 0) area += bad * (caught / called);
  });
  return area / caught;
}

std::vector<CurvePoint> curve_points(const RankedSample& sample, size_t max_points) {
  if (max_points < 3) throw Error(ErrorCode::kInvalid, fmt::format("metric: max_points is {}; a curve needs at least 3", max_points));
  const auto weights = sample.weights();
  const ClassWeights total = totals(sample, weights);
  std::vector<CurvePoint> all;
  all.reserve(sample.group_ends().size() + 1);
  all.push_back({std::numeric_limits<double>::infinity(), 0, 0, 0, 0});
  double good_sum = 0;
  double bad_sum = 0;
  for_each_group(sample, weights, [&](double good, double bad, size_t last) {
    if (good + bad <= 0) return;
    good_sum += good;
    bad_sum += bad;
    all.push_back({sample.scores()[last], (good_sum + bad_sum) / (total.good + total.bad), bad_sum / total.bad, good_sum / total.good,
                   bad_sum / (good_sum + bad_sum)});
  });
  all.front().precision = all[1].precision;
  // The sums of the last point may be a rounding away from the totals.
  all.back().population = all.back().true_positive_rate = all.back().false_positive_rate = 1;
  if (all.size() <= max_points) return all;

  size_t peak = 0;
  double length = 0;
  const auto step = [&](size_t i) {
    return all[i].true_positive_rate - all[i - 1].true_positive_rate + all[i].false_positive_rate - all[i - 1].false_positive_rate +
           std::abs(all[i].precision - all[i - 1].precision) / 2;
  };
  for (size_t i = 1; i < all.size(); ++i) {
    length += step(i);
    if (all[i].true_positive_rate - all[i].false_positive_rate > all[peak].true_positive_rate - all[peak].false_positive_rate) peak = i;
  }
  // One place each is kept for the two ends and the peak; the rest go to the first point past each even mark.
  const double spacing = length / static_cast<double>(max_points - 2);
  std::vector<CurvePoint> kept{all.front()};
  double walked = 0;
  double mark = spacing;
  for (size_t i = 1; i + 1 < all.size(); ++i) {
    walked += step(i);
    const bool due = walked >= mark && kept.size() + 1 + (i < peak ? 1U : 0U) < max_points;
    if (due || i == peak) kept.push_back(all[i]);
    while (walked >= mark) mark += spacing;
  }
  kept.push_back(all.back());
  return kept;
}

}  // namespace obligor::metric
