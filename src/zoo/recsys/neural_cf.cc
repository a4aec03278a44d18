// neural_cf: GMF, MLP and NeuMF (He et al., WWW 2017) on sampled negatives, drawn as each batch is made.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/recsys/factor_model.h"
#include "zoo/recsys/lists.h"
#include "zoo/recsys/neural_step.h"
#include "zoo/recsys/recsys.h"

namespace obligor::zoo {
namespace {

using recsys::NeuralShape;
using recsys::NeuralStep;
using recsys::NeuralWeights;

class NeuralCf final : public PairModel {
 public:
  NeuralCf(NeuralShape shape, NeuralWeights weights) : shape_(std::move(shape)), w_(std::move(weights)) {}

  // Every value as the plan has it: float32 between layers, float64 sums.
  [[nodiscard]] std::vector<double> predict(std::span<const uint32_t> customer, std::span<const uint32_t> product) const override {
    std::vector<double> scores(customer.size());
    std::vector<float> in;
    std::vector<float> out;
    for (size_t i = 0; i < scores.size(); ++i) {
      auto score = static_cast<double>(w_.bias);
      const float* p = w_.customer_product.data() + customer[i] * shape_.factors;
      const float* q = w_.product_product.data() + product[i] * shape_.factors;
      for (size_t k = 0; k < shape_.factors; ++k) score += static_cast<double>(w_.head[k]) * static_cast<double>(p[k] * q[k]);
      if (shape_.embedding > 0) {
        const float* pt = w_.customer_tower.data() + customer[i] * shape_.embedding;
        const float* qt = w_.product_tower.data() + product[i] * shape_.embedding;
        in.assign(pt, pt + shape_.embedding);
        in.insert(in.end(), qt, qt + shape_.embedding);
        for (const auto& layer : w_.layers) {
          out.resize(layer.bias.size());
          for (size_t o = 0; o < out.size(); ++o) {
            auto sum = static_cast<double>(layer.bias[o]);
            for (size_t k = 0; k < in.size(); ++k) sum += static_cast<double>(layer.weight[o * in.size() + k]) * static_cast<double>(in[k]);
            out[o] = std::max(0.0F, static_cast<float>(sum));
          }
          in.swap(out);
        }
        for (size_t k = 0; k < in.size(); ++k) score += static_cast<double>(w_.head[shape_.factors + k]) * static_cast<double>(in[k]);
      }
      scores[i] = 1 / (1 + std::exp(-score));
    }
    return scores;
  }

  [[nodiscard]] std::optional<NodeId> lower(PlanBuilder& builder, const PairInputs& inputs) const override {
    std::vector<NodeId> parts;
    if (shape_.factors > 0) {
      const auto width = static_cast<uint32_t>(shape_.factors);
      const NodeId p = builder.look_up(inputs.customer, w_.customer_product, width);
      parts.push_back(builder.multiply(p, builder.look_up(inputs.product, w_.product_product, width)));
    }
    if (shape_.embedding > 0) {
      const auto width = static_cast<uint32_t>(shape_.embedding);
      const NodeId p = builder.look_up(inputs.customer, w_.customer_tower, width);
      NodeId x = builder.concat({p, builder.look_up(inputs.product, w_.product_tower, width)});
      for (const auto& layer : w_.layers) {
        x = builder.activate(builder.affine(x, layer.weight, layer.bias, static_cast<uint32_t>(layer.bias.size())), "relu");
      }
      parts.push_back(x);
    }
    const NodeId all = parts.size() == 1 ? parts.front() : builder.concat(parts);
    return builder.activate(builder.affine(all, w_.head, {w_.bias}, 1), "sigmoid");
  }

