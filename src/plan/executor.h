// Executor: runs a plan over a batch of raw columns. The reference interpreter is here; the fast one lives in `emit`.
//
//   Interpreter interpreter(plan);
//   Values values = interpreter.run(batch, {"probability"});
//   values[0].numbers[row * values[0].width + column];
//
// Contract: columns of the batch come in the order of plan.inputs. A category cell that is missing has code -1. Executors are
// thread-safe after construction; run() never depends on how rows are cut into batches.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/batch.h"
#include "plan/plan.h"

namespace obligor {

struct Value {
  uint32_t width = 1;
  std::vector<float> numbers;  // rows x width, row-major, for a number
  std::vector<int32_t> codes;  // rows, for a code
};

class Executor {
 public:
  virtual ~Executor() = default;
  // The values of the named outputs (all when empty), in the order asked for. Error{kNotFound} for an unknown name.
  [[nodiscard]] virtual std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const = 0;
};

// Obvious code, the oracle: each op a loop over the rows of a tile; float32 storage, float64 sums.
class Interpreter final : public Executor {
 public:
  explicit Interpreter(ScorePlan plan);
  ~Interpreter() override;
  [[nodiscard]] std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const override;
  [[nodiscard]] const ScorePlan& plan() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How a room that may not include `emit` is given the fast executor: by whoever calls it. The interpreter where nothing is given.
using ExecutorFactory = std::function<std::unique_ptr<Executor>(const ScorePlan&)>;
[[nodiscard]] std::unique_ptr<Executor> make_interpreter(const ScorePlan& plan);

}  // namespace obligor
