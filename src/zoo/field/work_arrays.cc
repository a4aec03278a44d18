#include "zoo/field/work_arrays.h"

#include <memory>

namespace obligor::field {

std::vector<float> lay_out(const std::vector<std::pair<float**, size_t>>& arrays) {
  size_t total = kWorkPad;
  for (const auto& [array, count] : arrays) total += filled_up(count, kWorkPad);
  std::vector<float> memory(total);
  void* begin = memory.data();
  size_t bytes = total * sizeof(float);
  auto* at = static_cast<float*>(std::align(kWorkPad * sizeof(float), sizeof(float), begin, bytes));
  for (const auto& [array, count] : arrays) {
    *array = at;
    at += filled_up(count, kWorkPad);
  }
  return memory;
}

}  // namespace obligor::field
