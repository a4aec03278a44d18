#include "zoo/net/start.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::net {
namespace {

using Draw = std::function<double()>;

class Declarer {
 public:
  Declarer(const NetworkShape& shape, Random& random) : shape_(shape), random_(random) {}

  // SELU's self-normalisation asks for a variance of 1/inputs (Klambauer et al. 2017).
  [[nodiscard]] Draw weight(size_t inputs) const {
    const auto in = static_cast<double>(std::max<size_t>(inputs, 1));
    const bool is_default = shape_.start == WeightStart::kDefault;
    if (shape_.start == WeightStart::kGlorot || (is_default && shape_.activation != Activation::kSelu)) {
      return within(shape_.start_scale * (is_default ? 1 / std::sqrt(in) : std::sqrt(6 / (in + static_cast<double>(shape_.hidden)))));
    }
    const double deviation = shape_.start_scale * std::sqrt((shape_.start == WeightStart::kHe ? 2 : 1) / in);
    return [this, deviation] { return deviation * random_.normal(); };
  }
  [[nodiscard]] Draw uniform(size_t inputs) const { return within(1 / std::sqrt(static_cast<double>(std::max<size_t>(inputs, 1)))); }
  [[nodiscard]] Draw normal(double deviation) const {
    return [this, deviation] { return deviation * random_.normal(); };
  }
  [[nodiscard]] Draw signs() const {
    return [this] { return random_.below(2) == 0 ? -1.0 : 1.0; };
  }

  void add(std::string name, size_t layer, std::vector<size_t> dims, const Draw& draw) {
    Part part{std::move(name), layer, {dims.begin(), dims.end()}, start.values.size(), 1};
    for (const size_t dim : dims) part.count *= dim;
    for (size_t i = 0; i < part.count; ++i) start.values.push_back(static_cast<float>(draw()));
    start.parts.push_back(std::move(part));
  }

  Start start;

 private:
  [[nodiscard]] Draw within(double bound) const {
    return [this, bound] { return bound * (2 * random_.uniform() - 1); };
  }

  const NetworkShape& shape_;
  Random& random_;
};

Draw constant(double value) {
  return [value] { return value; };
}

}  // namespace

const Part* Start::find(std::string_view name) const {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

const Part& Start::part(std::string_view name) const {
  if (const Part* found = find(name)) return *found;
  throw Error(ErrorCode::kInternal, fmt::format("network: no parameter '{}'", name));
}

Start start_network(const NetworkShape& shape, Random& random) {
  if (shape.layers < 1 || shape.hidden < 1 || shape.members < 1) throw Error(ErrorCode::kInternal, "network: an empty shape");
  Declarer to(shape, random);
  const size_t members = shape.members;
  const size_t hidden = shape.hidden;
  const auto inputs = [&](size_t l) { return l == 0 ? inputs_of(shape) : hidden; };
  for (size_t k = 0; k < shape.code_levels.size(); ++k) {
    to.add(fmt::format("embedding:{}", k), 0, {shape.code_levels[k], shape.embedding}, to.normal(0.1));
  }
  for (size_t l = 0; l < shape.layers; ++l) to.add(fmt::format("weight:{}", l), l, {hidden, inputs(l)}, to.weight(inputs(l)));
  to.add("head", shape.layers, {members, hidden}, to.uniform(hidden));
  to.start.decayed = to.start.values.size();
  if (members > 1) to.add("input_scale", 0, {members, inputs(0)}, to.signs());
  for (size_t l = 0; l < shape.layers; ++l) {
    if (shape.batch_norm) to.add(fmt::format("norm:{}", l), l, {members, hidden}, constant(1));
    to.add(fmt::format("bias:{}", l), l, {members, hidden}, shape.batch_norm ? constant(0) : to.uniform(inputs(l)));
  }
  to.add("head_bias", shape.layers, {members}, constant(0));
  return std::move(to.start);
}

std::vector<LayerState> layer_states(const NetworkShape& shape) {
  std::vector<LayerState> states(shape.layers + 1);
  for (size_t l = 0; l < states.size(); ++l) states[l].layer = l == shape.layers ? std::string("head") : fmt::format("layer {}", l + 1);
  return states;
}

void check_batch(const Batch& batch, const NetworkShape& shape) {
  if (batch.width != shape.width || batch.codes.size() < shape.code_levels.size() || batch.features.size() != batch.rows * batch.width) {
    throw Error(ErrorCode::kInternal, fmt::format("network: a batch of {} columns and {} codes where {} and {} are wanted", batch.width,
                                                  batch.codes.size(), shape.width, shape.code_levels.size()));
  }
  for (size_t k = 0; k < shape.code_levels.size(); ++k) {
    for (const int32_t code : batch.codes[k]) {
      if (code >= 0 && static_cast<uint32_t>(code) < shape.code_levels[k]) continue;
      throw Error(ErrorCode::kInternal, fmt::format("network: code column {}: code {} is outside 0..{}", k, code, shape.code_levels[k] - 1));
    }
  }
}

}  // namespace obligor::net
