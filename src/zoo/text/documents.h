// PV-DBOW: a vector d of a text from the output vectors u of its words, by a fixed number of gradient steps. Private to the room.
//
//   DocumentSpace space = train_documents(texts, levels, {.width = 32}, context);     // texts: word ids of each
//   std::vector<double> d = space.infer(ids);                                         // at training and at scoring alike
//   NodeId node = space.lower(builder, nodes, length);
//
// Le & Mikolov, ICML 2014 (arXiv:1405.4053), section 2.3, with negative sampling: learned are, by stochastic steps, a vector a text and a vector
// a word, which raise log s(u_w'd) of the text's words w and log s(-u_v'd) of k words v drawn by count^0.75. These vectors of texts are then thrown
// away. Whatever is scored, a training text too, gets the d that goes up from 0, in `steps` steps of one size, on what that sampling expects,
//
//   f(d) = mean over the words of log s(u_w'd) + k sum_v p_v log s(-u_v'd) - shrink |d|^2 / 2,
//   d <- d + rate (mean_w (1 - s(u_w'd)) u_w - k sum_v p_v s(u_v'd) u_v - shrink d),
//
// which is concave, and whose steps are ops of a plan. A word that is not listed has the vector 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/context.h"
#include "zoo/text/columns.h"

namespace obligor::text {

struct DocumentSpec {
  size_t width = 32;
  size_t negatives = 5;
  size_t epochs = 20;
  double learning_rate = 0.025;  // falls in a straight line to a hundredth
  size_t steps = 10;
  double shrink = 0.1;
};

class DocumentSpace {
 public:
  // `vectors`: ids x width, of which the last id (no listed word) must be 0; `chance`: of each id to be drawn.
  DocumentSpace(const DocumentSpec& spec, std::vector<float> vectors, std::span<const double> chance);

  [[nodiscard]] size_t width() const { return spec_.width; }
  [[nodiscard]] std::vector<double> infer(std::span<const int32_t> ids) const;
  // What infer() goes up on; for tests.
  [[nodiscard]] double objective(std::span<const int32_t> ids, std::span<const double> d) const;
  // `width` numbers; `length` words at most.
  [[nodiscard]] NodeId lower(PlanBuilder& builder, const TextNodes& nodes, size_t length) const;

 private:
  DocumentSpec spec_;
  size_t listed_ = 0;
  std::vector<float> vectors_;  // ids x width
  std::vector<float> pushed_;   // width x listed: -k p_v u_v, as the plan holds it
  double rate_ = 0;
};

// Errors: kCancelled.
[[nodiscard]] DocumentSpace train_documents(std::span<const std::vector<int32_t>> texts, size_t levels, const DocumentSpec& spec,
                                            const Context& context);

}  // namespace obligor::text
