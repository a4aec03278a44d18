#include "prep/embedding/step_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>

// Clones by instruction set where the compiler makes them and no sanitizer forbids the resolver that picks one.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OBLIGOR_CLONES __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define OBLIGOR_CLONES
#endif

namespace obligor::embedding {
namespace {

// The sigmoid between these bounds; beyond them a pair is taken for learned (or hopeless) and its gradient for 0 (or the rate).
constexpr float kBound = 8.0F;
constexpr size_t kTableSize = 4096;

struct SigmoidTable {
  std::array<float, kTableSize + 1> value{};
  SigmoidTable() {
    for (size_t i = 0; i <= kTableSize; ++i) {
      const double x = (static_cast<double>(i) / kTableSize * 2 - 1) * static_cast<double>(kBound);
      value[i] = static_cast<float>(1 / (1 + std::exp(-x)));
    }
  }
};

const SigmoidTable kSigmoid;

float sigmoid(float x) {
  if (!(x > -kBound)) return 0;
  if (x >= kBound) return 1;
  const float place = (x + kBound) * (static_cast<float>(kTableSize) / (2 * kBound));
  const auto at = static_cast<size_t>(place);
  const float share = place - static_cast<float>(at);
  return kSigmoid.value[at] + share * (kSigmoid.value[at + 1] - kSigmoid.value[at]);
}

}  // namespace

OBLIGOR_CLONES
void logistic_step(const float* __restrict input, float* const* outputs, const float* labels, size_t count, size_t padded, float rate,
                   float* __restrict products, float* __restrict error) {
  for (size_t o = 0; o < count; ++o) {
    const float* __restrict output = outputs[o];
    float sum[kLanes] = {};
    for (size_t v = 0; v < padded; v += kLanes) {
      for (size_t i = 0; i < kLanes; ++i) sum[i] += input[v + i] * output[v + i];
    }
    for (size_t i = 0; i < 8; ++i) sum[i] += sum[i + 8];
    for (size_t i = 0; i < 4; ++i) sum[i] += sum[i + 4];
    products[o] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
  }
  for (size_t o = 0; o < count; ++o) products[o] = rate * (labels[o] - sigmoid(products[o]));
  for (size_t o = 0; o < count; ++o) {
    const float g = products[o];
    float* __restrict output = outputs[o];
    for (size_t v = 0; v < padded; v += kLanes) {
      for (size_t i = 0; i < kLanes; ++i) {
        const float old = output[v + i];
        error[v + i] += g * old;
        output[v + i] = old + g * input[v + i];
      }
    }
  }
}

OBLIGOR_CLONES
void add(const float* __restrict from, float* __restrict to, size_t padded) {
  for (size_t v = 0; v < padded; v += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) to[v + i] += from[v + i];
  }
}

Rows::Rows(size_t rows, size_t width)
    : padded_((width + kLanes - 1) / kLanes * kLanes),
      data_(static_cast<float*>(::operator new[](std::max<size_t>(1, rows) * padded_ * sizeof(float), std::align_val_t{64}))) {
  std::fill_n(data_.get(), rows * padded_, 0.0F);
}

}  // namespace obligor::embedding
