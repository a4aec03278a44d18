// A model of states fitted with its preprocessor on some rows of a panel. Private to the room.
#pragma once

#include <vector>

#include "prep/preprocessor.h"
#include "study/transition/transition.h"

namespace obligor::transition {

struct Fitted {
  Preprocessor prep;
  TransitionFit fit;
  Params params;
};

// `train`: positions in the panel; `held_back`: positions in `train`.
[[nodiscard]] Fitted fit(const TransitionRequest& request, const Table& table, const Panel& panel, const std::vector<uint32_t>& train,
                         const std::vector<uint32_t>& held_back, const ExecutorFactory& executor, const Context& context);

// A value a position.
template <typename T>
[[nodiscard]] std::vector<T> pick(const std::vector<T>& values, const std::vector<uint32_t>& positions) {
  std::vector<T> out;
  out.reserve(positions.size());
  for (const uint32_t at : positions) out.push_back(values[at]);
  return out;
}

}  // namespace obligor::transition
