// NativeExecutor: a plan compiled at load into kernels over tiles of rows. The fast twin of the reference interpreter.
//
//   NativeExecutor executor(bundle.plan);
//   auto values = executor.run(batch, {"probability"});
//
// Contract: the interface and the results of Interpreter (plan/executor.h) for every verified plan. All ops but two are equal bit
// for bit: affine maps of more than two outputs sum in float32 by fused multiply-adds (bias first, inputs in order), and activations
// are vector functions; both are stated in docs/native.md. A row's result does not depend on the batch it comes in, bit for bit, on
// one machine. Thread-safe after construction; run() allocates the result alone (each thread keeps a workspace of its own).
// The instruction set is chosen at construction. Errors: those of verify(); Error{kNotFound} for an unknown output.
#pragma once

#include <memory>

#include "plan/executor.h"

namespace obligor {

class NativeExecutor final : public Executor {
 public:
  explicit NativeExecutor(const ScorePlan& plan);
  ~NativeExecutor() override;
  [[nodiscard]] std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// An ExecutorFactory.
[[nodiscard]] std::unique_ptr<Executor> make_native(const ScorePlan& plan);

}  // namespace obligor
