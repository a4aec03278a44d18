// Tape: a training step as a straight list of operations over buffers that are made once; gradients by walking it backwards.
//
//   Tape tape(rows);
//   const Slot x = tape.slot(20);                                     // rows x 20, filled by the caller
//   Slot z = tape.dense(x, {w, d_w}, {b, d_b}, 64);                   // z = x W' + b
//   z = tape.activate(z, Activation::kRelu);
//   tape.forward(n);                                                  // n <= rows
//   std::copy(..., tape.gradient(z));  tape.backward(n);              // fills d_w, d_b and the gradients of the slots
//
// A framework spends most of a small network's step on dispatch; here an operation is one virtual call, and nothing is allocated in a step.
// Contract: weights live elsewhere and stay where they are; a weight's gradient is overwritten by backward(). Matrix products are those of
// the library that libtorch carries, on one thread; every other loop is a kernel of step_kernels.h. One tape, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/floats.h"
#include "zoo/net/network.h"
#include "zoo/net/step_kernels.h"

namespace obligor::net {

using Slot = size_t;

// A weight and its gradient; none: null.
struct Weight {
  float* value = nullptr;
  float* gradient = nullptr;
};

// A batch norm: what is learned, and the running statistics, which a step in training moves.
struct NormWeights {
  Weight gain;
  Weight shift;
  float* mean = nullptr;
  float* variance = nullptr;
};

// One step of the list. `adds[i]`: the gradient of input i has been begun by a later operation.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;
  virtual void forward(size_t rows) = 0;
  virtual void backward(size_t rows) = 0;

  std::vector<Slot> inputs;
  std::vector<char> adds;
};

// The dropouts of one place in the network, one after the other.
class Drops {
 public:
  Drops(double share, uint64_t seed);
  [[nodiscard]] Drop next();

 private:
  Drop drop_;
  uint64_t state_;
};

class Tape {
 public:
  // `training`: whether batch norms use the batch and dropout drops.
  Tape(size_t largest_rows, bool training) : largest_(largest_rows), training_(training) {}

  Slot slot(size_t width);
  Slot input(size_t width);  // a slot without a gradient
  [[nodiscard]] size_t largest() const { return largest_; }
  [[nodiscard]] bool training() const { return training_; }
  [[nodiscard]] size_t width(Slot s) const { return slots_[s].width; }
  [[nodiscard]] float* value(Slot s) const { return slots_[s].value.data(); }
  [[nodiscard]] float* gradient(Slot s) const { return slots_[s].gradient.data(); }  // null for an input, and in prediction

  // An operation of the caller's, whose inputs are set.
  void add(std::unique_ptr<Operation> operation);

  // `out` outputs from `in` inputs, `repeats` times a row: a row of x holds repeats x in numbers. W is out x in.
  Slot dense(Slot x, Weight w, Weight bias, size_t out, size_t repeats = 1);
  // drop(act(z + bias)). The bias is added to z itself, so that where there is one nothing else may read z.
  Slot unit(Slot z, Weight bias, Activation activation, double share, uint64_t seed);
  Slot activate(Slot x, Activation activation) { return unit(x, {}, activation, 0, 0); }
  Slot dropout(Slot x, double share, uint64_t seed);
  Slot norm(Slot x, const NormWeights& weights);
  Slot add(Slot a, Slot b);       // a + b
  Slot multiply(Slot a, Slot b);  // a b
  Slot join(const std::vector<Slot>& parts);
  // A vector of the width of x, added to or multiplied with every row.
  Slot shift(Slot x, Weight by);
  Slot scale(Slot x, Weight by);
  Slot sum(Slot x);                             // over the columns: width 1
  Slot pairwise(Slot vectors, size_t fields);   // fields x k to k: half of (square of the sum - sum of squares)
  Slot field_sum(Slot vectors, size_t fields);  // fields x k to k
  Slot outer(Slot x);                           // k to k x k

  void forward(size_t rows);
  // From the gradients of the slots that no operation reads, which the caller has set.
  void backward(size_t rows);

 private:
  struct Buffer {
    size_t width = 0;
    Floats value;
    Floats gradient;
  };
  Slot make_slot(size_t width, bool with_gradient);
  template <typename F, typename B>
  Slot push(const std::vector<Slot>& inputs, size_t width, F forward, B backward);
  void seal();

  size_t largest_;
  bool training_;
  bool sealed_ = false;
  std::vector<Buffer> slots_;
  std::vector<std::unique_ptr<Operation>> operations_;
};

// y (m x n) = x (m x k) w' (n x k) when `transposed`, else x (m x k) w (k x n); and with `first_transposed` x is k x m. Row-major.
void product(bool first_transposed, bool transposed, size_t m, size_t n, size_t k, const float* x, const float* w, float* y, bool adds);

}  // namespace obligor::net
