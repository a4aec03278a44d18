#include "core/random.h"

#include <bit>
#include <cmath>
#include <numeric>

namespace obligor {
namespace {

uint64_t splitmix(uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace

uint64_t derive_seed(uint64_t seed, std::string_view label, uint64_t index) {
  uint64_t state = seed ^ std::rotl(fnv1a(label), 17) ^ (index * 0xd6e8feb86659fd93ULL);
  splitmix(state);
  return splitmix(state);
}

Random::Random(uint64_t seed, std::string_view stream) {
  uint64_t state = derive_seed(seed, stream);
  for (auto& word : state_) word = splitmix(state);
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

uint64_t Random::below(uint64_t limit) {
  // Rejection of the tail that would make small values likelier.
  const uint64_t threshold = (0 - limit) % limit;
  while (true) {
    const uint64_t value = next();
    if (value >= threshold) return value % limit;
  }
}

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double u = 0;
  double v = 0;
  double s = 0;
  do {
    u = 2 * uniform() - 1;
    v = 2 * uniform() - 1;
    s = u * u + v * v;
  } while (s >= 1 || s == 0);
  const double factor = std::sqrt(-2 * std::log(s) / s);
  spare_ = v * factor;
  has_spare_ = true;
  return u * factor;
}

std::vector<uint32_t> Random::permutation(size_t n) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  shuffle(std::span<uint32_t>(order));
  return order;
}

}  // namespace obligor
