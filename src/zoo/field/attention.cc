#include "zoo/field/attention.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/floats.h"
#include "zoo/field/attention_kernels.h"
#include "zoo/net/step_kernels.h"

namespace obligor::field {
namespace {

using net::Operation;
using net::Slot;
using net::Tape;
using net::Weight;

constexpr float kEpsilon = 1e-5F;

class FirstToken final : public Operation {
 public:
  FirstToken(const Tape& tape, Slot x, Weight token, size_t k, Slot out) : tape_(tape), token_(token), k_(k), out_(out) { inputs = {x}; }
  void forward(size_t rows) override {
    const size_t n = tape_.width(inputs[0]);
    const float* from = tape_.value(inputs[0]);
    float* to = tape_.value(out_);
    for (size_t r = 0; r < rows; ++r, from += n) to = std::copy_n(from, n, std::copy_n(token_.value, k_, to));
  }
  void backward(size_t rows) override {
    const size_t n = tape_.width(inputs[0]);
    const auto& kernels = net::step_kernels();
    std::fill_n(token_.gradient, k_, 0.0F);
    const float* d = tape_.gradient(out_);
    float* to = tape_.gradient(inputs[0]);
    for (size_t r = 0; r < rows; ++r, d += k_ + n, to += n) {
      kernels.add(k_, d, token_.gradient);
      kernels.copy(n, d + k_, to, adds[0] != 0);
    }
  }

 private:
  const Tape& tape_;
  Weight token_;
  size_t k_;
  Slot out_;
};

// `width` numbers of each of the parts of a row, from the `at`-th on.
class Part final : public Operation {
 public:
  Part(const Tape& tape, Slot x, size_t parts, size_t at, Slot out) : tape_(tape), parts_(parts), at_(at), out_(out) { inputs = {x}; }
  void forward(size_t rows) override {
    const size_t n = tape_.width(inputs[0]) / parts_;
    const size_t width = tape_.width(out_) / parts_;
    for (size_t i = 0; i < rows * parts_; ++i) std::copy_n(tape_.value(inputs[0]) + i * n + at_, width, tape_.value(out_) + i * width);
  }
  void backward(size_t rows) override {
    const size_t n = tape_.width(inputs[0]) / parts_;
    const size_t width = tape_.width(out_) / parts_;
    float* to = tape_.gradient(inputs[0]);
    if (adds[0] == 0) std::fill_n(to, rows * parts_ * n, 0.0F);
    const auto& kernels = net::step_kernels();
    for (size_t i = 0; i < rows * parts_; ++i) kernels.add(width, tape_.gradient(out_) + i * width, to + i * n + at_);
  }

 private:
  const Tape& tape_;
  size_t parts_;
  size_t at_;
  Slot out_;
};

Slot part_of(Tape& tape, Slot x, size_t parts, size_t at, size_t width) {
  const Slot out = tape.slot(parts * width);
  tape.add(std::make_unique<Part>(tape, x, parts, at, out));
  return out;
}

class LayerNorm final : public Operation {
 public:
  LayerNorm(const Tape& tape, Slot x, Weight gain, Weight shift, size_t k, Slot out) : tape_(tape), gain_(gain), shift_(shift), k_(k), out_(out) {
    inputs = {x};
    mean_.resize(tape.largest() * tape.width(x) / k);
    inverse_.resize(mean_.size());
  }
  void forward(size_t rows) override {
    kernels_.layer_norm(rows * tape_.width(out_) / k_, k_, tape_.value(inputs[0]), gain_.value, shift_.value, kEpsilon, mean_.data(), inverse_.data(),
                        tape_.value(out_));
  }
  void backward(size_t rows) override {
    kernels_.layer_norm_back(rows * tape_.width(out_) / k_, k_, tape_.value(inputs[0]), gain_.value, mean_.data(), inverse_.data(),
                             tape_.gradient(out_), gain_.gradient, shift_.gradient, tape_.gradient(inputs[0]), adds[0] != 0);
  }

