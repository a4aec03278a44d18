#include "zoo/sequence/filters.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/flat-inl.h"

namespace obligor::sequence {
namespace {

using at::Tensor;
using net::size_of;

// One layer in training: its numbers are views of one flat tensor, so that a step of Adam is one call.
class FilterTrainer {
 public:
  FilterTrainer(size_t channels, size_t level, const FilterOptions& options, Random& random, at::Device device)
      : channels_(size_of(channels)),
        filters_(size_of(options.filters)),
        taps_(size_of(options.taps)),
        dilation_(int64_t{1} << level),
        reach_((taps_ - 1) * dilation_) {
    const size_t weights = options.filters * channels * options.taps;
    std::vector<float> start(weights + options.filters + channels, 0.0F);
    const double bound = 1 / std::sqrt(static_cast<double>(channels * options.taps));
    for (size_t i = 0; i < weights; ++i) start[i] = static_cast<float>(bound * (2 * random.uniform() - 1));
    flat_ = net::row_values(start, device);
    gradient_ = at::zeros_like(flat_);
    first_ = at::zeros_like(flat_);
    second_ = at::zeros_like(flat_);
    steps_ = at::zeros({1}, flat_.options());
    weight_ = leaf(0, {filters_, channels_, taps_});
    bias_ = leaf(size_of(weights), {filters_});
    visible_bias_ = leaf(size_of(weights) + filters_, {channels_});
  }

  // rows x channels x steps to rows x filters x steps.
  [[nodiscard]] Tensor encode(const Tensor& x) const {
    const Tensor padded = at::constant_pad_nd(x, {reach_ - reach_ / 2, reach_ / 2});
    return at::relu(at::conv1d(padded, weight_, bias_, kOne, kNone, dilation()));
  }

  // One step of Adam on the error of the clean rows, made from those that were shown; returns the error.
  double step(const Tensor& clean, const Tensor& shown, double rate) {
    gradient_.zero_();
    const Tensor wide = at::conv_transpose1d(encode(shown), weight_, {}, kOne, kNone, kNone, 1, dilation());
    const Tensor made = wide.narrow(2, reach_ - reach_ / 2, clean.size(2)) + visible_bias_.view({channels_, 1});
    const Tensor error = at::mse_loss(made, clean);
    error.backward();
    const c10::NoGradGuard guard;
    net::adamw_step({flat_, gradient_, first_, second_, steps_}, 0, flat_.numel(), rate, 0);
    return error.item<double>();
  }

  [[nodiscard]] FilterLayer layer() const {
    // Channels last, as the plan holds filters.
    return {net::named_array("W", {}, weight_.transpose(1, 2)).values, net::named_array("b", {}, bias_).values, 0, 0};
  }

 private:
  static constexpr std::array<int64_t, 1> kOne{1};
  static constexpr std::array<int64_t, 1> kNone{0};

  [[nodiscard]] at::IntArrayRef dilation() const { return {&dilation_, 1}; }
  Tensor leaf(int64_t begin, const std::vector<int64_t>& dims) {
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    Tensor made = flat_.narrow(0, begin, count).view(dims).detach();
    made.set_requires_grad(true);
    made.mutable_grad() = gradient_.narrow(0, begin, count).view(dims);
    return made;
  }

  int64_t channels_;
  int64_t filters_;
  int64_t taps_;
  int64_t dilation_;
  int64_t reach_;
  Tensor flat_, gradient_, first_, second_, steps_, weight_, bias_, visible_bias_;
};

}  // namespace

std::vector<FilterLayer> pretrain_filters(const Batch& batch, const FilterOptions& options, const Context& context) {
  return net::in_torch_with<net::WithGradient>([&] {
    const at::Device device = net::device_of(context);
    Random random(context.seed(), "filters");
    at::Generator noise = at::detail::createCPUGenerator(derive_seed(context.seed(), "filters corruption"));
    const Tensor rows = net::rows_tensor(batch, 0, batch.rows, device);
    std::vector<FilterTrainer> trained;
    std::vector<FilterLayer> out;
    const size_t tenth = std::max<size_t>(1, options.steps / 10);
    for (size_t level = 0; level < options.layers; ++level) {
      FilterTrainer trainer(level == 0 ? 1 : options.filters, level, options, random, device);
      std::vector<uint32_t> order;
      size_t at = 0;
      double first = 0;
      double last = 0;
      for (size_t step = 0; step < options.steps; ++step) {
        context.check_cancelled();
        if (at >= order.size()) {
          order = random.permutation(batch.rows);
          at = 0;
        }
        const size_t count = std::min(options.batch, order.size() - at);
        Tensor x;
        Tensor shown;
        {
          const c10::NoGradGuard guard;
          x = rows.index_select(0, net::index_tensor(std::span<const uint32_t>(order).subspan(at, count), device)).unsqueeze(1);
          for (const FilterTrainer& below : trained) x = below.encode(x);
          shown = options.corruption <= 0 ? x : x * at::empty(x.sizes(), at::kFloat).bernoulli_(1 - options.corruption, noise).to(device);
        }
        at += count;
        const double error = trainer.step(x, shown, options.rate);
        if (!std::isfinite(error)) {
          throw Error(ErrorCode::kNumeric,
                      fmt::format("model 'conv_autoencoder': the reconstruction of layer {} is no longer finite at batch {}; lower "
                                  "pretrain_rate (now {}), or prepare the numbers by quantiles (numbers = quantile)",
                                  level + 1, step + 1, options.rate));
        }
        if (step < tenth) first += error / static_cast<double>(tenth);
        if (step + tenth >= options.steps) last += error / static_cast<double>(tenth);
      }
      out.push_back(trainer.layer());
      out.back().first_error = first;
      out.back().last_error = last;
      trained.push_back(std::move(trainer));
    }
    return out;
  });
}

}  // namespace obligor::sequence
