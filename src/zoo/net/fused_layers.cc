#include "zoo/net/fused_layers.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/random.h"
#include "zoo/net/members.h"
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

}  // namespace

FusedLayers build_layers(Tape& tape, const NetworkShape& shape, const FusedWeights& weights, const Source& source, uint64_t seed) {
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
      z = stacked_dense(tape, x, weight, weights.at("input_scale"), shape.members, shape.hidden);
    } else {
      z = tape.dense(x, weight, {}, shape.hidden, l == 0 ? 1 : shape.members);
    }
    if (shape.batch_norm) z = tape.norm(z, {weights.at(fmt::format("norm:{}", l)), bias, weights.statistics[l].first, weights.statistics[l].second});
    out.z.push_back(z);
    const Slot y = tape.unit(z, shape.batch_norm ? Weight{} : bias, shape.activation, shape.dropout, derive_seed(seed, "layer", l));
    x = shape.residual && l > 0 ? tape.add(y, x) : y;
  }
  out.logits = member_heads(tape, x, weights.at("head"), weights.at("head_bias"), shape.members);
  return out;
}

}  // namespace obligor::net
