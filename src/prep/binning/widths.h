// OBLIGOR_WIDTHS before a function: the compiler makes one body a width of register and the loader picks (GCC on x86-64). Plain loops
// over arrays are then as wide as the machine is. Nothing under sanitizers, which do not know such functions.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OBLIGOR_WIDTHS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OBLIGOR_WIDTHS
#endif
