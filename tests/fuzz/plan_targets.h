// The targets over what a model is loaded from.
#pragma once

#include "targets.h"

namespace obligor::fuzz {

[[nodiscard]] Target plan_target();
[[nodiscard]] Target bundle_target();
[[nodiscard]] Target facts_target();
[[nodiscard]] Target trees_target();

}  // namespace obligor::fuzz
