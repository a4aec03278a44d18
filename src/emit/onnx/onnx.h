// A plan as an ONNX model, preprocessing included: raw columns in, scores out.
//
//   OnnxOptions options;
//   write_file("m.onnx", emit_onnx(bundle.plan, options));
//
// The model has an input a raw column, of its name and shape [rows, 1]: float for a number (NaN is missing; a date is days since
// 1970-01-01), string for a category. ONNX has no missing string: a cell equal to `missing_text` is missing. It has an output for each of
// the plan's, of its name and shape [rows, width]: float, or int64 for a code.
//
// Contract: standard operators alone (opset 17, and version 3 of ai.onnx.ml for strings and trees; protobuf of IR version 8), so that any
// runtime since 2022 reads it. What the reference interpreter computes in double is computed in double here, but for affine maps of three
// and more outputs and what follows them inside a network, which stay in float. Probabilities agree with the interpreter to 1e-6
// (docs/onnx.md). Errors, one line each: Error{kUnsupported} for a vocabulary that holds `missing_text`, an input and an output of one
// name, shared subtrees without end, a model beyond protobuf's 2 GiB, an operation without a translation.
#pragma once

#include <string>

#include "plan/plan.h"

namespace obligor {

struct OnnxOptions {
  std::string missing_text;  // the string that means a missing category: the empty one unless given
};

[[nodiscard]] std::string emit_onnx(const ScorePlan& plan, const OnnxOptions& options = {});

}  // namespace obligor
