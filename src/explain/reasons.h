// Reason codes: which inputs make this obligor look worse than a reference obligor, and by how much. Reads the plan only.
//
//   Interpreter interpreter(bundle.plan);
//   ReasonCoder coder(bundle, "m.obligor");
//   Pushes pushes = coder.pushes(interpreter, batch);             // rows x inputs
//   for (const Reason& reason : top_reasons(pushes, row, 3)) print(coder.input(reason.input), reason.push);
//
// The push of input j = log-odds of bad(row) - log-odds of bad(row with input j at the reference value): positive when the row's
// own value makes it worse than the reference. The reference obligor has, in each input, the median of the training rows, or the most frequent
// level (bundle dictionary, "reference"; null = missing). For a model that adds its inputs up (logistic on untransformed or binned
// columns, a scorecard) the push is exactly the points lost against the reference obligor, on the scale of log-odds, and the pushes of a row add up
// to its distance from the reference. For trees and networks it is the effect of changing that one input alone: what two inputs do only together is
// counted in both or in neither, and the pushes need not add up.
//
// Cost: one run of the plan a batch, and one more for each input; never a run a row. Memory: rows x inputs floats.
// Errors: Error{kData} when the dictionary has no reference value for an input (a bundle of an earlier version), or one of the
// wrong kind; those of the executor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.h"
#include "core/batch.h"
#include "plan/executor.h"

namespace obligor {

struct Pushes {
  size_t inputs = 0;
  std::vector<float> values;  // rows x inputs, row-major, in log-odds
};

struct Reason {
  uint32_t input = 0;  // index of the plan's input
  float push = 0;      // > 0
};

// At most k inputs that push the row's log-odds of bad up, the strongest first; equal ones in the order of the inputs.
[[nodiscard]] std::vector<Reason> top_reasons(const Pushes& pushes, size_t row, size_t k);

class ReasonCoder {
 public:
  ReasonCoder(const Bundle& bundle, std::string_view source);

  // `executor` runs the bundle's plan. `batch` is as for the plan.
  [[nodiscard]] Pushes pushes(const Executor& executor, const InputBatch& batch) const;
  [[nodiscard]] size_t inputs() const { return references_.size(); }
  [[nodiscard]] const std::string& input(size_t index) const { return references_[index].name; }

 private:
  struct Reference {
    std::string name;
    bool is_category = false;
    float number = 0;                // NaN = missing
    std::vector<std::string> level;  // one entry; empty = missing
  };
  std::vector<Reference> references_;
};

}  // namespace obligor