 private:
  const Tape& tape_;
  Weight gain_;
  Weight shift_;
  size_t k_;
  Slot out_;
  std::vector<float> mean_, inverse_;
  const AttentionKernels& kernels_ = attention_kernels();
};

class Attention final : public Operation {
 public:
  Attention(const Tape& tape, const std::array<Slot, 3>& query_key_value, const Heads& heads, double share, uint64_t seed, Slot out)
      : tape_(tape),
        shape_{tape.width(query_key_value[0]) / heads.width, tape.width(query_key_value[1]) / heads.width, heads.width, heads.count},
        out_(out),
        drops_(share, seed),
        drops_some_(tape.training() && share > 0),
        scratch_(shape_.scratch()),
        logs_(tape.largest() * shape_.heads * shape_.asked) {
    inputs.assign(query_key_value.begin(), query_key_value.end());
  }

  void forward(size_t rows) override {
    if (drops_some_) drop_ = drops_.next();
    for (size_t r = 0; r < rows; ++r) {
      kernels_.attend(shape_, row(0, r), row(1, r), row(2, r), drop_, first(r), scratch_.data(), logs(r), tape_.value(out_) + r * asked());
    }
  }
  void backward(size_t rows) override {
    const bool begun[3] = {adds[0] != 0, adds[1] != 0, adds[2] != 0};
    for (size_t r = 0; r < rows; ++r) {
      kernels_.attend_back(shape_, row(0, r), row(1, r), row(2, r), drop_, first(r), scratch_.data(), logs(r), tape_.gradient(out_) + r * asked(),
                           slope(0, r), slope(1, r), slope(2, r), begun);
    }
  }

 private:
  [[nodiscard]] size_t asked() const { return shape_.asked * shape_.width; }
  [[nodiscard]] const float* row(size_t input, size_t r) const { return tape_.value(inputs[input]) + r * tape_.width(inputs[input]); }
  [[nodiscard]] float* slope(size_t input, size_t r) const { return tape_.gradient(inputs[input]) + r * tape_.width(inputs[input]); }
  [[nodiscard]] float* logs(size_t r) { return logs_.data() + r * shape_.heads * shape_.asked; }
  [[nodiscard]] size_t first(size_t r) const { return r * shape_.heads * shape_.asked * shape_.stride(); }

  const Tape& tape_;
  AttendShape shape_;
  Slot out_;
  net::Drops drops_;
  net::Drop drop_;
  bool drops_some_;
  Floats scratch_;
  std::vector<float> logs_;
  const AttentionKernels& kernels_ = attention_kernels();
};

}  // namespace

Slot first_token(Tape& tape, Slot x, Weight token, size_t k) {
  const Slot out = tape.slot(k + tape.width(x));
  tape.add(std::make_unique<FirstToken>(tape, x, token, k, out));
  return out;
}

Slot first_numbers(Tape& tape, Slot x, size_t count) { return tape.width(x) == count ? x : part_of(tape, x, 1, 0, count); }

std::pair<Slot, Slot> halves(Tape& tape, Slot x, size_t tokens) {
  const size_t half = tape.width(x) / tokens / 2;
  const Slot first = part_of(tape, x, tokens, 0, half);
  return {first, part_of(tape, x, tokens, half, half)};
}

Slot layer_norm(Tape& tape, Slot x, Weight gain, Weight shift, size_t k) {
  const Slot out = tape.slot(tape.width(x));
  tape.add(std::make_unique<LayerNorm>(tape, x, gain, shift, k, out));
  return out;
}

Slot attention(Tape& tape, const std::array<Slot, 3>& query_key_value, const Heads& heads, double share, uint64_t seed) {
  const Slot out = tape.slot(tape.width(query_key_value[0]));
  tape.add(std::make_unique<Attention>(tape, query_key_value, heads, share, seed, out));
  return out;
}

}  // namespace obligor::field
