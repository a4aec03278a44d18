// Chooses the functions compiled for the best instruction set; last in a kernel file, after highway.h.
//
// hwy's own choice lives in a shared library that measures the clock for ten milliseconds when it is loaded, which a program that
// must start at once cannot pay. So hwy is used for its headers alone.
#pragma once

#include <hwy/highway.h>

#include "core/instruction_set.h"

#if HWY_ARCH_X86 && !(HWY_STATIC_TARGET == HWY_AVX3 || HWY_STATIC_TARGET == HWY_AVX2)
#define OBLIGOR_SIMD_CHOOSE(function)                                             \
  (obligor::chosen_set() == obligor::InstructionSet::kAvx512 ? N_AVX3::function() \
   : obligor::chosen_set() == obligor::InstructionSet::kAvx2 ? N_AVX2::function() \
   : obligor::chosen_set() == obligor::InstructionSet::kSse4 ? N_SSE4::function() \
                                                             : HWY_NAMESPACE::function())
#else
#define OBLIGOR_SIMD_CHOOSE(function) HWY_NAMESPACE::function()
#endif
