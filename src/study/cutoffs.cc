#include "study/cutoffs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "metric/bands.h"
#include "metric/grades.h"

namespace obligor {
namespace {

constexpr size_t kBands = 20;
constexpr size_t kRowsABand = 25;   // a band of fewer rows says little: a small sample has fewer bands
constexpr size_t kPointBands = 16;  // in the middle 95 % of the rows, at most

size_t bands_for(size_t rows) { return std::clamp<size_t>(rows / kRowsABand, 2, kBands); }

Json share_json(const metric::Interval& share) { return {{"value", share.value}, {"low", share.low}, {"high", share.high}}; }

Json band_json(const metric::ScoreBand& band, bool weighted) {
  Json json{{"n", band.rows}, {"good", band.good}, {"bad", band.bad}, {"bad_rate", share_json(band.bad_rate)}};
  if (weighted) json["weight"] = band.weight;
  if (std::isfinite(band.odds)) json["odds"] = band.odds;
  const metric::Approved& approved = band.approved;
  json["approval_rate"] = approved.share;
  json["approved_bad_rate"] = share_json(approved.bad_rate);
  if (std::isfinite(approved.odds)) json["approved_odds"] = approved.odds;
  json["bads_declined"] = approved.bads_declined;
  json["goods_declined"] = approved.goods_declined;
  json["ks"] = approved.ks;
  return json;
}

// The least width of 1, 2, 5, 10, 20, 50, ... points by which the middle of the rows falls in kPointBands bands at most.
double width_of(double low, double high) {
  for (double decade = 1;; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      if ((high - low) / (step * decade) <= static_cast<double>(kPointBands)) return step * decade;
    }
  }
}

Json point_bands_json(const metric::RankedSample& sample, const PointScale& scale) {
  // Points fall with the risk; the sample wants what rises with it.
  std::vector<double> risk;
  risk.reserve(sample.size());
  for (const double p : sample.scores()) risk.push_back(-scale.points(p));
  const metric::RankedSample by_points(risk, sample.target(), sample.weights());
  const auto scores = by_points.scores();
  const double high = -scores[scores.size() - 1 - scores.size() / 40];
  const double low = -scores[scores.size() / 40];
  const double width = width_of(low, high);
  std::vector<double> edges;
  const auto last = static_cast<int>(std::floor(high / width));
  for (auto step = static_cast<int>(std::ceil(low / width)); step <= last; ++step) edges.push_back(step * width);
  // A band is [edge, next edge) in points; points are whole, so a cut half a point lower takes the same rows.
  std::vector<double> cuts;
  for (size_t i = edges.size(); i-- > 0;) cuts.push_back(0.5 - edges[i]);
  Json rows = Json::array();
  for (const auto& band : metric::score_bands(by_points, cuts)) {
    Json json = band_json(band, sample.weighted());
    json["points_low"] = -band.high;
    json["points_high"] = -band.low;
    const auto above = std::upper_bound(edges.begin(), edges.end(), -band.high);
    if (above != edges.begin()) json["from"] = *std::prev(above);
    if (above != edges.end()) json["to"] = *above;
    rows.push_back(std::move(json));
  }
  return rows;
}

}  // namespace

double PointScale::factor() const { return double_odds / std::log(2.0); }
double PointScale::offset() const { return base_points - factor() * std::log(base_odds); }
double PointScale::points(double probability) const {
  const double p = std::clamp(probability, 1e-15, 1 - 1e-15);
  return std::round(offset() + factor() * std::log((1 - p) / p));
}

PointScale scale_of(const Json& details) {
  PointScale scale;
  if (!details.contains("scorecard")) return scale;
  const Json& own = details["scorecard"]["scale"];
  scale.double_odds = own["double_odds"].get<double>();
  scale.base_points = own["base_points"].get<double>();
  scale.base_odds = own["base_odds"].get<double>();
  return scale;
}

Json cut_offs_json(const metric::RankedSample& sample, const PointScale& scale, bool by_points) {
  Json json;
  json["scale"] = {{"double_odds", scale.double_odds}, {"base_points", scale.base_points}, {"base_odds", scale.base_odds}};
  json["bands"] = Json::array();
  for (const auto& band : metric::score_bands(sample, metric::even_cuts(sample, bands_for(sample.size())))) {
    Json row = band_json(band, sample.weighted());
    row["low"] = band.low;
    row["high"] = band.high;
    row["mean"] = band.mean_score;
    row["points_low"] = scale.points(band.high);
    row["points_high"] = scale.points(band.low);
    json["bands"].push_back(std::move(row));
  }
  if (by_points) json["point_bands"] = point_bands_json(sample, scale);
  return json;
}

Json grades_json(const metric::RankedSample& sample, const PointScale& scale) {
  metric::GradeOptions options;
  options.bands = bands_for(sample.size());
  Json rows = Json::array();
  for (const auto& grade : metric::grade_scale(sample, options)) {
    Json row{{"grade", rows.size() + 1},   {"low", grade.low},         {"n", grade.rows},   {"bad", grade.bad},
             {"pd", share_json(grade.pd)}, {"mean", grade.mean_score}, {"p", grade.p_value}};
    if (sample.weighted()) row["weight"] = grade.weight;
    if (std::isfinite(grade.high)) {
      row["high"] = grade.high;
      row["points_from"] = scale.points(grade.high);
    }
    if (grade.low > 0) row["points_to"] = scale.points(grade.low);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace obligor
