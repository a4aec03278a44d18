// What a row of a table misses while Adam's steps do not touch it, summed once for all rows. Private to the room.
//
//   LazyAdam adam(beta1, beta2, epsilon);
//   adam.missed(last);            // of a row that step `last` touched (0: none yet), before the step to come
//   adam.begin(rate);             // rate_t of the step to come; then kernels().adam_row(row, gradient, width, ...)
//   adam.end();                   // the step is done: step() has grown by one
//
// Formulas: zoo/recsys/kernels.h. The sums of step t reach back as far as (b1 / sqrt(b2))^n >= 1e-9; earlier ones are whole by then.
#pragma once

#include <cstdint>
#include <vector>

#include "zoo/recsys/kernels.h"

namespace obligor::recsys {

class LazyAdam {
 public:
  LazyAdam(double beta1, double beta2, double epsilon);

  [[nodiscard]] uint32_t step() const { return step_; }  // steps done
  [[nodiscard]] Missed missed(uint32_t last) const;
  [[nodiscard]] AdamRate begin(double rate);
  void end();
  [[nodiscard]] float epsilon() const { return static_cast<float>(epsilon_); }

 private:
  double beta1_;
  double beta2_;
  double epsilon_;
  double current_ = 0;  // rate_t of the step that is on
  uint32_t step_ = 0;
  std::vector<double> w0_, w1_, w2_;   // weights of a term by its age, oldest first
  std::vector<double> s0_, s1_, s2_;   // by the step that last touched a row
  std::vector<float> first_, second_;  // b1^n, b2^n for n up to their size
};

}  // namespace obligor::recsys
