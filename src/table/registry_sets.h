// The entries of the registry: facts alone, copied from the sources that each names. Private to the room.
#pragma once

#include <vector>

#include "table/registry.h"

namespace obligor {

// The credit panel (what models are compared on), then further credit sets.
[[nodiscard]] std::vector<DataSet> panel_sets();
[[nodiscard]] std::vector<DataSet> further_sets();

}  // namespace obligor
