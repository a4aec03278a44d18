#include "zoo/net/fused_layers.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/net/start.h"
#include "zoo/net/step_kernels.h"

namespace obligor::net {
namespace {

// The numbers of the rows, and the embeddings of their codes.
class Inputs final : public Operation {
 public:
  Inputs(const Tape& tape, const NetworkShape& shape, std::vector<Weight> tables, const Source& source, Slot out)
      : tape_(tape), shape_(shape), tables_(std::move(tables)), source_(source), out_(out) {}

  void forward(size_t rows) override {
    float* to = tape_.value(out_);
    for (size_t r = 0; r < rows; ++r) {
      const size_t row = source_.row(r);
      to = std::copy_n(source_.batch.features.data() + row * shape_.width, shape_.width, to);
      for (size_t k = 0; k < tables_.size(); ++k) to = std::copy_n(tables_[k].value + at(k, row), shape_.embedding, to);
    }
  }

  void backward(size_t rows) override {
    for (size_t k = 0; k < tables_.size(); ++k) std::fill_n(tables_[k].gradient, shape_.code_levels[k] * shape_.embedding, 0.0F);
    const float* d = tape_.gradient(out_);
    if (d == nullptr) return;
    for (size_t r = 0; r < rows; ++r) {
      d += shape_.width;
      for (size_t k = 0; k < tables_.size(); ++k, d += shape_.embedding) {
        kernels_.add(shape_.embedding, d, tables_[k].gradient + at(k, source_.row(r)));
      }
    }
  }

 private:
  [[nodiscard]] size_t at(size_t k, size_t row) const { return static_cast<size_t>(source_.batch.codes[k][row]) * shape_.embedding; }

  const Tape& tape_;
  const NetworkShape& shape_;
  std::vector<Weight> tables_;
  const Source& source_;
  Slot out_;
  const StepKernels& kernels_ = step_kernels();
};

// The first layer of several members: one product with the stacked weights W diag(r_e), which are made anew in every pass.
class StackedDense final : public Operation {
 public:
  StackedDense(const Tape& tape, const NetworkShape& shape, Weight weight, Weight scale, Slot x, Slot out)
      : tape_(tape), shape_(shape), in_(tape.width(x)), weight_(weight), scale_(scale), out_(out), stacked_(shape.members * shape.hidden * in_ + 16) {
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
    std::fill_n(weight_.gradient, shape_.hidden * in_, 0.0F);
    std::fill_n(scale_.gradient, shape_.members * in_, 0.0F);
    each_unit([&](size_t unit, size_t e, size_t at) {
      kernels_.multiply(in_, &d_stacked_[at], scale_.value + e * in_, weight_.gradient + unit * in_, true);
      kernels_.multiply(in_, &d_stacked_[at], weight_.value + unit * in_, scale_.gradient + e * in_, true);
    });
    float* d_x = tape_.gradient(inputs[0]);
    if (d_x != nullptr) product(false, false, rows, in_, units(), d, stacked_.data(), d_x, adds[0] != 0);
  }

 private:
  [[nodiscard]] size_t units() const { return shape_.members * shape_.hidden; }
  template <typename F>
  void each_unit(const F& f) const {
    for (size_t e = 0; e < shape_.members; ++e) {
      for (size_t unit = 0; unit < shape_.hidden; ++unit) f(unit, e, (e * shape_.hidden + unit) * in_);
    }
  }

  const Tape& tape_;
  const NetworkShape& shape_;
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
  Heads(const Tape& tape, const NetworkShape& shape, Weight weight, Weight bias, Slot x, Slot out)
      : tape_(tape), members_(shape.members), hidden_(shape.hidden), weight_(weight), bias_(bias), out_(out) {
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

FusedLayers build_layers(Tape& tape, const NetworkShape& shape, const FusedWeights& weights, const Source& source, uint64_t seed) {
  const size_t units = shape.members * shape.hidden;
  std::vector<Weight> tables;
  for (size_t k = 0; k < shape.code_levels.size(); ++k) tables.push_back(weights.at(fmt::format("embedding:{}", k)));
  Slot x = tables.empty() ? tape.input(inputs_of(shape)) : tape.slot(inputs_of(shape));
  tape.add(std::make_unique<Inputs>(tape, shape, std::move(tables), source, x));

  FusedLayers out;
  for (size_t l = 0; l < shape.layers; ++l) {
    const Weight weight = weights.at(fmt::format("weight:{}", l));
    const Weight bias = weights.at(fmt::format("bias:{}", l));
    Slot z = 0;
    if (l == 0 && shape.members > 1) {
      z = tape.slot(units);
      tape.add(std::make_unique<StackedDense>(tape, shape, weight, weights.at("input_scale"), x, z));
    } else {
      z = tape.dense(x, weight, {}, shape.hidden, l == 0 ? 1 : shape.members);
    }
    if (shape.batch_norm) z = tape.norm(z, {weights.at(fmt::format("norm:{}", l)), bias, weights.statistics[l].first, weights.statistics[l].second});
    out.z.push_back(z);
    const Slot y = tape.unit(z, shape.batch_norm ? Weight{} : bias, shape.activation, shape.dropout, derive_seed(seed, "layer", l));
    x = shape.residual && l > 0 ? tape.add(y, x) : y;
  }
  out.logits = tape.slot(shape.members);
  tape.add(std::make_unique<Heads>(tape, shape, weights.at("head"), weights.at("head_bias"), x, out.logits));
  return out;
}

}  // namespace obligor::net
