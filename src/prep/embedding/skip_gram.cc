#include "prep/embedding/skip_gram.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "prep/embedding/draw.h"
#include "prep/embedding/step_kernel.h"

namespace obligor {
namespace {

using embedding::AliasTable;
using embedding::HuffmanCodes;
using embedding::Rows;

void check(bool good, const char* name, double value, const char* allowed) {
  if (!good) throw Error(ErrorCode::kInvalid, fmt::format("skip-gram: {} = {}: {} is wanted", name, value, allowed));
}

struct Count {
  std::vector<uint64_t> by_token;
  uint64_t all = 0;
};

Count count_tokens(Corpus& corpus) {
  Count count;
  count.by_token.assign(corpus.tokens(), 0);
  std::vector<uint32_t> sentence;
  bool pair = false;
  corpus.restart();
  while (corpus.next(sentence)) {
    pair = pair || sentence.size() > 1;
    count.all += sentence.size();
    for (const uint32_t token : sentence) ++count.by_token.at(token);
  }
  if (!pair) throw Error(ErrorCode::kData, "skip-gram: no sentence has two tokens; there is nothing to learn from");
  return count;
}

class Trainer {
 public:
  Trainer(const SkipGramSpec& spec, const Count& count, const Context& context)
      : spec_(spec),
        count_(count),
        random_(context.seed(), "skip-gram"),
        inputs_(count.by_token.size(), static_cast<size_t>(spec.width)),
        outputs_(0, 1),
        error_(1, static_cast<size_t>(spec.width)),
        mean_(1, static_cast<size_t>(spec.width)) {
    Random start(context.seed(), "skip-gram-start");
    const auto width = static_cast<size_t>(spec.width);
    for (size_t t = 0; t < count.by_token.size(); ++t) {
      for (size_t i = 0; i < width; ++i) inputs_[t][i] = static_cast<float>((start.uniform() - 0.5) / static_cast<double>(width));
    }
    if (spec.hierarchical) {
      codes_ = embedding::huffman_codes(count.by_token);
      outputs_ = Rows(codes_.inner_nodes, width);
    } else {
      std::vector<double> mass;
      mass.reserve(count.by_token.size());
      for (const uint64_t n : count.by_token) mass.push_back(n == 0 ? 0.0 : std::pow(static_cast<double>(n), spec.power));
      negatives_.emplace(mass);
      outputs_ = Rows(count.by_token.size(), width);
    }
  }

  void sentence(std::vector<uint32_t>& tokens, double rate) {
    rate_ = static_cast<float>(rate);
    if (spec_.sample > 0) thin_out(tokens);
    const auto window = static_cast<uint64_t>(spec_.window);
    for (size_t at = 0; at < tokens.size(); ++at) {
      const size_t reach = 1 + static_cast<size_t>(random_.below(window));
      const size_t begin = at > reach ? at - reach : 0;
      const size_t end = std::min(tokens.size(), at + reach + 1);
      if (spec_.cbow) {
        window_to_token(tokens, begin, at, end);
      } else {
        for (size_t other = begin; other < end; ++other) {
          if (other != at) pair(tokens[other], tokens[at]);
        }
      }
    }
  }

  [[nodiscard]] std::vector<float> vectors() const {
    const auto width = static_cast<size_t>(spec_.width);
    std::vector<float> vectors(count_.by_token.size() * width, 0);
    for (size_t t = 0; t < count_.by_token.size(); ++t) {
      if (count_.by_token[t] > 0) std::copy_n(inputs_[t], width, vectors.data() + t * width);
    }
    return vectors;
  }

 private:
  void thin_out(std::vector<uint32_t>& tokens) {
    std::erase_if(tokens, [&](uint32_t token) {
      const double share = spec_.sample * static_cast<double>(count_.all) / static_cast<double>(count_.by_token[token]);
      return std::sqrt(share) + share < random_.uniform();
    });
  }

  // The rows of `outputs_` that tell `token` from others, and what each is to say.
  void choose_rows(uint32_t token) {
    rows_.clear();
    labels_.clear();
    if (spec_.hierarchical) {
      for (uint64_t i = codes_.offsets[token]; i < codes_.offsets[token + 1]; ++i) {
        rows_.push_back(outputs_[codes_.nodes[i]]);
        labels_.push_back(codes_.bits[i] == 0 ? 1.0F : 0.0F);
      }
    } else {
      rows_.push_back(outputs_[token]);
      labels_.push_back(1);
      for (int n = 0; n < spec_.negatives; ++n) {
        const uint32_t drawn = negatives_->draw(random_);
        if (drawn == token) continue;
        rows_.push_back(outputs_[drawn]);
        labels_.push_back(0);
        __builtin_prefetch(rows_.back());
      }
    }
    if (products_.size() < rows_.size()) products_.resize(rows_.size());
  }

