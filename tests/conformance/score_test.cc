// Scoring: the model's own prediction, the plan by every executor, saved and loaded, in batches of any size: all the same.
#include <fmt/format.h>

#include "conformance.h"
#include "executors.h"
#include "plan/io.h"

namespace obligor::conformance {
namespace {

const std::vector<std::string> kProbability{"probability"};

Batch rows_of(const Design& design, size_t begin, size_t count) {
  Batch batch;
  batch.rows = count;
  batch.width = design.width;
  batch.features = std::span(design.features).subspan(begin * design.width, count * design.width);
  for (const auto& codes : design.codes) batch.codes.push_back(std::span(codes).subspan(begin, count));
  return batch;
}

// Test rows: their prepared columns come from the plan, as at scoring time (training rows have ordered statistics).
void expect_agreement(const ModelEntry& entry, const Loans& loans, const ParamValues& values, const std::string& what) {
  const Params params = make_params(entry.params, values, entry.name);
  const Fit fit(entry, loans, values);
  const auto prep = Preprocessor::fit_transform(loans.table, loans.task, loans.split.folds[0].train, entry.prep(params), one_thread()).first;
  const auto rows = all_rows(loans.table.rows());
  const auto predicted = fit.predict(prep.apply(loans.table, rows).batch());
  expect_probabilities(predicted);
  const GatheredInputs inputs(loans.table, rows, fit.plan().inputs);
  for (const auto& executor : executors()) {
    const auto value = executor.make(fit.plan())->run(inputs.batch(), kProbability);
    EXPECT_LT(distance({value[0].numbers.begin(), value[0].numbers.end()}, predicted), kTolerance) << executor.name << ", " << what;
  }
}

TEST_P(Conformance, PredictIsWhatEveryExecutorSays) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  expect_agreement(entry(), loans, small(entry()), "small");
  for (const auto& candidate : entry().candidates) {
    ParamValues values = small(entry());
    values.insert(values.end(), candidate.begin(), candidate.end());
    expect_agreement(entry(), loans, values, candidate.empty() ? "defaults" : candidate.front().first + "=" + candidate.front().second);
  }
}

TEST_P(Conformance, EveryChoiceAndFlagFitsAndAgrees) {
  const Loans loans = loans_of(study_test::make_book(150, kSeed));
  for (const ParamSpec& spec : entry().params) {
    std::vector<std::string> choices = spec.choices;
    if (spec.type == obligor::ParamType::kFlag) choices = {"true", "false"};
    for (const std::string& choice : choices) {
      ParamValues values = small(entry());
      values.emplace_back(spec.name, choice);
      expect_agreement(entry(), loans, values, spec.name + "=" + choice);
    }
  }
}

TEST_P(Conformance, EveryNumberAtItsLowestIsFittedOrRefused) {
  const Loans loans = loans_of(study_test::make_book(150, kSeed));
  for (const ParamSpec& spec : entry().params) {
    if (spec.type != obligor::ParamType::kReal && spec.type != obligor::ParamType::kInteger) continue;
    ParamValues values = small(entry());
    values.emplace_back(spec.name, spec.type == obligor::ParamType::kInteger ? fmt::format("{:.0f}", spec.low) : fmt::format("{}", spec.low));
    try {
      expect_agreement(entry(), loans, values, spec.name + " lowest");
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << spec.name << ": " << error.what();
    }
  }
}

TEST_P(Conformance, BatchOfOneIsBatchOfMany) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  const Fit fit(entry(), loans, small(entry()));
  const auto many = fit.predict(fit.train().batch());
  std::vector<double> one;
  for (size_t r = 0; r < fit.train().rows; ++r) one.push_back(fit.predict(rows_of(fit.train(), r, 1)).at(0));
  EXPECT_LT(distance(one, many), kTolerance);
  EXPECT_TRUE(fit.predict(rows_of(fit.train(), 0, 0)).empty());

  const auto rows = all_rows(loans.table.rows());
  const GatheredInputs inputs(loans.table, rows, fit.plan().inputs);
  for (const auto& named : executors()) {
    const auto executor = named.make(fit.plan());
    const auto together = executor->run(inputs.batch(), kProbability)[0].numbers;
    for (size_t r = 0; r < rows.size(); ++r) {
      const GatheredInputs alone(loans.table, Rows(rows).subspan(r, 1), fit.plan().inputs);
      ASSERT_EQ(executor->run(alone.batch(), kProbability)[0].numbers.at(0), together[r]) << named.name << " row " << r;
    }
  }
}

TEST_P(Conformance, ASavedPlanScoresTheSame) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  const auto fitted = fit_small(entry(), loans, one_thread());
  const PlanFiles files = save_plan(fitted.plan);
  const ScorePlan loaded = load_plan(files.graph, files.weights, "test");
  EXPECT_EQ(probabilities(loaded, loans.table), probabilities(fitted.plan, loans.table));
  const PlanFiles again = save_plan(loaded);
  EXPECT_EQ(again.graph, files.graph);
  EXPECT_EQ(again.weights, files.weights);
}

}  // namespace
}  // namespace obligor::conformance
