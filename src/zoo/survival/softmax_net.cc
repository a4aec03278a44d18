#include "zoo/survival/softmax_net.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "core/error.h"
#include "zoo/net/step_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::survival {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr size_t kTile = 1024;
constexpr size_t kStepsPerCheck = 16;

// The masked softmax of one row of logits, in place.
template <typename T>
void softmax(std::span<T> z, const uint8_t* mask) {
  T high = -std::numeric_limits<T>::infinity();
  for (size_t s = 0; s < z.size(); ++s) {
    if (mask[s] != 0) high = std::max(high, z[s]);
  }
  T total = 0;
  for (size_t s = 0; s < z.size(); ++s) {
    z[s] = mask[s] != 0 ? std::exp(z[s] - high) : T{0};
    total += z[s];
  }
  for (T& value : z) value /= total;
}

// A network laid out for steps of up to `largest` rows.
struct Step {
  net::Tape tape;
  net::Slot x = 0;
  net::Slot logits = 0;
  Step(size_t largest, bool training) : tape(largest, training) {}
};

class Trainer {
 public:
  Trainer(const std::vector<size_t>& widths, const std::vector<size_t>& offsets, double dropout, std::vector<float>& parameters, size_t batch,
          uint64_t seed)
      : widths_(widths),
        offsets_(offsets),
        parameters_(parameters),
        gradient_(parameters.size()),
        first_(parameters.size()),
        second_(parameters.size()),
        learn_(batch, true),
        look_(kTile, false) {
    lay_out(learn_, dropout, seed);
    lay_out(look_, 0, seed);
  }

  // One step over rows order[begin, end); the loss, summed over the rows.
  double step(const SoftmaxRows& rows, std::span<const uint32_t> order, double rate, double decay) {
    gather(learn_, rows, order);
    learn_.tape.forward(order.size());
    const size_t states = widths_.back();
    const float* z = learn_.tape.value(learn_.logits);
    float* d = learn_.tape.gradient(learn_.logits);
    double loss = 0;
    const float share = 1.0F / static_cast<float>(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      const uint32_t row = order[i];
      const std::span<float> p(d + i * states, states);
      std::copy(z + i * states, z + (i + 1) * states, p.begin());
      softmax(p, rows.mask.data() + row * states);
      loss -= static_cast<double>(rows.weight[row]) * std::log(std::max(static_cast<double>(p[rows.to[row]]), 1e-30));
      p[rows.to[row]] -= 1;
      for (float& value : p) value *= rows.weight[row] * share;
    }
    learn_.tape.backward(order.size());
    update(rate, decay);
    return loss;
  }

  // Mean loss of rows that are not learned from.
  double look(const SoftmaxRows& rows) {
    const size_t states = widths_.back();
    std::vector<uint32_t> order;
    double loss = 0;
    for (size_t begin = 0; begin < rows.rows; begin += kTile) {
      order.clear();
      for (size_t r = begin; r < std::min(rows.rows, begin + kTile); ++r) order.push_back(static_cast<uint32_t>(r));
      gather(look_, rows, order);
      look_.tape.forward(order.size());
      float* z = look_.tape.value(look_.logits);
      for (size_t i = 0; i < order.size(); ++i) {
        const std::span<float> p(z + i * states, states);
        softmax(p, rows.mask.data() + order[i] * states);
        loss -= static_cast<double>(rows.weight[order[i]]) * std::log(std::max(static_cast<double>(p[rows.to[order[i]]]), 1e-30));
      }
    }
    return loss / static_cast<double>(rows.rows);
  }

 private:
  void lay_out(Step& step, double dropout, uint64_t seed) {
    step.x = step.tape.input(widths_.front());
    net::Slot a = step.x;
    for (size_t l = 0; l < offsets_.size(); ++l) {
      const size_t bias = offsets_[l] + widths_[l] * widths_[l + 1];
      a = step.tape.dense(a, {parameters_.data() + offsets_[l], gradient_.data() + offsets_[l]}, {parameters_.data() + bias, gradient_.data() + bias},
                          widths_[l + 1]);
      if (l + 1 == offsets_.size()) break;
      a = step.tape.activate(a, net::Activation::kRelu);
      a = step.tape.dropout(a, dropout, derive_seed(seed, "dropout", l));
    }
    step.logits = a;
  }

  void gather(Step& step, const SoftmaxRows& rows, std::span<const uint32_t> order) {
    const size_t width = widths_.front();
    float* x = step.tape.value(step.x);
    for (size_t i = 0; i < order.size(); ++i) std::copy_n(rows.x.data() + order[i] * width, width, x + i * width);
  }

  void update(double rate, double decay) {
    correct1_ *= kBeta1;
    correct2_ *= kBeta2;
    const auto& kernels = net::step_kernels();
    for (size_t l = 0; l < offsets_.size(); ++l) {
      const size_t weights = widths_[l] * widths_[l + 1];
      for (const auto& [at, count, with_decay] : {std::tuple{offsets_[l], weights, decay}, std::tuple{offsets_[l] + weights, widths_[l + 1], 0.0}}) {
        const net::AdamStep step{static_cast<float>(rate), static_cast<float>(rate * with_decay), static_cast<float>(1 - correct1_),
                                 static_cast<float>(std::sqrt(1 - correct2_))};
        kernels.adamw(count, step, gradient_.data() + at, first_.data() + at, second_.data() + at, parameters_.data() + at);
      }
    }
  }