  void step(const float* input) {
    std::fill_n(error_[0], error_.padded(), 0.0F);
    embedding::logistic_step(kernels_, input, rows_.data(), labels_.data(), rows_.size(), inputs_.padded(), rate_, products_.data(), error_[0]);
  }

  void pair(uint32_t input, uint32_t token) {
    choose_rows(token);
    step(inputs_[input]);
    kernels_.add(error_[0], inputs_[input], inputs_.padded());
  }

  void window_to_token(const std::vector<uint32_t>& tokens, size_t begin, size_t at, size_t end) {
    if (end - begin < 2) return;
    std::fill_n(mean_[0], mean_.padded(), 0.0F);
    for (size_t other = begin; other < end; ++other) {
      if (other != at) kernels_.add(inputs_[tokens[other]], mean_[0], mean_.padded());
    }
    const float share = 1.0F / static_cast<float>(end - begin - 1);
    for (size_t i = 0; i < mean_.padded(); ++i) mean_[0][i] *= share;
    choose_rows(tokens[at]);
    step(mean_[0]);
    for (size_t other = begin; other < end; ++other) {
      if (other != at) kernels_.add(error_[0], inputs_[tokens[other]], inputs_.padded());
    }
  }

  const embedding::Kernels& kernels_ = embedding::kernels();
  const SkipGramSpec& spec_;
  const Count& count_;
  Random random_;
  Rows inputs_;
  Rows outputs_;
  Rows error_;
  Rows mean_;
  HuffmanCodes codes_;
  std::optional<AliasTable> negatives_;
  std::vector<float*> rows_;
  std::vector<float> labels_;
  std::vector<float> products_;
  float rate_ = 0;
};

}  // namespace

void check_spec(const SkipGramSpec& spec) {
  check(spec.width >= 1 && spec.width <= 4096, "width", spec.width, "1 to 4096");
  check(spec.window >= 1 && spec.window <= 1000, "window", spec.window, "1 to 1000");
  check(spec.hierarchical || (spec.negatives >= 1 && spec.negatives <= 1000), "negatives", spec.negatives, "1 to 1000");
  check(spec.sample >= 0 && spec.sample <= 1, "sample", spec.sample, "a share from 0 to 1");
  check(std::isfinite(spec.power), "power", spec.power, "a finite number");
  check(spec.learning_rate > 0 && spec.learning_rate <= 1, "learning_rate", spec.learning_rate, "a number above 0 and up to 1");
  check(spec.least_learning_rate >= 0 && spec.least_learning_rate <= spec.learning_rate, "least_learning_rate", spec.least_learning_rate,
        "0 to learning_rate");
  check(spec.epochs >= 1 && spec.epochs <= 10000, "epochs", spec.epochs, "1 to 10,000");
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  double left = 0;
  double right = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    left += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    right += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return left > 0 && right > 0 ? product / std::sqrt(left * right) : 0;
}

Embedding train_skip_gram(Corpus& corpus, const SkipGramSpec& spec, const Context& context) {
  check_spec(spec);
  const Count count = count_tokens(corpus);
  Trainer trainer(spec, count, context);
  constexpr uint64_t kTokensATick = 1'000'000;
  const auto whole = static_cast<double>(count.all) * spec.epochs;
  auto progress = context.begin("vectors", static_cast<int64_t>(count.all * static_cast<uint64_t>(spec.epochs) / kTokensATick));
  uint64_t done = 0;
  std::vector<uint32_t> sentence;
  for (int epoch = 0; epoch < spec.epochs; ++epoch) {
    corpus.restart();
    while (corpus.next(sentence)) {
      const uint64_t size = sentence.size();
      const double share = static_cast<double>(done) / whole;
      trainer.sentence(sentence, spec.learning_rate - (spec.learning_rate - spec.least_learning_rate) * share);
      if ((done + size) / kTokensATick != done / kTokensATick) {
        context.check_cancelled();
        progress.advance(static_cast<int64_t>((done + size) / kTokensATick - done / kTokensATick),
                         fmt::format("{} M tokens", (done + size) / kTokensATick));
      }
      done += size;
    }
  }
  Embedding embedding;
  embedding.width = static_cast<size_t>(spec.width);
  embedding.vectors = trainer.vectors();
  embedding.counts = count.by_token;
  embedding.trained = done;
  return embedding;
}

}  // namespace obligor
