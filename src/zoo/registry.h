// The zoo: one explicit array of models. Listing it needs neither torch nor LightGBM.
//
//   for (const ModelEntry& entry : zoo::registry()) print(entry.name);        // `fit` is null here
//   std::vector<ModelEntry> bound = zoo::bound_registry();                    // zoo/bind.h, in the program that trains
#pragma once

#include <span>
#include <string_view>

#include "model/model.h"

namespace obligor::zoo {

[[nodiscard]] std::span<const ModelEntry> registry();
// Error{kNotFound} with near candidates.
[[nodiscard]] const ModelEntry& find(std::string_view name);

}  // namespace obligor::zoo
