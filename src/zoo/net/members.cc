#include "zoo/net/members.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "zoo/net/step_kernels.h"

namespace obligor::net {
namespace {

// The first layer of several members: one product with the stacked weights W diag(r_e), which are made anew in every pass.
class StackedDense final : public Operation {
 public:
  StackedDense(const Tape& tape, Slot x, Weight weight, Weight scale, size_t members, size_t hidden, Slot out)
      : tape_(tape),
        members_(members),
        hidden_(hidden),
        in_(tape.width(x)),
        weight_(weight),
        scale_(scale),
        out_(out),
        stacked_(members * hidden * in_ + 16) {
    inputs = {x};
    if (tape.training()) d_stacked_.resize(stacked_.size());
  }

  void forward(size_t rows) override {
    each_unit(
        [&](size_t unit, size_t e, size_t at) { kernels_.multiply(in_, weight_.value + unit * in_, scale_.value + e * in_, &stacked_[at], false); });
    product(false, true, rows, units(), in_, tape_.value(inputs[0]), stacked_.data(), tape_.value(out_), false);
  }

  void backward(size_t rows) override {
    const float* d = tape_.gradient(out_);
    product(true, false, units(), in_, rows, d, tape_.value(inputs[0]), d_stacked_.data(), false);
    std::fill_n(weight_.gradient, hidden_ * in_, 0.0F);
    std::fill_n(scale_.gradient, members_ * in_, 0.0F);
    each_unit([&](size_t unit, size_t e, size_t at) {
      kernels_.multiply(in_, &d_stacked_[at], scale_.value + e * in_, weight_.gradient + unit * in_, true);
      kernels_.multiply(in_, &d_stacked_[at], weight_.value + unit * in_, scale_.gradient + e * in_, true);
    });
    float* d_x = tape_.gradient(inputs[0]);
    if (d_x != nullptr) product(false, false, rows, in_, units(), d, stacked_.data(), d_x, adds[0] != 0);
  }

 private:
  [[nodiscard]] size_t units() const { return members_ * hidden_; }
  template <typename F>
  void each_unit(const F& f) const {
    for (size_t e = 0; e < members_; ++e) {
      for (size_t unit = 0; unit < hidden_; ++unit) f(unit, e, (e * hidden_ + unit) * in_);
    }
  }

  const Tape& tape_;
  size_t members_;
  size_t hidden_;
  size_t in_;
  Weight weight_;
  Weight scale_;
  Slot out_;
  std::vector<float> stacked_, d_stacked_;
  const StepKernels& kernels_ = step_kernels();
};

// A logit for each member, from the units of its own.
class Heads final : public Operation {
 public:
  Heads(const Tape& tape, Slot x, Weight weight, Weight bias, size_t members, Slot out)
      : tape_(tape), members_(members), hidden_(tape.width(x) / members), weight_(weight), bias_(bias), out_(out) {
    inputs = {x};
  }

  void forward(size_t rows) override {
    const float* x = tape_.value(inputs[0]);
    float* z = tape_.value(out_);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t e = 0; e < members_; ++e, x += hidden_) *z++ = kernels_.dot(hidden_, x, weight_.value + e * hidden_) + bias_.value[e];
    }
  }

  void backward(size_t rows) override {
    const float* x = tape_.value(inputs[0]);
    const float* d = tape_.gradient(out_);
    float* d_x = tape_.gradient(inputs[0]);
    kernels_.column_sums(rows, members_, d, bias_.gradient);
    std::fill_n(weight_.gradient, members_ * hidden_, 0.0F);
    if (adds[0] == 0) std::fill_n(d_x, rows * members_ * hidden_, 0.0F);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t e = 0; e < members_; ++e, x += hidden_, d_x += hidden_, ++d) {
        kernels_.add_scaled(hidden_, *d, x, weight_.gradient + e * hidden_);
        kernels_.add_scaled(hidden_, *d, weight_.value + e * hidden_, d_x);
      }
    }
  }

 private:
  const Tape& tape_;
  size_t members_;
  size_t hidden_;
  Weight weight_;
  Weight bias_;
  Slot out_;
  const StepKernels& kernels_ = step_kernels();
};

}  // namespace

Slot stacked_dense(Tape& tape, Slot x, Weight weight, Weight scale, size_t members, size_t units) {
  const Slot out = tape.slot(members * units);
  tape.add(std::make_unique<StackedDense>(tape, x, weight, scale, members, units, out));
  return out;
}

Slot member_heads(Tape& tape, Slot x, Weight weight, Weight bias, size_t members) {
  const Slot out = tape.slot(members);
  tape.add(std::make_unique<Heads>(tape, x, weight, bias, members, out));
  return out;
}

}  // namespace obligor::net
