// The card itself: characteristics, attributes and points, made from a selection and the binnings behind its columns.
//
//   Card card = make_card(selection, binnings, scale);
//   card.characteristics[0].points[code];      // of the attribute with that code
//   Json json = card_json(card);               // what a bundle carries and people read
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "prep/binning/binning.h"
#include "zoo/scorecard/selection.h"

namespace obligor::zoo::card {

struct Scale {
  double double_odds = 20;  // points that double the odds (PDO)
  double base_points = 600;
  double base_odds = 50;  // good : bad at base_points
  bool round = true;
  [[nodiscard]] double factor() const;  // points an e-fold of the odds
  [[nodiscard]] double offset() const;  // points at even odds
};

struct Characteristic {
  Binning binning;
  size_t column = 0;  // of the prepared features
  double coefficient = 0;
  double error = 0;
  std::vector<double> points;  // by code of the binning
};

struct Card {
  Scale scale;
  double intercept = 0;
  // The points are offset - factor * intercept, spread evenly over the characteristics, so a card's score is a sum of attributes only.
  std::vector<Characteristic> characteristics;
};

[[nodiscard]] Card make_card(const Selection& selection, std::span<const Binning> binnings, std::span<const int32_t> feature_binning,
                             const Scale& scale);

// {"scale": {...}, "characteristics": [{"name", "iv", "coefficient", "standard_error", "z", "p", "attributes": [{"label", "points",
// "woe", "kind", "rows", "share", "event_rate"}]}], "attributes": n, "points_low", "points_high"}
[[nodiscard]] Json card_json(const Card& card);

}  // namespace obligor::zoo::card
