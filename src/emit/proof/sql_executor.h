// The SQL of a plan as an executor: DuckDB computes the statement over the rows of a batch. For proofs and tests.
//
//   SqlExecutor executor(plan);                     // emit_sql, in DuckDB's dialect
//   auto values = executor.run(batch, {"probability"});
//
// Contract: outputs of one number; an empty string is missing, as docs/sql.md says; a date is a whole number of days. The rows go
// through a temporary file, which is removed. Errors: those of emit_sql and of reading; Error{kUnsupported} without outputs of one number.
#pragma once

#include <string>

#include "emit/sql/sql.h"
#include "plan/executor.h"

namespace obligor {

class SqlExecutor final : public Executor {
 public:
  explicit SqlExecutor(ScorePlan plan, size_t most_terms = SqlOptions().max_terms);
  [[nodiscard]] std::vector<Value> run(const InputBatch& batch, std::span<const std::string> outputs) const override;

 private:
  ScorePlan plan_;
  size_t most_terms_;
};

}  // namespace obligor
