// Private to the interpreter: the operations over tokens and steps, as docs/plan.md states them, a row after another.
#pragma once

#include <vector>

#include "plan/shapes.h"

namespace obligor {

// `present` is null where every key is present.
void interpret_attend(const AttendShape& shape, size_t rows, const std::vector<float>& queries, const std::vector<float>& keys,
                      const std::vector<float>& values, const std::vector<float>* present, std::vector<float>& out);

struct RecurWeights {
  const std::vector<float>& input;  // W
  const std::vector<float>& state;  // U
  const std::vector<float>& bias;
};
void interpret_recur(const RecurShape& shape, size_t rows, const std::vector<float>& x, const std::vector<float>& present,
                     const RecurWeights& weights, std::vector<float>& out);

void interpret_convolve(const ConvolveShape& shape, size_t rows, const std::vector<float>& x, const std::vector<float>& weights,
                        const std::vector<float>& bias, std::vector<float>& out);

void interpret_pool(Pooling pooling, size_t rows, size_t steps, const std::vector<float>& x, const std::vector<float>& present,
                    std::vector<float>& out);

}  // namespace obligor
