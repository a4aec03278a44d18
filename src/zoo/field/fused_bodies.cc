#include "zoo/field/fused_bodies.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/field/attention.h"
#include "zoo/field/declare.h"
#include "zoo/field/inner_products.h"
#include "zoo/net/members.h"
#include "zoo/net/step_kernels.h"

namespace obligor::field {

void TouchedRows::prepare(size_t rows, size_t columns, float* whole, size_t most) {
  columns_ = columns;
  whole_ = whole;
  if (whole == nullptr) own_.resize(std::min(rows, most) * columns);
  place_.assign(rows, 0);
  stamp_.assign(rows, 0);
  rows_.reserve(std::min(rows, most));
}

void TouchedRows::begin_batch() {
  ++batch_;
  if (whole_ != nullptr) {
    for (const uint32_t row : rows_) std::fill_n(whole_ + row * columns_, columns_, 0.0F);
  }
  rows_.clear();
}

float* TouchedRows::at(int32_t row) {
  const auto r = static_cast<size_t>(row);
  if (stamp_[r] != batch_) {
    stamp_[r] = batch_;
    place_[r] = static_cast<uint32_t>(rows_.size());
    rows_.push_back(static_cast<uint32_t>(r));
    if (whole_ == nullptr) std::fill_n(own_.data() + place_[r] * columns_, columns_, 0.0F);
  }
  return whole_ != nullptr ? whole_ + r * columns_ : own_.data() + place_[r] * columns_;
}

namespace {

using net::Operation;
using net::Slot;
using net::Tape;
using net::Weight;

// The numbers of the rows, as they are.
class ReadNumbers final : public Operation {
 public:
  ReadNumbers(const Tape& tape, const Source& source, Slot out) : tape_(tape), source_(source), out_(out) {}
  void forward(size_t rows) override {
    const size_t width = tape_.width(out_);
    for (size_t r = 0; r < rows; ++r) std::copy_n(source_.numbers + source_.row(r) * width, width, tape_.value(out_) + r * width);
  }
  void backward(size_t /*rows*/) override {}

 private:
  const Tape& tape_;
  const Source& source_;
  Slot out_;
};

// The vectors of the fields, and w0 + the sum of the first order (w0 alone where the shape has none).
class Fields final : public Operation {
 public:
  Fields(const Tape& tape, const FieldShape& shape, const Layout& layout, const FusedWeights& weights, const Source& source, Slot vectors,
         Slot linear)
      : tape_(tape),
        shape_(shape),
        space_(shape.space),
        source_(source),
        vectors_(vectors),
        linear_(linear),
        weights_(weights),
        pieces_(space_.number_fields() > 0 ? space_.pieces() : 0),
        intercept_(at(layout, "intercept")) {
    if (space_.number_fields() > 0) numbers_ = at(layout, "numbers");
    if (layout.has("numbers.bias")) bias_ = at(layout, "numbers.bias");
    before_.resize(space_.number_fields() * pieces_ * shape_.columns());
    if (weights_.gradient != nullptr) d_before_.resize(before_.size());
  }

  void forward(size_t rows) override {
    const size_t k = shape_.embedding;
    const size_t columns = shape_.columns();
    const size_t fields = space_.fields();
    sum_pieces();
    for (size_t r = 0; r < rows; ++r) {
      const size_t row = source_.row(r);
      float* out = tape_.value(vectors_) + r * fields * k;
      float first_order = *intercept_.value;
      for (size_t c = 0; c < space_.number_fields(); ++c) {
        const Place place = place_of(c, source_.numbers[row * space_.width + c]);
        const size_t at = (c * pieces_ + place.piece) * columns;
        std::copy_n(before_.data() + at, k, out);
        kernels_.add_scaled(k, place.share, numbers_.value + at, out);
        if (shape_.linear) first_order += before_[at + k] + place.share * numbers_.value[at + k];
        out += k;
      }
      const int32_t* codes = source_.codes + row * space_.code_fields();
      for (size_t f = 0; f < space_.code_fields(); ++f, out += k) {
        const float* vector = weights_.table + static_cast<size_t>(codes[f]) * columns;
        std::copy_n(vector, k, out);
        if (shape_.linear) first_order += vector[k];
      }
      tape_.value(linear_)[r] = first_order;
    }
  }

