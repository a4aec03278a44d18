#include "metric/roc.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "metric/groups.h"
#include "metric/score_sort.h"

namespace obligor::metric {

using detail::ClassWeights;
using detail::for_each_group;
using detail::totals;

namespace {

// The least and the greatest score. Four of each are kept in turn, since one minimum would wait for the last.
std::pair<double, double> range_of(std::span<const double> scores) {
  double l0 = scores[0], l1 = l0, l2 = l0, l3 = l0;
  double h0 = l0, h1 = l0, h2 = l0, h3 = l0;
  size_t i = 0;
  for (; i + 4 <= scores.size(); i += 4) {
    const double a = scores[i], b = scores[i + 1], c = scores[i + 2], d = scores[i + 3];
    l0 = a < l0 ? a : l0;
    h0 = a > h0 ? a : h0;
    l1 = b < l1 ? b : l1;
    h1 = b > h1 ? b : h1;
    l2 = c < l2 ? c : l2;
    h2 = c > h2 ? c : h2;
    l3 = d < l3 ? d : l3;
    h3 = d > h3 ? d : h3;
  }
  for (; i < scores.size(); ++i) {
    l0 = std::min(l0, scores[i]);
    h0 = std::max(h0, scores[i]);
  }
  return {std::min(std::min(l0, l1), std::min(l2, l3)), std::max(std::max(h0, h1), std::max(h2, h3))};
}

// Twice the count of pairs (a of `many` below b of `few`), ties once. Only the smaller class is sorted; each score of the larger
// one finds its place through a table of buckets.
uint64_t doubled_pairs_below(std::span<const double> few, std::span<const double> many, double low, double high) {
  constexpr uint32_t kLanes = 4;
  const auto sorted = detail::score_sort<double>(
      few, detail::BucketMap(low, high, few.size()), [&](size_t i) { return few[i]; }, [](double s) { return s; },
      [](double a, double b) { return a < b; }, kLanes);
  std::fill_n(sorted.data.get() + few.size(), kLanes, std::numeric_limits<double>::infinity());
  // At most 2^18 buckets: a table that fits a second-level cache of 1 MB was the fastest measured.
  const detail::BucketMap bucket(low, high, std::min<size_t>(few.size() * 2, size_t{1} << 17));
  std::vector<uint32_t> starts((size_t{1} << (2 * bucket.digit_bits)) + 1, 0);
  const double* const at = sorted.data.get();
  for (size_t j = 0; j < few.size(); ++j) ++starts[bucket(at[j]) + 1];
  for (size_t b = 1; b < starts.size(); ++b) starts[b] += starts[b - 1];
  uint64_t above = 0;  // twice the number of `few` above each of `many`, ties once, summed
  for (const double score : many) {
    const uint32_t b = bucket(score);
    const uint32_t begin = starts[b];
    const uint32_t end = starts[b + 1];
    uint64_t below_or_equal = begin;
    uint64_t below = begin;
    if (end - begin <= kLanes) {
      // What lies past the bucket's end is above the score, so a fixed number of comparisons is right, and needs no branch.
      for (uint32_t j = 0; j < kLanes; ++j) {
        below += at[begin + j] < score ? 1U : 0U;
        below_or_equal += at[begin + j] <= score ? 1U : 0U;
      }
    } else {
      const auto equal = std::equal_range(at + begin, at + end, score);
      below = static_cast<uint64_t>(equal.first - at);
      below_or_equal = static_cast<uint64_t>(equal.second - at);
    }
    above += 2 * few.size() - below - below_or_equal;
  }
  return above;
}

}  // namespace

double auc(std::span<const double> scores, std::span<const uint8_t> target, std::span<const double> weights) {
  if (!weights.empty()) {
    const RankedSample sample(scores, target, weights);
    return auc(sample, sample.weights());
  }
  check_sample(scores, target);
  const size_t n = scores.size();
  size_t bads = 0;
  for (const uint8_t t : target) bads += t;
  const auto [lowest, highest] = range_of(scores);
  // Every score is written to both classes and only one cursor moves: no branch on the target.
  const detail::Records<double> good(n - bads, 1);
  const detail::Records<double> bad(bads, 1);
  size_t next_good = 0;
  size_t next_bad = 0;
  for (size_t i = 0; i < n; ++i) {
    good.data[next_good] = scores[i];
    bad.data[next_bad] = scores[i];
    next_good += 1U - target[i];
    next_bad += target[i];
  }
  const bool fewer_bads = bads <= n - bads;
  const uint64_t all = 2 * static_cast<uint64_t>(bads) * static_cast<uint64_t>(n - bads);
  const uint64_t counted =
      fewer_bads ? doubled_pairs_below(bad.span(), good.span(), lowest, highest) : doubled_pairs_below(good.span(), bad.span(), lowest, highest);
  return static_cast<double>(fewer_bads ? counted : all - counted) / static_cast<double>(all);
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