  const std::vector<size_t>& widths_;
  const std::vector<size_t>& offsets_;
  std::vector<float>& parameters_;
  std::vector<float> gradient_, first_, second_;
  double correct1_ = 1;
  double correct2_ = 1;
  Step learn_, look_;
};

}  // namespace

SoftmaxNet::SoftmaxNet(std::vector<size_t> widths, double dropout, Random& random) : widths_(std::move(widths)), dropout_(dropout) {
  for (size_t l = 0; l + 1 < widths_.size(); ++l) {
    offsets_.push_back(parameters_.size());
    const bool last = l + 2 == widths_.size();
    const double deviation = last ? 0 : std::sqrt(2.0 / static_cast<double>(std::max<size_t>(1, widths_[l])));
    for (size_t i = 0; i < widths_[l] * widths_[l + 1]; ++i) parameters_.push_back(last ? 0.0F : static_cast<float>(deviation * random.normal()));
    parameters_.insert(parameters_.end(), widths_[l + 1], 0.0F);
  }
}

size_t SoftmaxNet::train(const SoftmaxRows& rows, const SoftmaxRows& held_back, const SoftmaxTraining& plan, uint64_t seed, const Context& context,
                         Learning& learning) {
  const size_t batch = std::min(plan.batch, rows.rows);
  Trainer trainer(widths_, offsets_, dropout_, parameters_, batch, seed);
  Random random(seed, "order");
  std::vector<float> best = parameters_;
  double least = std::numeric_limits<double>::infinity();
  size_t best_epoch = 0;
  double rate = plan.rate;
  for (size_t epoch = 0; epoch < plan.epochs; ++epoch) {
    const auto order = random.permutation(rows.rows);
    if (!plan.rates.empty()) rate = plan.rates[epoch];
    double loss = 0;
    size_t step = 0;
    for (size_t begin = 0; begin < order.size(); begin += batch) {
      if (step++ % kStepsPerCheck == 0) context.check_cancelled();
      loss += trainer.step(rows, std::span(order).subspan(begin, std::min(batch, order.size() - begin)), rate, plan.decay);
    }
    loss /= static_cast<double>(rows.rows);
    if (!std::isfinite(loss)) {
      throw Error(ErrorCode::kNumeric, fmt::format("the loss is no longer finite in epoch {}; lower learning_rate (now {})", epoch + 1, plan.rate));
    }
    learning.epoch.push_back(static_cast<double>(epoch + 1));
    learning.train_loss.push_back(loss);
    learning.learning_rate.push_back(rate);
    if (held_back.rows == 0) continue;
    const double held = trainer.look(held_back);
    learning.valid_loss.push_back(held);
    if (held < least) {
      least = held;
      best_epoch = epoch + 1;
      best = parameters_;
      continue;
    }
    const size_t waited = epoch + 1 - best_epoch;
    if (waited >= plan.patience) break;
    if (waited % std::max<size_t>(1, plan.patience / 3) == 0) rate /= 2;
  }
  if (held_back.rows == 0) return plan.epochs;
  parameters_ = std::move(best);
  return best_epoch;
}

std::vector<double> SoftmaxNet::probabilities(std::span<const float> x, std::span<const uint8_t> mask) const {
  using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const size_t states = widths_.back();
  const size_t rows = mask.size() / states;
  const auto extent = [](size_t n) { return static_cast<Eigen::Index>(n); };
  std::vector<double> out(rows * states);
  for (size_t begin = 0; begin < rows; begin += kTile) {
    const size_t count = std::min(kTile, rows - begin);
    Eigen::MatrixXd a = Eigen::Map<const RowMatrix>(x.data() + begin * widths_[0], extent(count), extent(widths_[0])).cast<double>();
    for (size_t l = 0; l < layers(); ++l) {
      const Eigen::Map<const RowMatrix> w(parameters_.data() + offsets_[l], extent(widths_[l + 1]), extent(widths_[l]));
      const Eigen::Map<const Eigen::RowVectorXf> b(parameters_.data() + biases_at(l), extent(widths_[l + 1]));
      a = ((a * w.cast<double>().transpose()).rowwise() + b.cast<double>()).eval();
      if (l + 1 < layers()) a = a.cwiseMax(0.0);
    }
    for (size_t r = 0; r < count; ++r) {
      const std::span<double> p(out.data() + (begin + r) * states, states);
      for (size_t s = 0; s < states; ++s) p[s] = a(extent(r), extent(s));
      softmax(p, mask.data() + (begin + r) * states);
    }
  }
  return out;
}

NodeId SoftmaxNet::lower_logits(PlanBuilder& builder, NodeId x) const {
  NodeId a = x;
  for (size_t l = 0; l < layers(); ++l) {
    const auto from = [&](size_t at) { return parameters_.begin() + static_cast<std::ptrdiff_t>(at); };
    const size_t end = biases_at(l) + widths_[l + 1];
    a = builder.affine(a, {from(offsets_[l]), from(biases_at(l))}, {from(biases_at(l)), from(end)}, static_cast<uint32_t>(widths_[l + 1]));
    if (l + 1 < layers()) a = builder.activate(a, "relu");
  }
  return a;
}

}  // namespace obligor::survival