  void backward(size_t rows) override {
    const size_t k = shape_.embedding;
    const size_t columns = shape_.columns();
    const size_t fields = space_.fields();
    *intercept_.gradient = 0;
    if (numbers_.value != nullptr) std::fill_n(numbers_.gradient, space_.number_fields() * pieces_ * columns, 0.0F);
    std::fill(d_before_.begin(), d_before_.end(), 0.0F);
    for (size_t r = 0; r < rows; ++r) {
      const size_t row = source_.row(r);
      const float* d = tape_.gradient(vectors_) + r * fields * k;
      const float d_linear = tape_.gradient(linear_)[r];
      *intercept_.gradient += d_linear;
      for (size_t c = 0; c < space_.number_fields(); ++c, d += k) {
        const Place place = place_of(c, source_.numbers[row * space_.width + c]);
        const size_t at = (c * pieces_ + place.piece) * columns;
        kernels_.add_scaled(k, place.share, d, numbers_.gradient + at);
        kernels_.add(k, d, d_before_.data() + at);
        if (shape_.linear) {
          numbers_.gradient[at + k] += place.share * d_linear;
          d_before_[at + k] += d_linear;
        }
      }
      const int32_t* codes = source_.codes + row * space_.code_fields();
      for (size_t f = 0; f < space_.code_fields(); ++f, d += k) {
        float* vector = weights_.rows->at(codes[f]);
        kernels_.add(k, d, vector);
        if (shape_.linear) vector[k] += d_linear;
      }
    }
    spread_to_pieces();
  }

 private:
  // Where a number lies: all of the pieces before this one, and a share of it.
  struct Place {
    size_t piece = 0;
    float share = 0;
  };

  [[nodiscard]] Weight at(const Layout& layout, std::string_view name) const {
    const size_t offset = layout.offset(name);
    return {weights_.flat + offset, weights_.gradient != nullptr ? weights_.gradient + offset : nullptr};
  }

  [[nodiscard]] Place place_of(size_t c, float x) const {
    if (space_.numbers_as != NumbersAs::kPiecewise) return {0, x};
    const auto& edges = space_.edges[c];
    if (edges.size() < 2 || x <= edges[0]) return {};
    size_t piece = 0;
    while (piece + 2 < edges.size() && x > edges[piece + 1]) ++piece;
    const auto begin = static_cast<double>(edges[piece]);
    const double share = (static_cast<double>(x) - begin) / (static_cast<double>(edges[piece + 1]) - begin);
    return {piece, static_cast<float>(std::min(share, 1.0))};
  }

  // before_: the bias and the vectors of the pieces before each one.
  void sum_pieces() {
    const size_t columns = shape_.columns();
    for (size_t c = 0; c < space_.number_fields(); ++c) {
      float* sum = before_.data() + c * pieces_ * columns;
      if (bias_.value != nullptr) std::copy_n(bias_.value + c * columns, columns, sum);
      for (size_t t = 1; t < pieces_; ++t, sum += columns) {
        std::copy_n(sum, columns, sum + columns);
        kernels_.add(columns, numbers_.value + (c * pieces_ + t - 1) * columns, sum + columns);
      }
    }
  }

  // The gradients of those sums, to what they are of.
  void spread_to_pieces() {
    const size_t columns = shape_.columns();
    for (size_t c = 0; c < space_.number_fields(); ++c) {
      float* d_sum = d_before_.data() + c * pieces_ * columns;
      for (size_t t = pieces_; t-- > 1;) {
        kernels_.add(columns, d_sum + t * columns, numbers_.gradient + (c * pieces_ + t - 1) * columns);
        kernels_.add(columns, d_sum + t * columns, d_sum + (t - 1) * columns);
      }
      if (bias_.value != nullptr) std::copy_n(d_sum, columns, bias_.gradient + c * columns);
    }
  }

