// The targets over models of other tools.
#pragma once

#include "targets.h"

namespace obligor::fuzz {

[[nodiscard]] Target lightgbm_target();
[[nodiscard]] Target xgboost_target();
[[nodiscard]] Target scorecard_target();
[[nodiscard]] Target coefficients_target();

}  // namespace obligor::fuzz
