// One target for libFuzzer; which one is a macro, so that each has a program and a corpus of its own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const obligor::fuzz::Target& target = obligor::fuzz::find_target(OBLIGOR_FUZZ_TARGET);
  try {
    target.run({reinterpret_cast<const char*>(data), size});
  } catch (const obligor::fuzz::Broken& broken) {
    std::cerr << "broken: " << broken.what() << '\n';
    std::abort();
  }
  return 0;
}