  const Tape& tape_;
  const FieldShape& shape_;
  const FieldSpace& space_;
  const Source& source_;
  Slot vectors_;
  Slot linear_;
  FusedWeights weights_;
  size_t pieces_;
  Weight intercept_;
  Weight numbers_;
  Weight bias_;
  std::vector<float> before_;  // number fields x pieces x columns
  std::vector<float> d_before_;
  const net::StepKernels& kernels_ = net::step_kernels();
};

// The weights of the codes of a row, summed: rows of a table of one column.
class PickedWeights final : public Operation {
 public:
  PickedWeights(const Tape& tape, const float* weights, TouchedRows* touched, const int32_t* const* codes, size_t count, const Source& source,
                Slot out)
      : tape_(tape), weights_(weights), touched_(touched), codes_(codes), count_(count), source_(source), out_(out) {}
  void forward(size_t rows) override {
    for (size_t r = 0; r < rows; ++r) {
      const int32_t* codes = *codes_ + source_.row(r) * count_;
      float sum = 0;
      for (size_t c = 0; c < count_; ++c) sum += weights_[codes[c]];
      tape_.value(out_)[r] = sum;
    }
  }
  void backward(size_t rows) override {
    for (size_t r = 0; r < rows; ++r) {
      const int32_t* codes = *codes_ + source_.row(r) * count_;
      for (size_t c = 0; c < count_; ++c) *touched_->at(codes[c]) += tape_.gradient(out_)[r];
    }
  }

 private:
  const Tape& tape_;
  const float* weights_;
  TouchedRows* touched_;
  const int32_t* const* codes_;
  size_t count_;
  const Source& source_;
  Slot out_;
};

// deep_crossing: the vectors of the fields side by side, small code fields one-hot instead. Numbers are joined before it.
class StackFields final : public Operation {
 public:
  StackFields(const Tape& tape, const FieldShape& shape, const Source& source, Slot embedded, Slot out)
      : tape_(tape), shape_(shape), source_(source), out_(out) {
    inputs = {embedded};
  }
  void forward(size_t rows) override {
    const FieldSpace& space = shape_.space;
    const size_t k = shape_.embedding;
    for (size_t r = 0; r < rows; ++r) {
      float* to = tape_.value(out_) + r * tape_.width(out_);
      const float* from = tape_.value(inputs[0]) + r * tape_.width(inputs[0]);
      std::copy_n(from, space.number_fields() * k, to);
      from += space.number_fields() * k;
      to += space.number_fields() * k;
      const int32_t* codes = source_.codes + source_.row(r) * space.code_fields();
      for (size_t f = 0; f < space.code_fields(); ++f, from += k) {
        if (is_raw(shape_, f)) {
          std::fill_n(to, space.levels[f], 0.0F);
          to[codes[f] - static_cast<int32_t>(space.offsets[f])] = 1;
          to += space.levels[f];
        } else {
          std::copy_n(from, k, to);
          to += k;
        }
      }
    }
  }
  void backward(size_t rows) override {
    const FieldSpace& space = shape_.space;
    const size_t k = shape_.embedding;
    const bool begun = adds[0] != 0;
    const auto& kernels = net::step_kernels();
    for (size_t r = 0; r < rows; ++r) {
      const float* d = tape_.gradient(out_) + r * tape_.width(out_);
      float* to = tape_.gradient(inputs[0]) + r * tape_.width(inputs[0]);
      kernels.copy(space.number_fields() * k, d, to, begun);
      d += space.number_fields() * k;
      to += space.number_fields() * k;
      for (size_t f = 0; f < space.code_fields(); ++f, to += k) {
        if (is_raw(shape_, f)) {
          if (!begun) std::fill_n(to, k, 0.0F);
          d += space.levels[f];
        } else {
          kernels.copy(k, d, to, begun);
          d += k;
        }
      }
    }
  }

 private:
  const Tape& tape_;
  const FieldShape& shape_;
  const Source& source_;
  Slot out_;
};

class Builder {
 public:
  Builder(Tape& tape, const FieldShape& shape, const Layout& layout, const FusedWeights& weights, const Source& source, uint64_t seed)
      : tape_(tape), shape_(shape), layout_(layout), weights_(weights), source_(source), seed_(seed) {
    vectors_ = tape.slot(shape.space.fields() * shape.embedding);
    linear_ = tape.slot(1);
    tape.add(std::make_unique<Fields>(tape, shape, layout, weights, source, vectors_, linear_));
  }

