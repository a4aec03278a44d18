// NativeExecutor: a plan compiled at load into kernels over tiles of rows. The fast twin of the reference interpreter.
//
//   NativeExecutor executor(bundle.plan);
//   auto values = executor.run(batch, {"probability"});
//
// Contract: the interface and the results of Interpreter (plan/executor.h) for every verified plan. All ops but two are equal bit
// for bit: affine maps of more than two outputs sum in float32 by fused multiply-adds (bias first, inputs in order), and activations
// are vector functions; both are stated in docs/native.md. A row's result does not depend on the batch it comes in, bit for bit, on
// one machine. Thread-safe after construction. Each thread keeps a workspace of its own, which grows to the largest plan that it has
// run; beside that run() allocates its result, and score() nothing. A batch of a few rows takes a path of its own (row.h).
// The instruction set is chosen at construction. Errors: those of verify(); Error{kNotFound} for an unknown output.
#pragma once

#include <memory>

#include "emit/native/raw_column.h"
#include "plan/executor.h"

namespace obligor {

class NativeExecutor final : public Executor {
 public:
  explicit NativeExecutor(const ScorePlan& plan);
  ~NativeExecutor() override;
  [[nodiscard]] std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const override;

  // Without allocation: the outputs of the given numbers (in the order of the plan) of rows begin .. begin + rows - 1, each into its own
  // array of rows x width. A code is written as a number. Every column has the form that its input's kind wants; there are as many as
  // inputs.
  void score(const RawColumn* columns, size_t begin, size_t rows, std::span<const size_t> outputs, float* const* to) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// An ExecutorFactory.
[[nodiscard]] std::unique_ptr<Executor> make_native(const ScorePlan& plan);

}  // namespace obligor
