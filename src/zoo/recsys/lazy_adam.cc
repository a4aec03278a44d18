#include "zoo/recsys/lazy_adam.h"

#include <algorithm>
#include <cmath>

namespace obligor::recsys {

LazyAdam::LazyAdam(double beta1, double beta2, double epsilon) : beta1_(beta1), beta2_(beta2), epsilon_(epsilon) {
  const double ratio = beta1 / std::sqrt(beta2);
  for (double age = 1; std::pow(ratio, age) >= 1e-9; age += 1) {
    const double weight = std::pow(ratio, age);
    const double h = std::pow(beta2, -age / 2) - 1;
    w0_.push_back(weight);
    w1_.push_back(weight * h);
    w2_.push_back(weight * h * h);
  }
  for (auto* weights : {&w0_, &w1_, &w2_}) std::reverse(weights->begin(), weights->end());
  constexpr int kPowers = 4096;
  for (int n = 0; n < kPowers; ++n) {
    first_.push_back(static_cast<float>(std::pow(beta1, n)));
    second_.push_back(static_cast<float>(std::pow(beta2, n)));
  }
  // Of a row that no step has touched yet; its moments are 0.
  s0_.push_back(0);
  s1_.push_back(0);
  s2_.push_back(0);
}

Missed LazyAdam::missed(uint32_t last) const {
  const size_t n = step_ - last;
  Missed missed;
  missed.first = n < first_.size() ? first_[n] : static_cast<float>(std::pow(beta1_, static_cast<double>(n)));
  missed.second = n < second_.size() ? second_[n] : static_cast<float>(std::pow(beta2_, static_cast<double>(n)));
  missed.s0 = static_cast<float>(s0_[last]);
  missed.s1 = static_cast<float>(s1_[last]);
  missed.s2 = static_cast<float>(s2_[last]);
  return missed;
}

AdamRate LazyAdam::begin(double rate) {
  const double t = static_cast<double>(step_) + 1;
  current_ = rate * std::sqrt(1 - std::pow(beta2_, t)) / (1 - std::pow(beta1_, t));
  return adam_rate(rate, t, beta1_, beta2_, epsilon_);
}

void LazyAdam::end() {
  const size_t reach = std::min(w0_.size(), s0_.size());
  const size_t from = s0_.size() - reach;
  const size_t skip = w0_.size() - reach;
  for (size_t i = 0; i < reach; ++i) {
    s0_[from + i] += w0_[skip + i] * current_;
    s1_[from + i] += w1_[skip + i] * current_;
    s2_[from + i] += w2_[skip + i] * current_;
  }
  s0_.push_back(0);
  s1_.push_back(0);
  s2_.push_back(0);
  ++step_;
}

}  // namespace obligor::recsys