  Slot build() {
    switch (shape_.kind) {
      case Kind::kFm: return tape_.add(linear_, tape_.sum(drop(pairs(), shape_.field_dropout)));
      case Kind::kNfm: return nfm();
      case Kind::kDeepFm: return tape_.add(tape_.add(linear_, tape_.sum(pairs())), head(deep(flat())));
      case Kind::kWideDeep: return tape_.add(wide(), head(deep(flat())));
      case Kind::kDeepCrossing: return deep_crossing();
      case Kind::kPnn: return pnn();
      case Kind::kAfm: return afm();
      case Kind::kDcnV2: return dcn_v2();
      case Kind::kResNet: return resnet();
      case Kind::kTabM: return tabm();
      case Kind::kFtTransformer: return ft_transformer();
    }
    throw Error(ErrorCode::kInternal, "fields: a network without a body");
  }
  [[nodiscard]] std::vector<WatchedSlot> take_watched() { return std::move(watched_); }

 private:
  [[nodiscard]] Weight weight(const std::string& name) const {
    const size_t offset = layout_.offset(name);
    return {weights_.flat + offset, weights_.gradient != nullptr ? weights_.gradient + offset : nullptr};
  }
  [[nodiscard]] size_t outputs(const std::string& name) const {
    for (const auto& d : layout_.parameters) {
      if (d.name == name) return static_cast<size_t>(d.dims[0]);
    }
    throw Error(ErrorCode::kInternal, fmt::format("fields: no parameter '{}'", name));
  }
  Slot linear(const std::string& name, Slot x) { return tape_.dense(x, weight(name), weight(name + ".bias"), outputs(name)); }
  Slot norm(const std::string& name, Slot x) {
    return tape_.norm(
        x, {weight(name), weight(name + ".bias"), weights_.running->at(name + ".mean").data(), weights_.running->at(name + ".variance").data()});
  }
  Slot drop(Slot x, double share) { return tape_.dropout(x, share, derive_seed(seed_, "mask", masks_++)); }
  // drop(act(W x + b)), the bias in the pass of the activation.
  Slot layer(const std::string& layer, const std::string& name, Slot x, net::Activation activation, double share) {
    return unit(layer, tape_.dense(x, weight(name), {}, outputs(name)), weight(name + ".bias"), activation, share);
  }
  Slot unit(const std::string& layer, Slot z, Weight bias, net::Activation activation, double share) {
    watched_.push_back({layer, z, activation, nullptr});
    return tape_.unit(z, bias, activation, share, derive_seed(seed_, "mask", masks_++));
  }
  Slot head(Slot x) { return tape_.dense(x, weight("head"), {}, 1); }
  Slot pairs() { return tape_.pairwise(vectors_, shape_.space.fields()); }
  Slot numbers() {
    if (numbers_ == kNone) {
      numbers_ = tape_.input(shape_.space.width);
      tape_.add(std::make_unique<ReadNumbers>(tape_, source_, numbers_));
    }
    return numbers_;
  }
  // The vectors side by side, and before them the numbers that are no fields.
  Slot flat() {
    const Slot dropped = drop(vectors_, shape_.field_dropout);
    return shape_.space.numbers_as == NumbersAs::kDirect ? tape_.join({numbers(), dropped}) : dropped;
  }
  Slot deep(Slot x, size_t first = 0) {
    for (size_t l = first; l < shape_.hidden.size(); ++l) {
      const std::string name = fmt::format("deep:{}", l);
      const std::string place = fmt::format("layer {}", l + 1);
      if (shape_.batch_norm) x = unit(place, norm(fmt::format("norm:{}", l), linear(name, x)), {}, shape_.activation, shape_.dropout);
      else x = layer(place, name, x, shape_.activation, shape_.dropout);
    }
    return x;
  }

