// Models that read histories, on a table that has one: ragged, with gaps, categories and rows without any step.
#include <fmt/format.h>

#include "conformance.h"
#include "emit/proof/proof.h"
#include "plan/io.h"
#include "table/sequence.h"

namespace obligor::conformance {
namespace {

// The book with four steps of an amount and a kind besides; a bad borrower's amounts fall.
Loans loans_with_history(size_t rows) {
  const Book book = study_test::make_book(rows, kSeed);
  const Loans plain = loans_of(book);
  Random random(kSeed, "history");
  std::vector<std::vector<float>> amount(4, std::vector<float>(rows, kMissing));
  std::vector<std::vector<std::optional<std::string>>> kind(4, std::vector<std::optional<std::string>>(rows));
  for (size_t r = 0; r < rows; ++r) {
    const auto absent = static_cast<size_t>(random.below(5));
    const double slope = book.bad[r] == "yes" ? -1.0 : 1.0;
    for (size_t t = absent; t < 4; ++t) {
      if (random.uniform() < 0.9) amount[t][r] = static_cast<float>(slope * static_cast<double>(t) + random.normal());
      if (random.uniform() < 0.9) kind[t][r] = random.uniform() < 0.5 ? "in" : "out";
    }
  }
  TableBuilder builder;
  builder.source("book");
  for (const Column& column : plain.table.columns()) builder.add(column);
  for (size_t t = 0; t < 4; ++t) builder.add_numbers(fmt::format("a{}", 4 - t), amount[t]).add_strings(fmt::format("k{}", 4 - t), kind[t]);
  Loans loans;
  loans.table = builder.build();
  TaskSpec spec = study_test::bad_is_yes();
  spec.sequences = {parse_sequence("history: amount=a4..a1, kind=k4..k1")};
  loans.task = make_task(loans.table, spec);
  loans.split = plain.split;
  return loans;
}

TEST_P(Conformance, EveryBackendIsProvenOnAHistory) {
  if (!entry().prep(make_params(entry().params, {}, entry().name)).sequences) GTEST_SKIP() << "reads no history";
  const Loans loans = loans_with_history(300);
  const auto fitted = fit_small(entry(), loans, one_thread());
  ProofOptions options;
  options.edge_rows = 1'500;
  Prover prover(fitted.plan, options);
  const GatheredInputs inputs(loans.table, all_rows(loans.table.rows()), fitted.plan.inputs);
  prover.check(inputs.batch(), 0);
  const Proof proof = prover.finish();
  EXPECT_TRUE(proof.holds) << proof_json(proof).dump(1).substr(0, 4000);
  size_t passed = 0;
  for (const BackendProof& one : proof.backends) {
    passed += one.status == "compared" ? 1U : 0U;
    RecordProperty(one.name, one.status + ", largest " + std::to_string(one.largest * 1e6) + "e-6");
  }
  EXPECT_GE(passed, 1U);
  const PlanFiles files = save_plan(fitted.plan);
  EXPECT_EQ(files.weights, save_plan(fit_small(entry(), loans, one_thread()).plan).weights) << "the same seed gives the same bytes";
}

}  // namespace
}  // namespace obligor::conformance
