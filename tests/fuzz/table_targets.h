// The targets over what data and settings are read from.
#pragma once

#include "targets.h"

namespace obligor::fuzz {

[[nodiscard]] Target csv_target();
[[nodiscard]] Target raw_target();
[[nodiscard]] Target arff_target();
[[nodiscard]] Target folds_target();
[[nodiscard]] Target toml_target();

}  // namespace obligor::fuzz