  Slot nfm() {
    Slot x = pairs();
    if (shape_.batch_norm) x = norm("norm:pairs", x);
    return tape_.add(linear_, head(deep(drop(x, shape_.field_dropout))));
  }

  Slot wide() {
    Slot sum = linear_;
    if (shape_.space.width > 0) sum = tape_.add(sum, tape_.dense(numbers(), weight("wide.numbers"), {}, 1));
    const auto picked = [&](const std::string& name, TouchedRows* rows, const int32_t* const* codes, size_t count) {
      const Slot out = tape_.slot(1);
      tape_.add(std::make_unique<PickedWeights>(tape_, weight(name).value, rows, codes, count, source_, out));
      sum = tape_.add(sum, out);
    };
    if (shape_.space.table_rows() > 0) picked("wide.table", weights_.wide_rows, &source_.codes, shape_.space.code_fields());
    if (shape_.crosses.rows > 0) picked("wide.crosses", weights_.cross_rows, &source_.crosses, shape_.crosses.pairs.size());
    return sum;
  }

  Slot deep_crossing() {
    const Slot embedded = tape_.activate(tape_.shift(vectors_, weight("field.bias")), net::Activation::kRelu);
    const bool direct = shape_.space.numbers_as == NumbersAs::kDirect;
    const Slot stacked = tape_.slot(stack_width(shape_) - (direct ? shape_.space.width : 0));
    tape_.add(std::make_unique<StackFields>(tape_, shape_, source_, embedded, stacked));
    Slot x = drop(direct ? tape_.join({numbers(), stacked}) : stacked, shape_.field_dropout);
    for (size_t u = 0; u < shape_.blocks; ++u) {
      const std::string place = fmt::format("unit {}", u + 1);
      const Slot inside = layer(place, fmt::format("unit:{}:in", u), x, net::Activation::kRelu, shape_.dropout);
      x = tape_.add(x, layer(place, fmt::format("unit:{}:out", u), inside, net::Activation::kRelu, 0));
    }
    return tape_.add(linear_, head(x));
  }

  Slot pnn() {
    const size_t units = shape_.hidden.front();
    Slot z = linear("deep:0", flat());
    if (shape_.inner) {
      auto products = std::make_unique<InnerProducts>(tape_, vectors_, shape_.space.fields(), weight("inner"), units);
      const Slot squares = products->out();
      tape_.add(std::move(products));
      z = tape_.add(z, squares);
    }
    if (shape_.outer) z = tape_.add(z, tape_.dense(tape_.outer(tape_.field_sum(vectors_, shape_.space.fields())), weight("outer"), {}, units));
    return tape_.add(linear_, head(deep(unit("layer 1", z, {}, shape_.activation, shape_.dropout), 1)));
  }

  Slot afm() {
    if (shape_.attended.size() < 2) return linear_;
    auto attention =
        std::make_unique<PairAttention>(tape_, vectors_, shape_.attended, shape_.embedding,
                                        PairWeights{weight("attention"), weight("attention.bias"), weight("attention.head"), shape_.attention});
    const Slot pooled = attention->out();
    watched_.push_back({"attention", pooled, net::Activation::kRelu, attention.get()});
    tape_.add(std::move(attention));
    return tape_.add(linear_, head(drop(pooled, shape_.field_dropout)));
  }

  Slot dcn_v2() {
    const Slot start = flat();
    Slot x = start;
    for (size_t l = 0; l < shape_.blocks; ++l) {
      const std::string name = fmt::format("cross:{}", l);
      const Slot seen = shape_.rank > 0 ? tape_.dense(x, weight(name + ":down"), {}, shape_.rank) : x;
      x = tape_.add(tape_.multiply(start, linear(name, seen)), x);
    }
    return tape_.add(linear_, head(shape_.parallel ? tape_.join({x, deep(start)}) : deep(x)));
  }

