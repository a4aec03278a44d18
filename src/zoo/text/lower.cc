// The networks of words as plan nodes.
#include <cmath>

#include <fmt/format.h>

#include "zoo/text/shape.h"

namespace obligor::text {
namespace {

uint32_t whole(size_t n) { return static_cast<uint32_t>(n); }

class Lowering {
 public:
  Lowering(const TextShape& shape, const std::vector<net::NamedArray>& parameters, PlanBuilder& builder, const LoweredInputs& inputs)
      : shape_(shape), get_(parameters), builder_(builder), inputs_(inputs) {}

  Lowered run() {
    std::vector<NodeId> parts;
    if (shape_.encoder == Encoder::kTransformer) {
      parts.push_back(transformer());
    } else {
      for (size_t k = 0; k < shape_.layout.texts.size(); ++k) {
        const Source source = source_of(k);
        if (shape_.encoder == Encoder::kCnn) cnn(source, k, parts);
        else parts.push_back(lstm(source, k));
      }
    }
    if (!shape_.layout.plain.empty()) parts.push_back(builder_.select(inputs_.features, shape_.layout.plain));
    NodeId x = builder_.concat(std::move(parts));
    if (shape_.joint > 0) x = builder_.activate(affine("joint", x), "relu");
    return {affine("head", x), ScoreKind::kLogOdds};
  }

 private:
  struct Source {
    NodeId vectors = 0;
    NodeId present = 0;
    uint32_t length = 0;
  };

  const std::vector<float>& get(const std::string& name) const { return get_.get(name); }

  NodeId affine(const std::string& name, NodeId x) {
    const auto& bias = get(name + ".bias");
    return builder_.affine(x, get(name), bias, whole(bias.size()));
  }
  // The same affine map of every token.
  NodeId each(const std::string& name, NodeId x, uint32_t tokens) { return builder_.convolve(x, get(name), get(name + ".bias"), tokens); }

  Source source_of(size_t k) {
    const TextColumns& columns = shape_.layout.texts[k];
    const TextNodes nodes = lower_text_columns(builder_, inputs_.features, columns);
    std::vector<float> table = get(fmt::format("vectors:{}", k));
    table.resize(columns.levels * shape_.width);  // without the row of a masked word
    const NodeId vectors = builder_.embed(nodes.ids, std::move(table), whole(shape_.width));
    builder_.name(vectors, columns.name + " (vectors of its words)");
    return {vectors, nodes.present, whole(columns.length)};
  }

  void cnn(const Source& source, size_t k, std::vector<NodeId>& parts) {
    for (const size_t window : shape_.windows) {
      const std::string name = fmt::format("filters:{}.{}", k, window);
      const NodeId found = builder_.convolve(source.vectors, get(name), get(name + ".bias"), source.length, 1, 0, whole(window - 1));
      parts.push_back(builder_.pool(builder_.activate(found, "relu"), source.present, "max"));
    }
  }

  NodeId lstm(const Source& source, size_t k) {
    const auto named = [&](const char* part) { return get(fmt::format("lstm:{}.{}", k, part)); };
    const NodeId states = builder_.recur(source.vectors, source.present, "lstm", named("input"), named("state"), named("bias"));
    if (!shape_.attention) return builder_.pool(states, source.present, "last");
    const std::string name = fmt::format("attention:{}", k);
    const NodeId keys = builder_.activate(each(name, states, source.length), "tanh");
    return builder_.attend(constant(source.present, get(name + ".query")), keys, states, source.present, 1, source.length);
  }

  // A row-independent value: `like` is never missing.
  NodeId constant(NodeId like, const std::vector<float>& values) {
    return builder_.affine(like, std::vector<float>(values.size() * builder_.type(like).width, 0), values, whole(values.size()));
  }

  NodeId transformer() {
    std::vector<NodeId> vectors;
    std::vector<NodeId> presents;
    for (size_t k = 0; k < shape_.layout.texts.size(); ++k) {
      const Source source = source_of(k);
      vectors.push_back(source.vectors);
      presents.push_back(source.present);
    }
    const auto tokens = whole(shape_.tokens());
    const NodeId present = builder_.concat(std::move(presents));
    NodeId x = builder_.concat(std::move(vectors));
    for (size_t b = 0; b < shape_.blocks; ++b) x = block(x, present, tokens, b);
    return builder_.pool(x, present, "mean");
  }

  NodeId block(NodeId x, NodeId present, uint32_t tokens, size_t b) {
    const auto named = [&](const char* part) { return fmt::format("block:{}.{}", b, part); };
    const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape_.width / shape_.heads)));
    std::vector<float> query = get(named("query"));
    std::vector<float> query_bias = get(named("query") + ".bias");
    for (auto& w : query) w *= scale;
    for (auto& w : query_bias) w *= scale;
    const NodeId queries = builder_.convolve(x, std::move(query), std::move(query_bias), tokens);
    const NodeId mixed =
        builder_.attend(queries, each(named("key"), x, tokens), each(named("value"), x, tokens), present, whole(shape_.heads), tokens);
    const NodeId seen = norm(named("norm1"), builder_.sum({x, each(named("out"), mixed, tokens)}, {1, 1}));
    const NodeId inner = builder_.activate(each(named("inner"), seen, tokens), "gelu");
    return norm(named("norm2"), builder_.sum({seen, each(named("outer"), inner, tokens)}, {1, 1}));
  }

  NodeId norm(const std::string& name, NodeId x) { return builder_.normalise(x, get(name), get(name + ".shift"), kTextNormEpsilon); }

  const TextShape& shape_;
  net::Lookup get_;
  PlanBuilder& builder_;
  const LoweredInputs& inputs_;
};

}  // namespace

Lowered lower_text_network(const TextShape& shape, const std::vector<net::NamedArray>& parameters, PlanBuilder& builder,
                           const LoweredInputs& inputs) {
  return Lowering(shape, parameters, builder, inputs).run();
}

}  // namespace obligor::text
