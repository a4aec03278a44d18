// Which instruction sets the kernels are compiled for; before any header of hwy.
#pragma once

// SSSE3 and the further AVX-512 set bring these kernels nothing.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
