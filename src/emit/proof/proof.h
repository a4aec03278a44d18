// Proof that a plan means the same everywhere: the interpreter beside the native scorer, the SQL in DuckDB and the ONNX model in ONNX
// Runtime, on rows of data and on generated edge rows.
//
//   Prover prover(plan, {});
//   prover.check(batch, "data", first_row);                    // any number of times
//   Proof proof = prover.finish();                             // runs the edge rows too
//   bundle.proof = proof_json(proof);                          // proof.holds
//
// Contract: the difference is that of the output `probability` (of every output of one number, relative to 1 + its size, where a plan has
// no such output). Two NaN are equal; a NaN against a number is an infinite difference. A form that cannot tell an empty string from a
// missing one is compared with the interpreter on rows where it is missing. Each backend keeps its largest difference, with the row. A
// backend that refuses the plan, or whose library is not there, is reported and does not fail the proof.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "plan/executor.h"

namespace obligor {

struct ProofOptions {
  double tolerance = 1e-6;
  double sql_tolerance = 1e-5;                                 // SQL computes in double from node to node (docs/sql.md)
  std::vector<std::string> backends{"native", "sql", "onnx"};  // Error{kNotFound} for another
  size_t sql_terms = 4'000;                                    // a larger statement is left out: DuckDB plans it for minutes
  size_t edge_rows = 20'000;
  uint64_t seed = 1;
};

struct BackendProof {
  std::string name;
  std::string status;  // compared, refused, not_found, failed
  std::string note;    // why not compared; else what ran: "avx512", "1.32.0"
  double tolerance = 0;
  size_t rows = 0;
  size_t edge_rows = 0;
  double largest = 0;  // infinite: one of the two is NaN
  double largest_on_data = 0;
  std::string where;  // "data row 17", "edge row 4"
  Json row = Json::object();
  double expected = 0;
  double found = 0;
  [[nodiscard]] bool holds() const { return (status == "compared" && largest <= tolerance) || status == "refused" || status == "not_found"; }
};

struct Proof {
  std::string plan_digest;  // of the plan's two files (plan_digest below)
  uint64_t seed = 0;
  size_t rows = 0;
  size_t edge_rows = 0;
  std::vector<BackendProof> backends;
  bool holds = false;
};

class Prover {
 public:
  explicit Prover(const ScorePlan& plan, const ProofOptions& options = {});
  ~Prover();
  Prover(const Prover&) = delete;
  Prover& operator=(const Prover&) = delete;
  // first_row: the number of the batch's first row, for people.
  void check(const InputBatch& batch, size_t first_row);
  [[nodiscard]] Proof finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// SHA-256 over the bytes of the plan's graph and weights.
[[nodiscard]] std::string plan_digest(const ScorePlan& plan);
[[nodiscard]] Json proof_json(const Proof& proof);

}  // namespace obligor
