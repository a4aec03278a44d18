#include "zoo/net/lazy_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "zoo/net/fused_step.h"

namespace obligor::net {
namespace {

constexpr double kSmallest = 1e-9;  // of a term, beside the first

}  // namespace

LazyTable::LazyTable(std::vector<float> values, size_t width, LazyRule rule) : width_(width), rule_(rule), values_(std::move(values)) {
  values_.resize(values_.size() + kRoom);
  const double ratio = kBeta1 / std::sqrt(kBeta2);
  for (double k = 1; std::pow(ratio, k) >= kSmallest; k += 1) {
    weight_.push_back(std::pow(ratio, k));
    growth_.push_back(std::pow(kBeta2, -k / 2));
  }
  constexpr int kPowers = 4096;
  for (int n = 0; n < kPowers; ++n) {
    powers1_.push_back(static_cast<float>(std::pow(kBeta1, n)));
    powers2_.push_back(static_cast<float>(std::pow(kBeta2, n)));
  }
  restart();
}

void LazyTable::restart() {
  const bool adagrad = rule_ == LazyRule::kAdagrad;
  first_.assign(values_.size(), adagrad ? kAdagradStart : 0.0F);
  second_.assign(adagrad ? 0 : values_.size(), 0.0F);
  last_.assign((values_.size() - kRoom) / width_, 0);
  for (auto* by_step : {&q_, &deviation_, &log_decay_, &s0_, &s1_, &s2_, &s3_}) by_step->clear();
  odd_.clear();
  step_ = 0;
  kept_ = 1;
  push_step(0, 0);
}

void LazyTable::forget() {
  catch_up_all();
  first_ = {};
  second_ = {};
  last_ = {};
}

void LazyTable::push_step(double q, double deviation) {
  q_.push_back(q);
  deviation_.push_back(deviation);
  const double size = std::log(std::max(std::fabs(kept_), 1e-300));
  log_decay_.push_back(log_decay_.empty() ? 0 : log_decay_.back() + size);
  odd_.push_back(odd_.empty() ? 0 : static_cast<uint8_t>(odd_.back() ^ (kept_ < 0 ? 1U : 0U)));
  for (auto* sums : {&s0_, &s1_, &s2_, &s3_}) sums->push_back(0);
}

// 1 less the product of f over the steps after `from`, up to `to`.
double LazyTable::lost_between(size_t from, size_t to) const {
  const double logarithm = log_decay_[to] - log_decay_[from];
  return odd_[to] == odd_[from] ? -std::expm1(logarithm) : 1 + std::exp(logarithm);
}

void LazyTable::catch_up(size_t row) {
  const size_t from = last_[row];
  if (from == step_) return;
  last_[row] = step_;
  float* value = values_.data() + row * width_;
  Missed missed;
  missed.lost = static_cast<float>(lost_between(from, step_));
  if (from == 0 || rule_ == LazyRule::kAdagrad) {  // it has no moments, or none that move it
    if (missed.lost != 0) {
      for (size_t c = 0; c < width_; ++c) value[c] -= missed.lost * value[c];
    }
    return;
  }
  float* first = first_.data() + row * width_;
  float* second = second_.data() + row * width_;
  const size_t count = step_ - from;
  missed.first = count < powers1_.size() ? powers1_[count] : static_cast<float>(std::pow(kBeta1, count));
  missed.second = count < powers2_.size() ? powers2_[count] : static_cast<float>(std::pow(kBeta2, count));
  missed.epsilon = static_cast<float>(kEpsilon * deviation_[from]);
  // Sums that are whole only shrink from then on.
  const double shrunk = count > weight_.size() ? 1 - lost_between(from + weight_.size(), step_) : 1;
  missed.s0 = static_cast<float>(shrunk * s0_[from]);
  missed.s1 = static_cast<float>(shrunk * s1_[from]);
  missed.s2 = static_cast<float>(shrunk * s2_[from]);
  missed.s3 = static_cast<float>(shrunk * s3_[from]);
  if (step_kernels().settle(width_, missed, first, second, value)) return;
  std::vector<double> terms(std::min(count, weight_.size()));
  for (size_t k = 1; k <= terms.size(); ++k) terms[k - 1] = (1 - lost_between(from + k, step_)) * q_[from + k] * weight_[k - 1];
  for (size_t c = 0; c < width_; ++c) {
    const double deviation = std::sqrt(static_cast<double>(second[c]));
    double sum = 0;
    for (size_t k = 1; k <= terms.size(); ++k) sum += terms[k - 1] / (deviation + kEpsilon * deviation_[from + k] * growth_[k - 1]);
    const auto x = static_cast<double>(value[c]);
    value[c] = static_cast<float>(x - static_cast<double>(missed.lost) * x - static_cast<double>(first[c]) * sum);
    first[c] *= missed.first;
    second[c] *= missed.second;
  }
}

void LazyTable::catch_up_all() {
  for (size_t row = 0; row < last_.size(); ++row) catch_up(row);
}

void LazyTable::begin(double rate, double decay) {
  rate_ = rate;
  kept_ = 1 - rate * decay;
  now_ = adam_step(rate, decay, step_ + 1);
}

void LazyTable::update(size_t row, const float* gradient) {
  float* value = values_.data() + row * width_;
  float* first = first_.data() + row * width_;
  if (rule_ == LazyRule::kAdagrad) step_kernels().adagrad(width_, now_.rate, now_.decay, gradient, first, value);
  else step_kernels().adamw(width_, now_, gradient, first, second_.data() + row * width_, value);
  last_[row] = step_ + 1;
}

void LazyTable::end() {
  ++step_;
  const auto t = static_cast<double>(step_);
  const double deviation = std::sqrt(1 - std::pow(kBeta2, t));
  const double q = rate_ * deviation / (1 - std::pow(kBeta1, t));
  const size_t reach = rule_ == LazyRule::kAdagrad ? 0 : std::min<size_t>(step_, weight_.size());
  for (size_t k = 1; k <= reach; ++k) {
    const size_t from = step_ - k;
    const double term = q * weight_[k - 1];
    const double gap = kEpsilon * (deviation * growth_[k - 1] - deviation_[from]);
    s0_[from] = s0_[from] * kept_ + term;
    s1_[from] = s1_[from] * kept_ + term * gap;
    s2_[from] = s2_[from] * kept_ + term * gap * gap;
    s3_[from] = s3_[from] * kept_ + term * gap * gap * gap;
  }
  push_step(q, deviation);
}

void LazyTable::set_values(std::span<const float> values) {
  catch_up_all();
  std::copy(values.begin(), values.end(), values_.begin());
}

}  // namespace obligor::net
