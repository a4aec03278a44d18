// `obligor prove` for every model of the registry: each backend that takes its plan gives the interpreter's scores, also on edge rows.
#include "emit/proof/proof.h"
#include "conformance.h"

namespace obligor::conformance {
namespace {

TEST_P(Conformance, EveryBackendIsProvenOnDataAndEdgeRows) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  const auto fitted = fit_small(entry(), loans, one_thread());
  ProofOptions options;
  options.edge_rows = 1'500;
  options.sql_terms = 1'500;  // DuckDB takes seconds to plan more
  Prover prover(fitted.plan, options);
  const GatheredInputs inputs(loans.table, all_rows(loans.table.rows()), fitted.plan.inputs);
  prover.check(inputs.batch(), 0);
  const Proof proof = prover.finish();
  EXPECT_TRUE(proof.holds) << proof_json(proof).dump(1).substr(0, 4000);
  for (const BackendProof& one : proof.backends) RecordProperty(one.name, one.status + ", largest " + std::to_string(one.largest * 1e6) + "e-6");
}

}  // namespace
}  // namespace obligor::conformance
