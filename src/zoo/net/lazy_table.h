// LazyTable: AdamW or Adagrad over a table of which a step touches a few rows, with the result of the whole table's step.
//
//   LazyTable table(std::move(values), width, LazyRule::kAdamW);
//   table.catch_up(row);                                      // before row `row` is read: what it missed since a step last touched it
//   table.begin(rate, decay);                                 // the step to come
//   table.update(row, gradient);                              // of a row that has caught up
//   table.end();                                              // the step is done
//   table.catch_up_all();  table.values();                    // the whole table
//
// In Adagrad (Duchi, Hazan & Singer 2011) a row without a gradient only decays. In
// AdamW (Loshchilov & Hutter, ICLR 2019), at step t of rate r_t and decay w_t, with f_t = 1 - r_t w_t and s_t = sqrt(1 - b2^t):
//   x <- f_t x - r_t / (1 - b1^t) m / (sqrt(v) / s_t + epsilon).
// A row that step a touched last, leaving x, m and v, still moves in steps a+1 .. T, where its gradient is 0. With q_t = r_t s_t / (1 - b1^t),
// F(i, T) = f_{i+1} .. f_T and e_{k} = epsilon s_{a+k} b2^{-k/2},
//   x <- F(a, T) x - m sum over k of F(a+k, T) q_{a+k} (b1 / sqrt(b2))^k / (sqrt(v) + e_k).
// With D = sqrt(v) + epsilon s_a and g_k = e_k - epsilon s_a >= 0 a term's last factor is (1 - g_k / D + (g_k / D)^2) / D, wrong by (g_k / D)^3 of
// itself at most. So four sums S0 .. S3, of the terms times g_k^0 .. g_k^3, which depend on a and T alone and are kept for all rows at once, give
// x and the bound of its error; a row for which the bound is not under one rounding of a float32 (its gradients are so small that epsilon
// counts) is summed term by term. Terms below 1e-9 of the first are left out.
//
// Contract: values are float32, sums float64. Memory: three times the table, and a step number a row; and seven float64 a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "zoo/net/step_kernels.h"

namespace obligor::net {

enum class LazyRule : uint8_t { kAdamW, kAdagrad };

class LazyTable {
 public:
  static constexpr float kAdagradStart = 1e-8F;  // of the sums of squares

  // A table of values.size() / width rows.
  LazyTable(std::vector<float> values, size_t width, LazyRule rule);

  void catch_up(size_t row);
  void catch_up_all();
  void begin(double rate, double decay);
  void update(size_t row, const float* gradient);
  void end();

  // Rows as they were when they last caught up.
  [[nodiscard]] float* data() { return values_.data(); }
  [[nodiscard]] std::span<const float> values() const { return {values_.data(), values_.size() - kRoom}; }
  // Other values; moments and steps stay.
  void set_values(std::span<const float> values);
  void restart();  // no moments, step 0
  void forget();   // catches up and drops all but the values: no more steps

 private:
  static constexpr size_t kRoom = 16;  // a kernel's last vector may read beyond the row

  void push_step(double q, double deviation);
  [[nodiscard]] double lost_between(size_t from, size_t to) const;

  size_t width_;
  LazyRule rule_;
  std::vector<float> values_;
  std::vector<float> first_;    // first moments, or sums of squares
  std::vector<float> second_;   // second moments
  std::vector<uint32_t> last_;  // the step that a row has seen
  uint32_t step_ = 0;           // steps done
  AdamStep now_;                // the step that is on
  double rate_ = 0;             // its rate
  double kept_ = 1;             // f of it

  std::vector<double> weight_, growth_;   // (b1 / sqrt(b2))^k and b2^{-k/2}, k = 1, 2, ...
  std::vector<float> powers1_, powers2_;  // b1^n and b2^n for n up to their size
  // By step, from step 0 on.
  std::vector<double> q_, deviation_;      // q_t and s_t
  std::vector<double> log_decay_;          // sum of log |f| up to it
  std::vector<uint8_t> odd_;               // whether the product of the f up to it is below 0
  std::vector<double> s0_, s1_, s2_, s3_;  // of rows that it touched last
};

}  // namespace obligor::net
