// Which of a processor's vector instructions kernels may use: chosen once a process, for all rooms that compile a kernel several times.
//
//   #include "core/simd_sets.h"                    // before any header of hwy
//   #include <hwy/foreach_target.h>  ...           // the kernel, once a set
//   #include "core/simd_dispatch.h"                // last
//   const Kernels& kernels() { return *OBLIGOR_SIMD_CHOOSE(get_kernels); }
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace obligor {

// kBase is what the compiler may use everywhere (on ARM that is NEON).
enum class InstructionSet : uint8_t { kBase, kSse4, kAvx2, kAvx512 };
[[nodiscard]] std::string_view set_name(InstructionSet set);
// What this machine has, worst first.
[[nodiscard]] std::vector<InstructionSet> present_sets();
[[nodiscard]] InstructionSet chosen_set();
// Takes another set for what is made from now on; none: the best again. For tests and benchmarks, on one thread.
void use_set(std::optional<InstructionSet> set);

}  // namespace obligor
