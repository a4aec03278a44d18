#include "zoo/text/network.h"

#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/flat-inl.h"
#include "zoo/text/forward-inl.h"

namespace obligor::text {
namespace {

using net::size_of;

constexpr size_t kPredictRows = 256;

template <typename F>
auto in_torch(const F& work) {
  return net::in_torch_with<c10::NoGradGuard>(work);
}

struct Parameter {
  Declared declared;
  Tensor leaf;      // a view of `flat` that autograd follows
  Tensor gradient;  // a view of `gradient`
};

void start(const Declared& one, Random& random, float* to) {
  for (size_t i = 0; i < one.count(); ++i) {
    switch (one.start) {
      case Declared::Start::kUniform: to[i] = static_cast<float>((2 * random.uniform() - 1) * one.size); break;
      case Declared::Start::kNormal: to[i] = static_cast<float>(random.normal() * one.size); break;
      case Declared::Start::kConstant: to[i] = static_cast<float>(one.size); break;
    }
  }
}

}  // namespace

struct TextNetwork::Impl {
  TextShape shape;
  at::Device device = at::kCPU;
  at::Generator generator;
  std::vector<Parameter> parameters;
  std::map<std::string, Tensor> weights;
  int64_t decayed = 0;
  Tensor flat, gradient, first_moment, second_moment, steps, kept;
  Tensor features, target, weight, order;
  net::LossMean loss;

  Impl(TextShape given, const Context& context)
      : shape(std::move(given)),
        device(net::device_of(context)),
        generator(at::detail::createCPUGenerator(derive_seed(context.seed(), "words dropout"))) {
    std::vector<Declared> declared = declare(shape);
    std::stable_partition(declared.begin(), declared.end(), [](const Declared& one) { return one.decayed; });
    in_torch([&] {
      Random random(context.seed(), "words");
      size_t total = 0;
      for (const auto& one : declared) total += one.count();
      flat = at::empty({size_of(total)}, at::kFloat);
      size_t at = 0;
      for (const auto& one : declared) {
        float* values = flat.data_ptr<float>() + at;
        start(one, random, values);
        // A forget gate that is open at first (Jozefowicz, Zaremba & Sutskever, ICML 2015).
        if (one.name.starts_with("lstm:") && one.name.ends_with(".bias")) std::fill_n(values + shape.hidden, shape.hidden, 1.0F);
        if (one.decayed) decayed += size_of(one.count());
        at += one.count();
      }
      flat = flat.to(device);
      gradient = at::zeros_like(flat);
      loss.start(flat.options());
      at = 0;
      for (auto& one : declared) {
        const auto part = [&](const Tensor& t) { return t.narrow(0, size_of(at), size_of(one.count())).view(one.dims); };
        Parameter made{one, part(flat).detach(), part(gradient)};
        made.leaf.set_requires_grad(true);
        made.leaf.mutable_grad() = made.gradient;
        weights[one.name] = made.leaf;
        at += one.count();
        parameters.push_back(std::move(made));
      }
      forget_moments();
    });
  }

  void forget_moments() {
    first_moment = at::zeros_like(flat);
    second_moment = at::zeros_like(flat);
    steps = at::zeros({1}, flat.options());
  }

  [[nodiscard]] Tensor rows_of(const Batch& batch, size_t begin, size_t rows) const { return net::rows_tensor(batch, begin, rows, device); }

  void adam(double learning_rate, double weight_decay) {
    net::adamw_step({flat, gradient, first_moment, second_moment, steps}, decayed, flat.numel(), learning_rate, weight_decay);
  }

