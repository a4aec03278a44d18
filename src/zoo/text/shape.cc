#include "zoo/text/shape.h"

#include <cmath>

#include <fmt/format.h>

namespace obligor::text {
namespace {

using Start = Declared::Start;

int64_t whole(size_t n) { return static_cast<int64_t>(n); }

class Declarations {
 public:
  // Weights of `out` units over `in` numbers (Glorot & Bengio 2010), and their biases.
  void layer(const std::string& name, std::vector<int64_t> dims, size_t in, size_t out) {
    const auto units = dims.front();
    made_.push_back({name, std::move(dims), Start::kUniform, std::sqrt(6.0 / static_cast<double>(in + out)), true});
    constant(name + ".bias", {units}, 0);
  }
  void layer(const std::string& name, size_t in, size_t out) { layer(name, {whole(out), whole(in)}, in, out); }
  void constant(const std::string& name, std::vector<int64_t> dims, double value) {
    made_.push_back({name, std::move(dims), Start::kConstant, value, false});
  }
  void add(Declared one) { made_.push_back(std::move(one)); }
  std::vector<Declared> take() { return std::move(made_); }

 private:
  std::vector<Declared> made_;
};

void declare_lstm(Declarations& made, const TextShape& shape, size_t k) {
  const auto rows = whole(4 * shape.hidden);
  const double size = 1 / std::sqrt(static_cast<double>(shape.hidden));
  made.add({fmt::format("lstm:{}.input", k), {rows, whole(shape.width)}, Start::kUniform, size, true});
  made.add({fmt::format("lstm:{}.state", k), {rows, whole(shape.hidden)}, Start::kUniform, size, true});
  made.constant(fmt::format("lstm:{}.bias", k), {rows}, 0);  // the forget gate's is set to 1 on top
  if (!shape.attention) return;
  made.layer(fmt::format("attention:{}", k), shape.hidden, shape.hidden);
  made.add({fmt::format("attention:{}.query", k), {whole(shape.hidden)}, Start::kUniform, size, true});
}

void declare_block(Declarations& made, const TextShape& shape, size_t b) {
  for (const char* part : {"query", "key", "value", "out"}) made.layer(fmt::format("block:{}.{}", b, part), shape.width, shape.width);
  made.layer(fmt::format("block:{}.inner", b), shape.width, shape.inner);
  made.layer(fmt::format("block:{}.outer", b), shape.inner, shape.width);
  for (const char* part : {"norm1", "norm2"}) {
    made.constant(fmt::format("block:{}.{}", b, part), {whole(shape.width)}, 1);
    made.constant(fmt::format("block:{}.{}.shift", b, part), {whole(shape.width)}, 0);
  }
}

}  // namespace

size_t TextShape::encoded() const {
  switch (encoder) {
    case Encoder::kCnn: return layout.texts.size() * windows.size() * filters;
    case Encoder::kLstm: return layout.texts.size() * hidden;
    case Encoder::kTransformer: return width;
  }
  return 0;
}

size_t TextShape::tokens() const {
  size_t count = 0;
  for (const auto& source : layout.texts) count += source.length;
  return count;
}

size_t Declared::count() const {
  size_t product = 1;
  for (const int64_t extent : dims) product *= static_cast<size_t>(extent);
  return product;
}

std::vector<Declared> declare(const TextShape& shape) {
  Declarations made;
  const bool transformer = shape.encoder == Encoder::kTransformer;
  for (size_t k = 0; k < shape.layout.texts.size(); ++k) {
    // A Transformer's tables have a row more, for a masked word.
    const size_t rows = shape.layout.texts[k].levels + (transformer ? 1 : 0);
    made.add({fmt::format("vectors:{}", k), {whole(rows), whole(shape.width)}, Start::kNormal, transformer ? 0.02 : 0.1, false});
    if (shape.encoder == Encoder::kCnn) {
      for (const size_t window : shape.windows) {
        made.layer(fmt::format("filters:{}.{}", k, window), {whole(shape.filters), whole(window), whole(shape.width)}, window * shape.width,
                   shape.filters);
      }
    }
    if (shape.encoder == Encoder::kLstm) declare_lstm(made, shape, k);
  }
  if (transformer) {
    for (size_t b = 0; b < shape.blocks; ++b) declare_block(made, shape, b);
  }
  const size_t in = shape.encoded() + shape.layout.plain.size();
  if (shape.joint > 0) made.layer("joint", in, shape.joint);
  made.layer("head", shape.joint > 0 ? shape.joint : in, 1);
  return made.take();
}

}  // namespace obligor::text
