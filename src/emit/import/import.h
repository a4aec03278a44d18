// Models of other tools as plans, so that a bank's model of today is scored, explained, proven and compared beside ours.
//
//   ScorePlan plan = import_model(read_file("model.txt"), "model.txt", ImportFormat::kLightGbm);
//
// Formats:
//   lightgbm       the text model of LightGBM (versions v3 and v4), objective binary or cross_entropy
//   xgboost        the JSON or UBJ model of XGBoost, booster gbtree, objective binary:logistic or binary:logitraw; categories as codes, or by name
//   logistic_json  {"intercept": -2.1, "coefficients": {"age": -0.03, "income": {"coefficient": 0.2, "mean": 3, "scale": 2, "impute": 1.5},
//                  "job": {"levels": {"clerk": 0.1, "farmer": -0.2}, "missing": 0, "unseen": 0}}}: log-odds of bad
//   scorecard      a table of bins with points or WoE as CSV, by the kit's usual ways; scorecard_table.h has its options
//
// Contract: outputs log_odds, probability (of the model's class 1) and points (600 at odds 50:1, 20 double the odds). Numbers are float32: a
// split takes the side that the tool takes for every float32. Errors, one line each:
// Error{kData} for text that is not a whole model; Error{kUnsupported} for what a plan cannot say yet (several classes, linear leaves, dart,
// categories of LightGBM as text, other objectives).
#pragma once

#include <string_view>

#include "plan/plan.h"

namespace obligor {

enum class ImportFormat { kLightGbm, kXgBoost, kLogisticJson, kScorecard };
[[nodiscard]] ImportFormat parse_import_format(std::string_view name);  // Error{kNotFound} with near candidates

[[nodiscard]] ScorePlan import_model(std::string_view text, std::string_view source, ImportFormat format);

}  // namespace obligor
