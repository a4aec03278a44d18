// The one exception type of Obligor and its table of codes.
//
//   throw Error(ErrorCode::kData, "loans.csv:17: column 'age': 'abc' is not a number; fix the cell or declare the "
//                                 "column a category with --category age");
//
// Contract: thrown at the edges of work (parse, load, fit), never in per-row hot paths. The message is one line that says
// what failed, where, what is allowed and what to do. Each vendor is wrapped once, so that nothing of its own escapes. A message
// may quote a cell or a name of a file: control characters in it become blanks, so that it stays one line and moves no terminal.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace obligor {

enum class ErrorCode { kInvalid, kNotFound, kUnsupported, kData, kIo, kNumeric, kCancelled, kInternal };

// What the outside sees for a code: the process exit status, the HTTP status, the name in Python and JSON.
struct ErrorFacts {
  ErrorCode code;
  std::string_view name;
  int exit_status;
  int http_status;
};

[[nodiscard]] const ErrorFacts& facts(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message);
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// "unknown model 'lightgmb'; did you mean 'lightgbm'?" Lists up to three near candidates (edit distance), or, when none is
// near, all of them. `what` is the kind of thing, e.g. "model".
[[nodiscard]] Error unknown_name(std::string_view what, std::string_view name, std::span<const std::string> candidates);

}  // namespace obligor
