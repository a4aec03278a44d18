#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/normal.hpp>

#include "prep/fitted.h"

namespace obligor::prep {
namespace {

constexpr size_t kMostKnots = 512;
constexpr double kSkewed = 3.0;

float normal_quantile(double share) { return static_cast<float>(boost::math::quantile(boost::math::normal_distribution<double>(), share)); }

// Knots at distinct values, thinned to kMostKnots of about equal weight, mapped to their mid-rank share.
void quantile_knots(const Sample& sample, std::vector<float>& knots, std::vector<double>& shares) {
  const auto& values = sample.distinct();
  const double step = 1.0 / static_cast<double>(kMostKnots);
  double last = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    const double share = sample.mid_rank(i);
    const bool edge = i == 0 || i + 1 == values.size();
    if (values.size() > kMostKnots && !edge && share - last < step) continue;
    knots.push_back(values[i]);
    shares.push_back(share);
    last = share;
  }
}

struct Moments {
  double mean = 0;
  double sd = 0;
  double skewness = 0;
};

// Of the sample as `transform` sees it.
template <typename F>
Moments moments(const Sample& sample, const F& transform) {
  Moments result;
  const auto& values = sample.distinct();
  const auto& weights = sample.weight();
  for (size_t i = 0; i < values.size(); ++i) result.mean += weights[i] * transform(values[i]);
  result.mean /= sample.total();
  double second = 0;
  double third = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double d = transform(values[i]) - result.mean;
    second += weights[i] * d * d;
    third += weights[i] * d * d * d;
  }
  result.sd = std::sqrt(second / sample.total());
  result.skewness = result.sd > 0 ? third / sample.total() / (result.sd * result.sd * result.sd) : 0;
  return result;
}

double signed_log(double x) { return std::copysign(std::log1p(std::fabs(x)), x); }

// A factor that keeps float32 finite: a column of a tiny spread is scaled by at most 1e30.
float safe_factor(double spread) { return static_cast<float>(std::min(1.0 / spread, 1e30)); }

Block scaled(PlanBuilder& builder, NodeId x, const std::string& name, const Sample& sample, const PrepSpec& spec) {
  float low = spec.clip > 0 ? sample.quantile(spec.clip) : sample.low();
  float high = spec.clip > 0 ? sample.quantile(1 - spec.clip) : sample.high();
  if (low == high) {  // almost all weight on one value: clipping would make the column constant
    low = sample.low();
    high = sample.high();
  }
  x = builder.clip(x, {low}, {high});
  const auto clipped = [low, high](double value) { return std::clamp(value, static_cast<double>(low), static_cast<double>(high)); };
  bool logged = false;
  if (spec.log_skewed && std::fabs(moments(sample, clipped).skewness) > kSkewed) {
    x = builder.activate(x, "log");
    logged = true;
  }
  const auto seen = [&](double value) { return logged ? signed_log(clipped(value)) : clipped(value); };
  double centre = 0;
  double spread = 0;
  if (spec.numbers == NumberCoding::kRobust) {
    centre = seen(static_cast<double>(sample.quantile(0.5)));
    spread = seen(static_cast<double>(sample.quantile(0.75))) - seen(static_cast<double>(sample.quantile(0.25)));
  }
  const Moments of = moments(sample, seen);
  if (spec.numbers != NumberCoding::kRobust) centre = of.mean;
  if (spread <= 0) spread = of.sd > 0 ? of.sd : 1.0;
  if (spec.impute) x = builder.impute(x, {static_cast<float>(seen(static_cast<double>(sample.quantile(0.5))))});
  const NodeId node = builder.scale(x, {static_cast<float>(centre)}, {safe_factor(spread)});
  return {node, {name}, name, false};
}

Block by_quantiles(PlanBuilder& builder, NodeId x, const std::string& name, const Sample& sample, bool normal, bool impute) {
  std::vector<float> knots;
  std::vector<double> shares;
  quantile_knots(sample, knots, shares);
  std::vector<float> values;
  values.reserve(shares.size());
  for (const double share : shares) values.push_back(normal ? normal_quantile(share) : static_cast<float>(share));
  if (impute) x = builder.impute(x, {sample.quantile(0.5)});
  const NodeId node = builder.interpolate(x, std::move(knots), std::move(values));
  return {node, {name}, name, false};
}

}  // namespace

Sample::Sample(std::span<const float> values, std::span<const double> weights) {
  std::vector<std::pair<float, double>> finite;
  finite.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      has_missing_ = true;
    } else if (std::isinf(values[i])) {
      has_infinite_ = true;
    } else {
      finite.emplace_back(values[i] == 0.0F ? 0.0F : values[i], weights.empty() ? 1.0 : weights[i]);  // -0 is 0
    }
  }
  std::sort(finite.begin(), finite.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [value, weight] : finite) {
    if (weight <= 0) continue;
    if (values_.empty() || values_.back() != value) {
      values_.push_back(value);
      weights_.push_back(0);
    }
    weights_.back() += weight;
  }
  accumulate();
}

void Sample::accumulate() {
  cumulative_.resize(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), cumulative_.begin());
}

float Sample::quantile(double share) const {
  const double wanted = share * total();
  const auto found = std::lower_bound(cumulative_.begin(), cumulative_.end(), wanted - 1e-9 * total());
  const auto index = std::min<size_t>(static_cast<size_t>(found - cumulative_.begin()), values_.size() - 1);
  return values_[index];
}

double Sample::mid_rank(size_t index) const { return (cumulative_[index] - weights_[index] / 2) / total(); }

