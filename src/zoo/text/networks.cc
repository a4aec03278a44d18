// The fits of wv_cnn, word2vec_lstm and bm_linear: a shape from the parameters, vectors from the training texts, the loop of zoo/net. No torch here.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "prep/embedding/skip_gram.h"
#include "zoo/text/network.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

using text::Encoder;
using text::TextColumns;
using text::TextNetwork;
using text::TextShape;

size_t whole(const Params& params, std::string_view name) { return static_cast<size_t>(params.integer(name)); }

TextShape shared_shape(const FitInput& input, const Params& params, std::string_view name, bool categories) {
  TextShape shape;
  shape.layout = text::text_layout(input, name, categories);
  shape.width = whole(params, "vector_width");
  shape.joint = whole(params, "joint");
  shape.dropout = params.real("dropout");
  return shape;
}

// The words of each training text that are listed.
std::vector<std::vector<uint32_t>> sentences(const FitInput& input, const TextColumns& columns) {
  std::vector<std::vector<uint32_t>> found;
  for (size_t r = 0; r < input.train.rows; ++r) {
    const float* row = input.train.features.data() + r * input.train.width;
    std::vector<uint32_t> sentence;
    for (size_t t = 0; t < columns.count(row); ++t) {
      const int32_t id = columns.id(row, t);
      if (static_cast<size_t>(id) + 1 < columns.levels) sentence.push_back(static_cast<uint32_t>(id));
    }
    if (!sentence.empty()) found.push_back(std::move(sentence));
  }
  return found;
}

// Word2vec on the texts of the training rows; where no text has two listed words the vectors start at random.
Json word_vectors(TextNetwork& network, const TextShape& shape, const FitInput& input, const Params& params, const Context& context) {
  Json report = Json::array();
  SkipGramSpec spec;
  spec.width = static_cast<int>(shape.width);
  spec.window = static_cast<int>(params.integer("window"));
  spec.negatives = static_cast<int>(params.integer("negatives"));
  spec.cbow = params.text("vectors") == "cbow";
  spec.sample = 1e-3;
  spec.epochs = static_cast<int>(params.integer("vector_epochs"));
  if (spec.cbow) spec.learning_rate = 0.05;
  for (size_t k = 0; k < shape.layout.texts.size(); ++k) {
    const TextColumns& columns = shape.layout.texts[k];
    auto texts = sentences(input, columns);
    const bool pairs = std::any_of(texts.begin(), texts.end(), [](const auto& one) { return one.size() > 1; });
    if (params.text("vectors") == "random" || !pairs) {
      report.push_back({{"column", columns.name}, {"words", columns.levels - 1}, {"vectors", "random"}});
      continue;
    }
    SentenceCorpus corpus(columns.levels, std::move(texts));
    const Embedding embedding = train_skip_gram(corpus, spec, context);
    network.set_vectors(k, embedding.vectors);
    report.push_back({{"column", columns.name}, {"words", columns.levels - 1}, {"vectors", params.text("vectors")}, {"tokens", embedding.trained}});
  }
  return report;
}

FitResult fit_with_vectors(TextShape shape, const FitInput& input, const Params& params, const Context& context, std::string_view name) {
  text::check_classes(input, name);
  shape.fixed_vectors = params.flag("fixed_vectors");
  auto network = std::make_unique<TextNetwork>(shape, context);
  Json vectors = word_vectors(*network, shape, input, params, context);
  FitResult result = net::train(std::move(network), input, params, context, name);
  result.report.details["texts"] = std::move(vectors);
  return result;
}

}  // namespace

FitResult fit_wv_cnn(const FitInput& input, const Params& params, const Context& context) {
  TextShape shape = shared_shape(input, params, "wv_cnn", false);
  shape.encoder = Encoder::kCnn;
  shape.filters = whole(params, "filters");
  shape.max_norm = params.real("max_norm");
  return fit_with_vectors(std::move(shape), input, params, context, "wv_cnn");
}

FitResult fit_word2vec_lstm(const FitInput& input, const Params& params, const Context& context) {
  TextShape shape = shared_shape(input, params, "word2vec_lstm", false);
  shape.encoder = Encoder::kLstm;
  shape.hidden = whole(params, "hidden");
  shape.attention = params.flag("attention");
  return fit_with_vectors(std::move(shape), input, params, context, "word2vec_lstm");
}

FitResult fit_bm_linear(const FitInput& input, const Params& params, const Context& context) {
  TextShape shape = shared_shape(input, params, "bm_linear", true);
  shape.encoder = Encoder::kTransformer;
  shape.heads = whole(params, "heads");
  shape.blocks = whole(params, "blocks");
  shape.inner = whole(params, "inner");
  if (shape.width % shape.heads != 0) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("model 'bm_linear': vector_width {} is not a multiple of heads {}; change one of them", shape.width, shape.heads));
  }
  text::check_classes(input, "bm_linear");
  auto network = std::make_unique<TextNetwork>(shape, context);
  text::MaskSpec masks;
  masks.steps = whole(params, "pretrain_steps");
  masks.share = params.real("mask");
  const double loss = masks.steps > 0 ? network->pretrain_by_masks(input.train, masks, context) : 0;
  FitResult result = net::train(std::move(network), input, params, context, "bm_linear");
  if (masks.steps > 0) result.report.details["masked_word_loss"] = loss;
  return result;
}

}  // namespace obligor
