// Reads LightGBM's text model format (version v3 and v4) into the plan's tree arrays, exactly. Links nothing of LightGBM.
//
//   TreeArrays arrays = read_lightgbm_text(text, "model.txt");
//   NodeId log_odds = builder.trees(features, arrays);
//
// Contract: for every float32 input the arrays take the same side of every split as LightGBM's double comparison does.
//   - `x <= t` with a double t becomes `x <= the largest float32 that is <= t`: for float32 x the two are the same statement.
//   - a number within 1e-35 of zero is zero, as LightGBM's prediction reads it.
//   - missing type None: LightGBM reads NaN as 0, so a missing x goes where 0 goes.
//   - missing type NaN: a missing x goes in the stored default direction.
//   - missing type Zero: NaN and |x| <= 1e-35 go in the default direction; written as two more splits around zero.
//   - a category goes left when its bit is set; missing, negative and unseen codes go right. Codes are whole numbers.
// Leaves are the file's (shrinkage and the initial score are in them), rounded to float32.
// Errors: kUnsupported for linear leaves and for more than one class; kData for text that is not a whole model.
#pragma once

#include <string_view>

#include "plan/builder.h"

namespace obligor::zoo {

[[nodiscard]] TreeArrays read_lightgbm_text(std::string_view text, std::string_view source);

// The largest float32 that is <= x (minus infinity when there is none).
[[nodiscard]] float floor_to_float(double x);

}  // namespace obligor::zoo
