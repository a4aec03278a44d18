// The JSON or UBJ model of XGBoost as a plan; import.h states what is read.
//
//   ScorePlan plan = import_xgboost(read_file("model.ubj"), "model.ubj");
//
// Splits on categories (`split_type` 1) name a set of codes: a row whose code is in the set goes right, every other value left, also one that is no
// code at all (negative, or beyond the set), and a missing one where `default_left` says (XGBoost's src/common/categorical.h, Decision). A model
// that was trained on a data frame holds the names of its categories (`cats`, since XGBoost 3.1): such a column is a category here, and a
// name that the model does not list goes where a code in no set goes (XGBoost refuses such a row). Otherwise the column holds codes as numbers.
#pragma once

#include <string_view>

#include "plan/plan.h"

namespace obligor {

[[nodiscard]] ScorePlan import_xgboost(std::string_view text, std::string_view source);

}  // namespace obligor