 private:
  NeuralShape shape_;
  NeuralWeights w_;  // tables with a row for an id that was never seen
};

// A product that the customer has not used, by chance.
uint32_t unused(const recsys::Lists& used, uint32_t customer, size_t products, Random& random) {
  uint32_t product = 0;
  do product = static_cast<uint32_t>(random.below(products));
  while (used.has(customer, product));
  return product;
}

// One pair of each customer that has more than one, held back to choose the epoch, with unused products to rank it among.
struct Check {
  static constexpr size_t kOthers = 99;
  static constexpr size_t kCustomers = 2000;
  Interactions kept;
  std::vector<uint32_t> customer, product;  // blocks of 1 + kOthers, the held-back one first
};

Check make_check(const Interactions& pairs, const recsys::Lists& used, uint64_t seed) {
  Random random(seed, "check");
  std::vector<uint32_t> order = random.permutation(pairs.customers);
  std::vector<uint32_t> held(pairs.customers, UINT32_MAX);
  size_t customers = 0;
  Check check;
  for (const uint32_t c : order) {
    const auto has = used.of(c);
    if (has.size() < 2 || has.size() == pairs.products || customers == Check::kCustomers) continue;
    ++customers;
    held[c] = has[random.below(has.size())];
    check.customer.insert(check.customer.end(), 1 + Check::kOthers, c);
    check.product.push_back(held[c]);
    for (size_t i = 0; i < Check::kOthers; ++i) check.product.push_back(unused(used, c, pairs.products, random));
  }
  std::vector<uint32_t> kept;
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (held[pairs.customer[i]] != pairs.product[i]) kept.push_back(static_cast<uint32_t>(i));
  }
  check.kept = recsys::pick(pairs, kept);
  return check;
}

// Mean NDCG over the whole list of held-back and others: finer than a hit at 10, and the same for any K.
double check_value(NeuralStep& net, const Check& check) {
  std::vector<float> scores(check.customer.size());
  net.score(check.customer, check.product, scores);
  double sum = 0;
  constexpr size_t kBlock = 1 + Check::kOthers;
  for (size_t first = 0; first < scores.size(); first += kBlock) {
    size_t above = 0;
    size_t equal = 0;
    for (size_t i = 1; i < kBlock; ++i) {
      above += scores[first + i] > scores[first] ? 1U : 0U;
      equal += scores[first + i] == scores[first] ? 1U : 0U;
    }
    sum += 1 / std::log2(2 + static_cast<double>(above) + 0.5 * static_cast<double>(equal));
  }
  return sum / (static_cast<double>(scores.size()) / kBlock);
}

struct Trained {
  NeuralWeights weights;
  Learning learning;
  size_t epochs = 0;
};

class Trainer {
 public:
  Trainer(const Interactions& pairs, const Params& params, const Context& context)
      : params_(params),
        context_(context),
        used_(recsys::lists_by_customer(pairs)),
        check_(make_check(pairs, used_, context.seed())),
        random_(context.seed(), "neural_cf batches") {
    const auto negatives = static_cast<size_t>(params.integer("negatives"));
    // Who has used everything has no negatives.
    for (size_t i = 0; i < check_.kept.size(); ++i) {
      const bool all = used_.of(check_.kept.customer[i]).size() == pairs.products;
      examples_.insert(examples_.end(), all ? 1 : 1 + negatives, static_cast<uint32_t>(i));
    }
    // An example is a pair and whether it is one of its negatives.
    if (check_.kept.size() >= kNegative) throw Error(ErrorCode::kUnsupported, "neural_cf: more than 2,147,483,647 pairs");
    for (size_t i = 1; i < examples_.size(); ++i) {
      if ((examples_[i] & ~kNegative) == (examples_[i - 1] & ~kNegative)) examples_[i] |= kNegative;
    }
  }

  Trained train(NeuralStep& net, bool plain) {
    const auto epochs = static_cast<size_t>(params_.integer("epochs"));
    const auto patience = static_cast<size_t>(params_.integer("patience"));
    Trained result;
    double best = -1;
    if (plain) {
      best = check_.customer.empty() ? -1 : check_value(net, check_);
      result.weights = net.weights();
    }
    for (size_t epoch = 1; epoch <= epochs; ++epoch) {
      const double loss = run_epoch(net, plain);
      const double value = check_.customer.empty() ? static_cast<double>(epoch) : check_value(net, check_);
      result.learning.epoch.push_back(static_cast<double>(epoch));
      result.learning.train_loss.push_back(loss);
      result.learning.valid_loss.push_back(-value);
      if (value > best) {
        best = value;
        result.epochs = epoch;
        result.weights = net.weights();
      }
      if (epoch - result.epochs >= patience) break;
    }
    return result;
  }

 private:
  static constexpr uint32_t kNegative = 1U << 31U;

