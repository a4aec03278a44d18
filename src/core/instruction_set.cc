#include "core/instruction_set.h"

#include <array>
#include <atomic>

namespace obligor {
namespace {

constexpr int kBest = -1;
std::atomic<int> forced = kBest;  // for tests: a set, or kBest

InstructionSet best_set() {
  static const InstructionSet best = present_sets().back();
  return best;
}

}  // namespace

std::string_view set_name(InstructionSet set) {
  constexpr std::array<std::string_view, 4> kNames{"base", "sse4", "avx2", "avx512"};
  return kNames.at(static_cast<size_t>(set));
}

std::vector<InstructionSet> present_sets() {
  std::vector<InstructionSet> sets{InstructionSet::kBase};
#if defined(__x86_64__) && !defined(__AVX2__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2") == 0 || __builtin_cpu_supports("pclmul") == 0 || __builtin_cpu_supports("aes") == 0) return sets;
  sets.push_back(InstructionSet::kSse4);
  // Every processor with these has the half floats (f16c) that hwy's AVX2 set names too.
  if (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("fma") == 0 || __builtin_cpu_supports("bmi2") == 0) return sets;
  sets.push_back(InstructionSet::kAvx2);
  if (__builtin_cpu_supports("avx512f") == 0 || __builtin_cpu_supports("avx512vl") == 0 || __builtin_cpu_supports("avx512dq") == 0 ||
      __builtin_cpu_supports("avx512bw") == 0) {
    return sets;
  }
  sets.push_back(InstructionSet::kAvx512);
#endif
  return sets;
}

InstructionSet chosen_set() {
  const int set = forced.load(std::memory_order_relaxed);
  return set == kBest ? best_set() : static_cast<InstructionSet>(set);
}

void use_set(std::optional<InstructionSet> set) { forced.store(set ? static_cast<int>(*set) : kBest, std::memory_order_relaxed); }

}  // namespace obligor