Sample Sample::without(const std::vector<float>& removed) const {
  Sample result;
  result.has_missing_ = has_missing_ || !removed.empty();
  result.has_infinite_ = has_infinite_;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (std::find(removed.begin(), removed.end(), values_[i]) != removed.end()) continue;
    result.values_.push_back(values_[i]);
    result.weights_.push_back(weights_[i]);
  }
  result.accumulate();
  return result;
}

std::vector<float> Sample::cuts(int bins) const {
  std::vector<float> result;
  for (int b = 1; b < bins; ++b) {
    const float cut = quantile(static_cast<double>(b) / bins);
    if (cut > low() && (result.empty() || cut > result.back())) result.push_back(cut);
  }
  return result;
}

std::vector<float> find_special_codes(const Sample& sample) {
  constexpr size_t kEnoughOthers = 10;  // distinct values besides the candidate
  constexpr double kShare = 0.002;
  std::vector<float> codes;
  size_t first = 0;
  size_t last = sample.distinct().size();
  // Extremes are looked at one after another; at most three codes a side.
  for (int side = 0; side < 2; ++side) {
    for (int k = 0; k < 3 && last - first > kEnoughOthers; ++k) {
      const size_t at = side == 0 ? last - 1 : first;
      const auto& values = sample.distinct();
      const auto value = static_cast<double>(values[at]);
      const auto rest_low = static_cast<double>(values[side == 0 ? first : first + 1]);
      const auto rest_high = static_cast<double>(values[side == 0 ? last - 2 : last - 1]);
      const double gap = side == 0 ? value - rest_high : rest_low - value;
      const bool often = sample.weight()[at] >= std::max(5.0, kShare * sample.total());
      if (!often || gap <= rest_high - rest_low || value != std::trunc(value)) break;
      codes.push_back(values[at]);
      side == 0 ? --last : ++first;
    }
  }
  std::sort(codes.begin(), codes.end());
  return codes;
}

std::vector<Block> lower_number(PlanBuilder& builder, const Column& column, Rows rows, std::span<const double> weights, const PrepSpec& spec) {
  const std::string& name = column.name();
  const bool is_date = column.kind() == ColumnKind::kDate;
  std::vector<float> values;
  values.reserve(rows.size());
  if (is_date) {
    const auto all = numeric_values(column);
    for (const uint32_t row : rows) values.push_back(all[row]);
  } else {
    const auto all = column.numbers();
    for (const uint32_t row : rows) values.push_back(all[row]);
  }
  const Sample raw(values, weights);
  if (raw.empty()) return {};
  return lower_values(builder, builder.input(name, InputKind::kNumber, is_date ? "date" : ""), name, is_date, raw, spec);
}

std::vector<Block> lower_values(PlanBuilder& builder, NodeId x, const std::string& name, bool is_date, const Sample& raw, const PrepSpec& spec) {
  std::vector<Block> blocks;
  const std::vector<float> specials = spec.special_codes ? find_special_codes(raw) : std::vector<float>{};
  const NodeId original = x;
  if (!specials.empty()) x = builder.special(x, specials);
  const Sample sample = raw.without(specials);
  const bool varies = sample.distinct().size() > 1 || sample.has_infinite();

  if (varies) {
    switch (spec.numbers) {
      case NumberCoding::kRaw:
        blocks.push_back({spec.impute ? builder.impute(x, {sample.quantile(0.5)}) : x, {name}, name, false, {}, is_date});
        break;
      case NumberCoding::kStandard:
      case NumberCoding::kRobust: blocks.push_back(scaled(builder, x, name, sample, spec)); break;
      case NumberCoding::kQuantile:
      case NumberCoding::kUniform:
        blocks.push_back(by_quantiles(builder, x, name, sample, spec.numbers == NumberCoding::kQuantile, spec.impute));
        break;
      case NumberCoding::kPiecewiseLinear: {
        std::vector<float> edges = sample.cuts(spec.bins);
        if (edges.empty() || edges.front() > sample.low()) edges.insert(edges.begin(), sample.low());
        if (edges.back() < sample.high()) edges.push_back(sample.high());
        if (edges.size() >= 2) {
          Block block{builder.piecewise_linear(x, edges), {}, name, false};
          for (size_t t = 0; t + 1 < edges.size(); ++t) block.names.push_back(name + " (piece " + std::to_string(t + 1) + ")");
          blocks.push_back(std::move(block));
        }
        if (spec.both_quantile) blocks.push_back(by_quantiles(builder, x, name, sample, true, true));
        break;
      }
      case NumberCoding::kWoe: break;  // prep/woe.cc
      case NumberCoding::kBins: {
        const auto cuts = sample.cuts(spec.bins);
        std::vector<int32_t> columns(cuts.size() + 2, -1);
        Block block{0, {}, name, false};
        for (size_t b = 0; b <= cuts.size(); ++b) {
          columns[b] = static_cast<int32_t>(b);
          block.names.push_back(name + " (bin " + std::to_string(b + 1) + ")");
        }
        block.node = builder.one_hot(builder.bin(x, cuts), std::move(columns), static_cast<uint32_t>(block.names.size()));
        blocks.push_back(std::move(block));
        break;
      }
    }
  }
  if (spec.missing_flag && raw.has_missing()) blocks.push_back({builder.missing_flag(original), {name + " = missing"}, name, false});
  // Missing and special together are flagged by the special node; its flag less the missing flag is the special's own.
  if (spec.missing_flag && !specials.empty()) blocks.push_back({builder.missing_flag(x), {name + " = special or missing"}, name, false});
  return blocks;
}

}  // namespace obligor::prep
