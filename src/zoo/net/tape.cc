#include "zoo/net/tape.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/Parallel.h>

#include "core/error.h"

// Single precision matrix product of the reference BLAS (Dongarra et al. 1990), column-major.
extern "C" void sgemm_(  // NOLINT(readability-identifier-naming): the name is the library's
    const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* alpha, const float* a, const int* lda,
    const float* b, const int* ldb, const float* beta, float* c, const int* ldc);

namespace obligor::net {
namespace {

constexpr float kNormEpsilon = 1e-5F;
constexpr float kNormMomentum = 0.1F;

template <typename F, typename B>
class Step final : public Operation {
 public:
  Step(F forward, B backward) : forward_(std::move(forward)), backward_(std::move(backward)) {}
  void forward(size_t rows) override { forward_(rows); }
  void backward(size_t rows) override { backward_(rows, adds); }

 private:
  F forward_;
  B backward_;
};

}  // namespace

void product(bool first_transposed, bool transposed, size_t m, size_t n, size_t k, const float* x, const float* w, float* y, bool adds) {
  // Row-major y = x w is column-major y' = w' x'.
  const int rows = static_cast<int>(m);
  const int columns = static_cast<int>(n);
  const int inner = static_cast<int>(k);
  const int first_lead = first_transposed ? rows : inner;
  const int second_lead = transposed ? inner : columns;
  const float one = 1;
  const float beta = adds ? 1 : 0;
  sgemm_(transposed ? "T" : "N", first_transposed ? "T" : "N", &columns, &rows, &inner, &one, w, &second_lead, x, &first_lead, &beta, y, &columns);
}

Drops::Drops(double share, uint64_t seed) : state_(seed) {
  drop_.limit = static_cast<uint32_t>(std::llround((1 - share) * 4294967295.0));
  drop_.kept = static_cast<float>(1 / (1 - share));
}

Drop Drops::next() {
  // Steele, Lea & Flood 2014 (splitmix64).
  state_ += 0x9E3779B97F4A7C15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  drop_.key = static_cast<uint32_t>((z ^ (z >> 31U)) >> 32U);
  return drop_;
}

Slot Tape::slot(size_t width) { return make_slot(width, training_); }
Slot Tape::input(size_t width) { return make_slot(width, false); }

Slot Tape::make_slot(size_t width, bool with_gradient) {
  Buffer buffer;
  buffer.width = width;
  buffer.value = Floats(largest_ * width);
  if (with_gradient) buffer.gradient = Floats(largest_ * width);
  slots_.push_back(std::move(buffer));
  return slots_.size() - 1;
}

void Tape::add(std::unique_ptr<Operation> operation) {
  operations_.push_back(std::move(operation));
  sealed_ = false;
}

// The last operation to read a slot is the first to write its gradient.
void Tape::seal() {
  std::vector<char> begun(slots_.size(), 0);
  for (size_t i = operations_.size(); i-- > 0;) {
    Operation& operation = *operations_[i];
    operation.adds.clear();
    for (const Slot input : operation.inputs) {
      operation.adds.push_back(begun[input]);
      begun[input] = 1;
    }
  }
  sealed_ = true;
}

void Tape::forward(size_t rows) {
  at::set_num_threads(1);  // of the matrix products
  if (rows > largest_) throw Error(ErrorCode::kInternal, "tape: more rows than it was made for");
  if (!sealed_) seal();
  for (const auto& operation : operations_) operation->forward(rows);
}

void Tape::backward(size_t rows) {
  for (size_t i = operations_.size(); i-- > 0;) operations_[i]->backward(rows);
}

template <typename F, typename B>
Slot Tape::push(const std::vector<Slot>& inputs, size_t width, F forward, B backward) {
  const Slot out = slot(width);
  auto bound_forward = [this, out, forward = std::move(forward)](size_t rows) { forward(rows, value(out)); };
  auto bound_backward = [this, out, backward = std::move(backward)](size_t rows, const std::vector<char>& begun) {
    backward(rows, static_cast<const float*>(gradient(out)), begun);
  };
  auto step = std::make_unique<Step<decltype(bound_forward), decltype(bound_backward)>>(std::move(bound_forward), std::move(bound_backward));
  step->inputs = inputs;
  add(std::move(step));
  return out;
}

using Begun = std::vector<char>;

Slot Tape::dense(Slot x, Weight w, Weight bias, size_t out, size_t repeats) {
  const auto& kernels = step_kernels();
  const size_t in = width(x) / repeats;
  const auto forward = [=, this, &kernels](size_t rows, float* y) {
    if (out == 1 && repeats == 1) {
      for (size_t r = 0; r < rows; ++r) y[r] = kernels.dot(in, value(x) + r * in, w.value) + (bias.value != nullptr ? *bias.value : 0.0F);
      return;
    }
    product(false, true, rows * repeats, out, in, value(x), w.value, y, false);
    if (bias.value != nullptr) kernels.add_bias(rows * repeats, out, bias.value, y);
  };
  const auto backward = [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
    if (bias.value != nullptr) kernels.column_sums(rows * repeats, out, d, bias.gradient);
    if (out == 1 && repeats == 1) {
      std::fill_n(w.gradient, in, 0.0F);
      for (size_t r = 0; r < rows; ++r) kernels.add_scaled(in, d[r], value(x) + r * in, w.gradient);
      if (gradient(x) == nullptr) return;
      if (begun[0] == 0) std::fill_n(gradient(x), rows * in, 0.0F);
      for (size_t r = 0; r < rows; ++r) kernels.add_scaled(in, d[r], w.value, gradient(x) + r * in);
      return;
    }
    product(true, false, out, in, rows * repeats, d, value(x), w.gradient, false);
    if (gradient(x) != nullptr) product(false, false, rows * repeats, in, out, d, w.value, gradient(x), begun[0] != 0);
  };
  return push({x}, out * repeats, forward, backward);
}

Slot Tape::unit(Slot z, Weight bias, Activation activation, double share, uint64_t seed) {
  const auto& kernels = step_kernels();
  const size_t n = width(z);
  struct State {
    Drops drops;
    Drop drop;
  };
  const bool drops = training_ && share > 0;
  const auto state = std::make_shared<State>(State{Drops(share, seed), {}});
  return push(
      {z}, n,
      [=, this, &kernels](size_t rows, float* y) {
        if (drops) state->drop = state->drops.next();
        kernels.unit(activation, rows, n, bias.value, state->drop, value(z), y);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        kernels.unit_back(activation, rows, n, state->drop, value(z), d, gradient(z), bias.gradient, begun[0] != 0);
      });
}

Slot Tape::dropout(Slot x, double share, uint64_t seed) {
  if (!training_ || share <= 0) return x;
  const auto& kernels = step_kernels();
  const size_t n = width(x);
  struct State {
    Drops drops;
    Drop drop;
  };
  const auto state = std::make_shared<State>(State{Drops(share, seed), {}});
  return push(
      {x}, n,
      [=, this, &kernels](size_t rows, float* y) {
        state->drop = state->drops.next();
        kernels.drop(rows * n, state->drop, value(x), y, false);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) { kernels.drop(rows * n, state->drop, d, gradient(x), begun[0] != 0); });
}

Slot Tape::norm(Slot x, const NormWeights& weights) {
  const auto& kernels = step_kernels();
  const size_t n = width(x);
  // Batch mean, variance and 1 / deviation; for known statistics a factor, a shift and 1 / deviation.
  const auto state = std::make_shared<std::vector<float>>(3 * n);
  const auto by_batch = [training = training_](size_t rows) { return training && rows > 1; };  // one row alone has no variance
  return push(
      {x}, n,
      [=, this, &kernels](size_t rows, float* y) {
        float* mean = state->data();
        float* variance = mean + n;
        float* inverse = variance + n;
        if (by_batch(rows)) {
          kernels.norm(rows, n, value(x), weights.gain.value, weights.shift.value, kNormEpsilon, mean, variance, inverse, y);
          const float unbiased = static_cast<float>(rows) / static_cast<float>(rows - 1);
          for (size_t c = 0; c < n; ++c) {
            weights.mean[c] += kNormMomentum * (mean[c] - weights.mean[c]);
            weights.variance[c] += kNormMomentum * (unbiased * variance[c] - weights.variance[c]);
          }
          return;
        }
        for (size_t c = 0; c < n; ++c) {
          inverse[c] = 1 / std::sqrt(weights.variance[c] + kNormEpsilon);
          mean[c] = weights.gain.value[c] * inverse[c];
          variance[c] = weights.shift.value[c] - weights.mean[c] * mean[c];
        }
        kernels.scale(rows, n, value(x), mean, variance, y);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        const float* mean = state->data();
        const float* inverse = mean + 2 * n;
        if (by_batch(rows)) {
          kernels.norm_back(rows, n, value(x), weights.gain.value, mean, inverse, d, weights.gain.gradient, weights.shift.gradient, gradient(x),
                            begun[0] != 0);
          return;
        }
        for (size_t c = 0; c < n; ++c) {
          weights.shift.gradient[c] = d[c];
          weights.gain.gradient[c] = d[c] * (value(x)[c] - weights.mean[c]) * inverse[c];
        }
        kernels.multiply(n, d, mean, gradient(x), begun[0] != 0);
      });
}

Slot Tape::add(Slot a, Slot b) {
  const auto& kernels = step_kernels();
  const size_t n = width(a);
  return push(
      {a, b}, n,
      [=, this, &kernels](size_t rows, float* y) {
        std::copy_n(value(a), rows * n, y);
        kernels.add(rows * n, value(b), y);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        kernels.copy(rows * n, d, gradient(a), begun[0] != 0);
        kernels.copy(rows * n, d, gradient(b), begun[1] != 0);
      });
}

Slot Tape::multiply(Slot a, Slot b) {
  const auto& kernels = step_kernels();
  const size_t n = width(a);
  return push(
      {a, b}, n, [=, this, &kernels](size_t rows, float* y) { kernels.multiply(rows * n, value(a), value(b), y, false); },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        kernels.multiply(rows * n, d, value(b), gradient(a), begun[0] != 0);
        kernels.multiply(rows * n, d, value(a), gradient(b), begun[1] != 0);
      });
}