  double run_epoch(NeuralStep& net, bool plain) {
    const auto batch = static_cast<size_t>(params_.integer("batch"));
    const double rate = params_.real("learning_rate");
    random_.shuffle(std::span(examples_));
    double loss = 0;
    for (size_t first = 0; first < examples_.size(); first += batch) {
      if (first / batch % 256 == 0) context_.check_cancelled();
      const size_t count = std::min(batch, examples_.size() - first);
      customer_.resize(count);
      product_.resize(count);
      label_.resize(count);
      for (size_t i = 0; i < count; ++i) {
        const uint32_t example = examples_[first + i];
        const uint32_t pair = example & ~kNegative;
        const bool negative = example != pair;
        customer_[i] = check_.kept.customer[pair];
        product_[i] = negative ? unused(used_, customer_[i], check_.kept.products, random_) : check_.kept.product[pair];
        label_[i] = negative ? 0.0F : 1.0F;
      }
      const double mean = plain ? net.plain_step(customer_, product_, label_, rate) : net.adam_step(customer_, product_, label_, rate);
      loss += mean * static_cast<double>(count);
    }
    return loss / static_cast<double>(examples_.size());
  }

  const Params& params_;
  const Context& context_;
  recsys::Lists used_;
  Check check_;
  Random random_;
  std::vector<uint32_t> examples_;
  std::vector<uint32_t> customer_, product_;
  std::vector<float> label_;
};

NeuralShape shape_of(const Interactions& pairs, const Params& params, std::string_view part) {
  NeuralShape shape;
  shape.customers = pairs.customers;
  shape.products = pairs.products;
  shape.start_deviation = params.real("start");
  const auto factors = static_cast<size_t>(params.integer("factors"));
  if (part != "mlp") shape.factors = factors;
  if (part == "gmf") return shape;
  const auto layers = static_cast<size_t>(params.integer("layers"));
  // The last layer is `factors` wide and each one is half of what it reads: the two vectors together are factors x 2^layers.
  shape.embedding = layers > 0 ? factors << (layers - 1) : factors;
  for (size_t l = 0; l < layers; ++l) shape.layers.push_back(factors << (layers - 1 - l));
  return shape;
}

// Both halves as they were trained alone, and a head that takes alpha of the one and the rest of the other (the paper, equation 13).
NeuralWeights joined(NeuralWeights gmf, NeuralWeights mlp, double alpha) {
  const auto share = static_cast<float>(alpha);
  NeuralWeights both = std::move(mlp);
  both.customer_product = std::move(gmf.customer_product);
  both.product_product = std::move(gmf.product_product);
  std::vector<float> head;
  for (const float h : gmf.head) head.push_back(share * h);
  for (const float h : both.head) head.push_back((1 - share) * h);
  both.head = std::move(head);
  both.bias = share * gmf.bias + (1 - share) * both.bias;
  return both;
}

}  // namespace

InteractionFit fit_neural_cf(const InteractionInput& input, const Params& params, const Context& context) {
  recsys::check_pairs(input.train, false, "neural_cf");
  const Interactions& pairs = input.train;
  const std::string& part = params.text("part");
  Trainer trainer(pairs, params, context);
  const NeuralShape shape = shape_of(pairs, params, part);
  NeuralStep net(shape, context.seed());
  const bool pretrain = params.flag("pretrain") && part == "neumf";
  InteractionFit fit;
  if (pretrain) {
    NeuralStep gmf(shape_of(pairs, params, "gmf"), derive_seed(context.seed(), "gmf"));
    NeuralStep mlp(shape_of(pairs, params, "mlp"), derive_seed(context.seed(), "mlp"));
    Trained first = trainer.train(gmf, false);
    Trained second = trainer.train(mlp, false);
    fit.report.learning.push_back(std::move(first.learning));
    fit.report.learning.push_back(std::move(second.learning));
    net.set_weights(joined(std::move(first.weights), std::move(second.weights), params.real("alpha")));
  }
  Trained trained = trainer.train(net, pretrain);
  fit.report.learning.push_back(std::move(trained.learning));
  fit.report.details["epochs"] = trained.epochs;
  fit.report.notes.push_back(fmt::format("{} epochs", trained.epochs));
  NeuralWeights& w = trained.weights;
  const auto complete = [&](std::vector<float>& table, size_t rows, size_t width, const std::vector<uint32_t>& ids) {
    if (width == 0) return;
    table.resize((rows + 1) * width);
    recsys::unseen_is_mean(table, width, ids);
  };
  complete(w.customer_product, pairs.customers, shape.factors, pairs.customer);
  complete(w.customer_tower, pairs.customers, shape.embedding, pairs.customer);
  // A product that nobody used has been learned all the same, as a negative.
  std::vector<uint32_t> products(pairs.products);
  std::iota(products.begin(), products.end(), 0U);
  complete(w.product_product, pairs.products, shape.factors, products);
  complete(w.product_tower, pairs.products, shape.embedding, products);
  fit.model = std::make_unique<NeuralCf>(shape, std::move(w));
  return fit;
}

}  // namespace obligor::zoo
