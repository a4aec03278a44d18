// Models that score how unlike the others a row is, and never learn what separates good from bad: `isolation_forest`.
//
//   ModelEntry entry = isolation_forest_entry();    // vendor-free: every program may list it
//   entry.fit = fit_isolation_forest;               // bound in the program that trains
//
// The target says at most which rows are looked at (`fit_on`) and turns the measure into a probability (calibration.h); the ranking is the
// measure's own.
#pragma once

#include "model/model.h"

namespace obligor {

[[nodiscard]] ModelEntry isolation_forest_entry();

// Errors: kData when the training rows hold one class only, or no column; kCancelled on request.
[[nodiscard]] FitResult fit_isolation_forest(const FitInput& input, const Params& params, const Context& context);

}  // namespace obligor