Slot Tape::join(const std::vector<Slot>& parts) {
  if (parts.size() == 1) return parts[0];
  const auto& kernels = step_kernels();
  size_t total = 0;
  for (const Slot part : parts) total += width(part);
  return push(
      parts, total,
      [=, this](size_t rows, float* y) {
        size_t at = 0;
        for (const Slot part : parts) {
          const size_t n = width(part);
          for (size_t r = 0; r < rows; ++r) std::copy_n(value(part) + r * n, n, y + r * total + at);
          at += n;
        }
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        size_t at = 0;
        for (size_t p = 0; p < parts.size(); ++p) {
          const size_t n = width(parts[p]);
          if (gradient(parts[p]) != nullptr) {
            for (size_t r = 0; r < rows; ++r) kernels.copy(n, d + r * total + at, gradient(parts[p]) + r * n, begun[p] != 0);
          }
          at += n;
        }
      });
}

Slot Tape::shift(Slot x, Weight by) {
  const auto& kernels = step_kernels();
  const size_t n = width(x);
  return push(
      {x}, n,
      [=, this, &kernels](size_t rows, float* y) {
        std::copy_n(value(x), rows * n, y);
        kernels.add_bias(rows, n, by.value, y);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        kernels.column_sums(rows, n, d, by.gradient);
        kernels.copy(rows * n, d, gradient(x), begun[0] != 0);
      });
}

