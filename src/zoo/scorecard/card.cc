#include "zoo/scorecard/card.h"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/normal.hpp>

namespace obligor::zoo::card {

double Scale::factor() const { return double_odds / std::log(2.0); }
double Scale::offset() const { return base_points - factor() * std::log(base_odds); }

Card make_card(const Selection& selection, std::span<const Binning> binnings, std::span<const int32_t> feature_binning, const Scale& scale) {
  Card card;
  card.scale = scale;
  card.intercept = selection.intercept;
  const double base = (scale.offset() - scale.factor() * selection.intercept) / static_cast<double>(selection.columns.size());
  for (size_t i = 0; i < selection.columns.size(); ++i) {
    const size_t column = selection.columns[i];
    Characteristic characteristic{binnings[static_cast<size_t>(feature_binning[column])], column, selection.coefficients[i], selection.errors[i], {}};
    for (const float woe : characteristic.binning.code_woe()) {
      const double points = base - scale.factor() * characteristic.coefficient * static_cast<double>(woe);
      characteristic.points.push_back(scale.round ? std::round(points) : points);
    }
    card.characteristics.push_back(std::move(characteristic));
  }
  return card;
}

Json card_json(const Card& card) {
  Json json;
  json["scale"] = {{"double_odds", card.scale.double_odds},
                   {"base_points", card.scale.base_points},
                   {"base_odds", card.scale.base_odds},
                   {"rounded", card.scale.round}};
  json["intercept"] = card.intercept;
  const boost::math::normal_distribution<double> normal;
  size_t attributes = 0;
  double low = 0;
  double high = 0;
  json["characteristics"] = Json::array();
  for (const auto& characteristic : card.characteristics) {
    const BinningTable& table = characteristic.binning.table();
    Json row{{"name", table.name}, {"iv", table.iv}, {"coefficient", characteristic.coefficient}};
    if (const double z = characteristic.coefficient / characteristic.error; std::isfinite(z)) {
      row["standard_error"] = characteristic.error;
      row["z"] = z;
      row["p"] = 2 * boost::math::cdf(boost::math::complement(normal, std::fabs(z)));
    }
    row["attributes"] = Json::array();
    double lowest = characteristic.points.front();
    double highest = lowest;
    for (uint32_t code = 0; code < characteristic.binning.codes(); ++code) {
      const double points = characteristic.points[code];
      lowest = std::min(lowest, points);
      highest = std::max(highest, points);
      Json attribute{{"label", characteristic.binning.code_label(code)}, {"points", points}, {"woe", characteristic.binning.code_woe()[code]}};
      // Codes that no training row took (unseen levels, missing values that never occurred) have no row in the table.
      for (const BinRow& bin : table.bins) {
        if (bin.label != characteristic.binning.code_label(code)) continue;
        attribute["kind"] = bin_kind_name(bin.kind);
        attribute["rows"] = bin.rows;
        attribute["share"] = bin.share;
        attribute["event_rate"] = bin.event_rate;
        if (!bin.levels.empty()) attribute["levels"] = bin.levels;
      }
      row["attributes"].push_back(std::move(attribute));
      ++attributes;
    }
    row["points_low"] = lowest;
    row["points_high"] = highest;
    low += lowest;
    high += highest;
    json["characteristics"].push_back(std::move(row));
  }
  json["attributes"] = attributes;
  json["points_low"] = low;
  json["points_high"] = high;
  return json;
}

}  // namespace obligor::zoo::card