  // Each unit behind the encoder keeps the length of its weights within the limit (Kim 2014, section 2.1).
  void shorten() {
    if (shape.max_norm <= 0) return;
    Tensor weights_behind = weights.at(shape.joint > 0 ? "joint" : "head").detach().narrow(1, 0, size_of(shape.encoded()));
    const Tensor length = weights_behind.norm(2, {1}, true).clamp_min(1e-12);
    weights_behind.mul_((shape.max_norm / length).clamp_max(1));
  }
};

TextNetwork::TextNetwork(TextShape shape, const Context& context) : impl_(std::make_unique<Impl>(std::move(shape), context)) {}
TextNetwork::~TextNetwork() = default;

void TextNetwork::set_data(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, size_t /*largest_batch*/) {
  Impl& self = *impl_;
  in_torch([&] {
    self.features = self.rows_of(batch, 0, batch.rows);
    self.target = net::row_values(std::vector<float>(target.begin(), target.end()), self.device);
    self.weight = net::row_values(net::mean_one_weights(weight, batch.rows), self.device);
    self.forget_moments();
  });
}

void TextNetwork::forget_data() {
  Impl& self = *impl_;
  for (Tensor* tensor :
       {&self.features, &self.target, &self.weight, &self.order, &self.gradient, &self.first_moment, &self.second_moment, &self.steps, &self.kept}) {
    tensor->reset();
  }
  in_torch([&] {
    for (auto& parameter : self.parameters) {
      parameter.gradient.reset();
      parameter.leaf.mutable_grad().reset();
      parameter.leaf.set_requires_grad(false);
    }
  });
}

void TextNetwork::set_order(std::span<const uint32_t> order) {
  in_torch([&] { impl_->order = net::index_tensor(order, impl_->device); });
}

void TextNetwork::gradients(size_t begin, size_t end) {
  Impl& self = *impl_;
  net::in_torch_with<net::WithGradient>([&] {
    const Tensor index = self.order.narrow(0, size_of(begin), size_of(end - begin));
    self.gradient.zero_();
    const Forward forward(self.shape, self.weights, &self.generator);
    const Tensor logits = forward.logits(self.features.index_select(0, index));
    const Tensor loss = at::binary_cross_entropy_with_logits(logits, self.target.index_select(0, index), self.weight.index_select(0, index));
    loss.backward();
    self.loss.add(loss, end - begin);
  });
}

// A layer is what stands before the colon or dot of its parameters' names.
std::vector<net::LayerState> TextNetwork::watched_gradients(size_t begin, size_t end) {
  gradients(begin, end);
  return in_torch([&] {
    std::vector<net::LayerState> states;
    for (const Declared& one : declare(impl_->shape)) {
      const std::string layer = one.name.substr(0, one.name.find_first_of(":."));
      double& norm = net::state_of(states, layer).gradient_norm;
      for (const auto& parameter : impl_->parameters) {
        if (parameter.declared.name == one.name) norm = std::hypot(norm, parameter.gradient.norm().item<double>());
      }
    }
    return states;
  });
}

void TextNetwork::clip(double limit) {
  in_torch([&] { net::clip_to(impl_->gradient, limit); });
}

void TextNetwork::update(double learning_rate, double weight_decay) {
  in_torch([&] {
    impl_->adam(learning_rate, weight_decay);
    impl_->shorten();
  });
}

double TextNetwork::take_loss() {
  return in_torch([&] { return impl_->loss.take(); });
}

void TextNetwork::keep() {
  in_torch([&] { impl_->kept = impl_->flat.clone(); });
}

void TextNetwork::restore() {
  if (!impl_->kept.defined()) return;
  in_torch([&] { impl_->flat.copy_(impl_->kept); });
}

std::vector<double> TextNetwork::predict(const Batch& batch) const {
  const Impl& self = *impl_;
  std::vector<double> out(batch.rows);
  in_torch([&] {
    std::map<std::string, Tensor> weights;
    for (const auto& [name, tensor] : self.weights) weights[name] = tensor.detach().to(at::kDouble);
    const Forward forward(self.shape, weights, nullptr);
    for (size_t begin = 0; begin < batch.rows; begin += kPredictRows) {
      const size_t rows = std::min(kPredictRows, batch.rows - begin);
      const Tensor p = at::sigmoid(forward.logits(self.rows_of(batch, begin, rows).to(at::kDouble))).cpu().contiguous();
      std::copy_n(p.data_ptr<double>(), rows, out.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  });
  return out;
}

Lowered TextNetwork::lower(PlanBuilder& builder, const LoweredInputs& inputs) const {
  return lower_text_network(impl_->shape, parameters(), builder, inputs);
}

std::vector<net::NamedArray> TextNetwork::parameters() const {
  return in_torch([&] {
    std::vector<net::NamedArray> out;
    for (const auto& [name, tensor] : impl_->weights) out.push_back(net::named_array(name, tensor.sizes().vec(), tensor));
    return out;
  });
}

void TextNetwork::set_vectors(size_t k, std::span<const float> vectors) {
  in_torch([&] {
    Tensor table = impl_->weights.at("vectors:" + std::to_string(k)).detach();
    Tensor values = at::empty({size_of(vectors.size())}, at::kFloat);
    std::copy(vectors.begin(), vectors.end(), values.data_ptr<float>());
    table.flatten().narrow(0, 0, values.numel()).copy_(values);
  });
}

double TextNetwork::pretrain_by_masks(const Batch& batch, const MaskSpec& spec, const Context& context) {
  Impl& self = *impl_;
  if (self.shape.encoder != Encoder::kTransformer || batch.rows == 0) return 0;
  Random random(context.seed(), "masked words");
  double tail = 0;
  size_t tail_steps = 0;
  auto progress = context.begin("masked words", static_cast<int64_t>(spec.steps));
  for (size_t step = 0; step < spec.steps; ++step) {
    context.check_cancelled();
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < std::min(spec.batch, batch.rows); ++i) rows.push_back(static_cast<uint32_t>(random.below(batch.rows)));
    const double loss = net::in_torch_with<net::WithGradient>([&] {
      self.gradient.zero_();
      const Forward forward(self.shape, self.weights, &self.generator);
      std::vector<Words> words = forward.words(self.rows_of(batch, 0, batch.rows).index_select(0, net::index_tensor(rows, self.device)));
      std::vector<Tensor> masks;
      std::vector<Tensor> truth;
      for (size_t k = 0; k < words.size(); ++k) {
        const auto other = size_of(self.shape.layout.texts[k].levels) - 1;
        const Tensor drawn = at::empty(words[k].ids.sizes(), at::kFloat).bernoulli_(spec.share, self.generator).to(at::kBool).to(self.device);
        truth.push_back(words[k].ids);
        // A word that is not listed is nothing to learn.
        masks.push_back(drawn.logical_and(words[k].present).logical_and(words[k].ids.ne(other)));
        words[k].ids = words[k].ids.masked_fill(masks.back(), other + 1);
      }
      Tensor present;
      const Tensor x = forward.tokens(words, present);
      Tensor loss_of_all = at::zeros({}, x.options());
      double masked = 0;
      int64_t begin = 0;
      for (size_t k = 0; k < words.size(); ++k) {
        const Tensor found = x.narrow(1, begin, words[k].ids.size(1)).masked_select(masks[k].unsqueeze(2)).view({-1, size_of(self.shape.width)});
        begin += words[k].ids.size(1);
        if (found.size(0) == 0) continue;
        const Tensor& table = self.weights.at("vectors:" + std::to_string(k));
        const Tensor scores = at::matmul(found, table.narrow(0, 0, size_of(self.shape.layout.texts[k].levels)).t());
        loss_of_all = loss_of_all - at::log_softmax(scores, 1).gather(1, truth[k].masked_select(masks[k]).unsqueeze(1)).sum();
        masked += static_cast<double>(found.size(0));
      }
      if (masked == 0) return 0.0;
      const Tensor mean = loss_of_all / masked;
      mean.backward();
      return mean.item<double>();
    });
    in_torch([&] { self.adam(spec.learning_rate, 0); });
    if (step * 10 >= spec.steps * 9) {
      tail += loss;
      ++tail_steps;
    }
    progress.advance(1);
  }
  return tail_steps > 0 ? tail / static_cast<double>(tail_steps) : 0;
}

}  // namespace obligor::text
