// Private to the benchmark: float32 operations of so many rounds of independent fused multiply-adds, which it has done when it returns.
#pragma once

#include <cstddef>

namespace obligor::native {

[[nodiscard]] double run_multiply_adds(size_t times);

}  // namespace obligor::native