Slot Tape::scale(Slot x, Weight by) {
  const auto& kernels = step_kernels();
  const size_t n = width(x);
  return push(
      {x}, n,
      [=, this, &kernels](size_t rows, float* y) {
        for (size_t r = 0; r < rows; ++r) kernels.multiply(n, value(x) + r * n, by.value, y + r * n, false);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        std::fill_n(by.gradient, n, 0.0F);
        for (size_t r = 0; r < rows; ++r) {
          kernels.multiply(n, d + r * n, value(x) + r * n, by.gradient, true);
          kernels.multiply(n, d + r * n, by.value, gradient(x) + r * n, begun[0] != 0);
        }
      });
}

Slot Tape::sum(Slot x) {
  const size_t n = width(x);
  return push(
      {x}, 1,
      [=, this](size_t rows, float* y) {
        for (size_t r = 0; r < rows; ++r) {
          const float* from = value(x) + r * n;
          float total = 0;
          for (size_t c = 0; c < n; ++c) total += from[c];
          y[r] = total;
        }
      },
      [=, this](size_t rows, const float* d, const Begun& begun) {
        for (size_t r = 0; r < rows; ++r) {
          float* to = gradient(x) + r * n;
          for (size_t c = 0; c < n; ++c) to[c] = begun[0] != 0 ? to[c] + d[r] : d[r];
        }
      });
}

Slot Tape::pairwise(Slot vectors, size_t fields) {
  const auto& kernels = step_kernels();
  const size_t k = width(vectors) / fields;
  const Slot sums = slot(k);
  return push(
      {vectors}, k, [=, this, &kernels](size_t rows, float* y) { kernels.pairwise(rows, fields, k, value(vectors), value(sums), y); },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        kernels.pairwise_back(rows, fields, k, value(vectors), value(sums), d, gradient(vectors), begun[0] != 0);
      });
}

Slot Tape::field_sum(Slot vectors, size_t fields) {
  const auto& kernels = step_kernels();
  const size_t k = width(vectors) / fields;
  return push(
      {vectors}, k,
      [=, this, &kernels](size_t rows, float* y) {
        for (size_t r = 0; r < rows; ++r) kernels.column_sums(fields, k, value(vectors) + r * fields * k, y + r * k);
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        for (size_t r = 0; r < rows; ++r) {
          for (size_t f = 0; f < fields; ++f) kernels.copy(k, d + r * k, gradient(vectors) + (r * fields + f) * k, begun[0] != 0);
        }
      });
}

Slot Tape::outer(Slot x) {
  const auto& kernels = step_kernels();
  const size_t k = width(x);
  return push(
      {x}, k * k,
      [=, this, &kernels](size_t rows, float* y) {
        std::fill_n(y, rows * k * k, 0.0F);
        for (size_t r = 0; r < rows; ++r) {
          for (size_t i = 0; i < k; ++i) kernels.add_scaled(k, value(x)[r * k + i], value(x) + r * k, y + (r * k + i) * k);
        }
      },
      [=, this, &kernels](size_t rows, const float* d, const Begun& begun) {
        if (begun[0] == 0) std::fill_n(gradient(x), rows * k, 0.0F);
        for (size_t r = 0; r < rows; ++r) {
          const float* from = value(x) + r * k;
          float* to = gradient(x) + r * k;
          for (size_t i = 0; i < k; ++i) {
            const float* row = d + (r * k + i) * k;
            to[i] += kernels.dot(k, row, from);
            kernels.add_scaled(k, from[i], row, to);
          }
        }
      });
}

}  // namespace obligor::net
