// ONNX Runtime as an executor of plans: the exported model, run by another's engine. For proofs and tests; nothing scores by it.
//
//   if (!OnnxRuntimeExecutor::missing_because().empty()) ...                 // not installed: the line says where it was looked for
//   OnnxRuntimeExecutor executor(plan);                                      // emit_onnx, then a session
//   auto values = executor.run(batch, {"probability"});
//
// The library is opened on demand and never linked: the file OBLIGOR_ONNXRUNTIME names, else the one that `make setup` fetched, else
// the loader's. Its C interface is a table of functions whose order has stood since its first version.
//
// Contract: one thread, results of the model as they come. A category cell that holds `missing_text` is missing, and one with a zero byte
// ends there: this form cannot say otherwise. Errors: Error{kUnsupported} without the library; those of emit_onnx; Error{kInternal} with
// the runtime's own line where it refuses the model.
#pragma once

#include <memory>
#include <string>

#include "emit/onnx/onnx.h"
#include "plan/executor.h"

namespace obligor {

class OnnxRuntimeExecutor final : public Executor {
 public:
  explicit OnnxRuntimeExecutor(const ScorePlan& plan, const OnnxOptions& options = {});
  ~OnnxRuntimeExecutor() override;
  [[nodiscard]] std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const override;

  // Empty where the library was found.
  [[nodiscard]] static std::string missing_because();
  [[nodiscard]] static std::string version();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor
