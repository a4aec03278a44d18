// Chooses the functions compiled for the best instruction set; last in a kernel file, after highway.h.
//
// hwy's own choice lives in a shared library that measures the clock for ten milliseconds when it is loaded, which a program that
// must start at once cannot pay. So hwy is used for its headers alone.
#pragma once

#include <hwy/highway.h>

#include "emit/native/kernels.h"

#if HWY_ARCH_X86 && !(HWY_STATIC_TARGET == HWY_AVX3 || HWY_STATIC_TARGET == HWY_AVX2)
#define OBLIGOR_NATIVE_CHOOSE(function)                                          \
  (obligor::native::chosen_set() == InstructionSet::kAvx512 ? N_AVX3::function() \
   : obligor::native::chosen_set() == InstructionSet::kAvx2 ? N_AVX2::function() \
   : obligor::native::chosen_set() == InstructionSet::kSse4 ? N_SSE4::function() \
                                                            : HWY_NAMESPACE::function())
#else
#define OBLIGOR_NATIVE_CHOOSE(function) HWY_NAMESPACE::function()
#endif
