// The zoo with its fits: linked by the companion that trains, never by the program that scores.
#pragma once

#include <vector>

#include "model/model.h"

namespace obligor::zoo {

[[nodiscard]] std::vector<ModelEntry> bound_registry();

}  // namespace obligor::zoo