  Slot resnet() {
    Slot x = linear("stem", numbers());
    for (size_t b = 0; b < shape_.blocks; ++b) {
      const Slot inside = layer(fmt::format("block {}", b + 1), fmt::format("block:{}:in", b), norm(fmt::format("norm:{}", b), x),
                                net::Activation::kRelu, shape_.dropout);
      x = tape_.add(x, drop(linear(fmt::format("block:{}:out", b), inside), shape_.field_dropout));
    }
    return tape_.add(linear_, head(tape_.activate(norm("norm:head", x), net::Activation::kRelu)));
  }

  // The scales after a layer and those before the next stay two passes, so that each keeps its own gradient.
  Slot tabm() {
    const size_t members = shape_.members;
    Slot x = numbers();
    for (size_t l = 0; l < shape_.hidden.size(); ++l) {
      const Weight w = weight(fmt::format("deep:{}", l));
      const Weight r = weight(fmt::format("in:{}", l));
      const size_t units = shape_.hidden[l];
      const Slot z = l == 0 ? net::stacked_dense(tape_, x, w, r, members, units) : tape_.dense(tape_.scale(x, r), w, {}, units, members);
      x = unit(fmt::format("layer {}", l + 1), tape_.scale(z, weight(fmt::format("out:{}", l))), weight(fmt::format("deep:{}.bias", l)),
               shape_.activation, shape_.dropout);
    }
    return tape_.add(net::member_heads(tape_, x, weight("head"), weight("head.bias"), members), tape_.join(std::vector<Slot>(members, linear_)));
  }

  Slot ft_transformer() {
    const size_t k = shape_.embedding;
    const size_t tokens = shape_.space.fields() + 1;
    const auto norm = [&](const std::string& name, Slot x) { return layer_norm(tape_, x, weight(name), weight(name + ".bias"), k); };
    const auto map = [&](const std::string& name, Slot x, size_t count) {
      return tape_.dense(x, weight(name), weight(name + ".bias"), outputs(name), count);
    };
    Slot x = first_token(tape_, vectors_, weight("cls"), k);
    for (size_t b = 0; b < shape_.blocks; ++b) {
      const auto of = [&](const char* part) { return fmt::format("{}:{}", part, b); };
      const bool last = b + 1 == shape_.blocks;
      const Slot seen = b > 0 ? norm(fmt::format("norm:{}:attention", b), x) : x;
      // The last block asks for [cls] alone.
      const size_t asked = last ? 1 : tokens;
      const Slot query = map(of("query"), last ? first_numbers(tape_, seen, k) : seen, asked);
      const Slot mixed = attention(tape_, {query, map(of("key"), seen, tokens), map(of("value"), seen, tokens)}, {k, shape_.heads},
                                   shape_.field_dropout, derive_seed(seed_, "mask", masks_++));
      x = tape_.add(last ? first_numbers(tape_, x, k) : x, map(of("mix"), mixed, asked));
      const Slot inside = map(fmt::format("forward:{}:in", b), norm(fmt::format("norm:{}:forward", b), x), asked);
      const auto [open, gate] = halves(tape_, inside, asked);
      const Slot gated = tape_.multiply(open, unit(fmt::format("block {}", b + 1), gate, {}, net::Activation::kRelu, 0));
      x = tape_.add(x, map(fmt::format("forward:{}:out", b), drop(gated, shape_.dropout), asked));
    }
    return tape_.add(linear_, head(tape_.activate(norm("norm:head", first_numbers(tape_, x, k)), net::Activation::kRelu)));
  }

  static constexpr Slot kNone = ~Slot{0};
  Tape& tape_;
  const FieldShape& shape_;
  const Layout& layout_;
  const FusedWeights& weights_;
  const Source& source_;
  uint64_t seed_;
  uint64_t masks_ = 0;
  Slot vectors_ = 0;
  Slot linear_ = 0;
  Slot numbers_ = kNone;
  std::vector<WatchedSlot> watched_;
};

}  // namespace

FusedBody build_fused(net::Tape& tape, const FieldShape& shape, const Layout& layout, const FusedWeights& weights, const Source& source,
                      uint64_t seed) {
  Builder builder(tape, shape, layout, weights, source, seed);
  FusedBody body;
  body.logits = builder.build();
  body.watched = builder.take_watched();
  return body;
}

}  // namespace obligor::field
