// How the networks that read prepared columns as they are (ann, dnn, resnet, tabm) have them prepared. For registry rows: no torch.
//
//   entry.prep = net::column_prep;  append(entry.params, net::column_params());
#pragma once

#include <vector>

#include "model/model.h"

namespace obligor::net {

// numbers, bins, one_hot_levels, statistic_levels.
[[nodiscard]] std::vector<ParamSpec> column_params();
// With codes besides where the row has a parameter `embedding` above 0.
[[nodiscard]] PrepSpec column_prep(const Params& params);

}  // namespace obligor::net
