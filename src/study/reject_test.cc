#include "study/reject.h"

#include <cmath>
#include <map>
#include <numeric>

#include "metric/roc.h"
#include "study/compare.h"
#include "study/document.h"
#include "study/study_test_data.h"
#include "table/simulate/tables.h"

namespace obligor {
namespace {

using study_test::bound_logistic;

// Accepted rows 0 .. n-1 and rejected ones after them, with scores as given.
struct Applications {
  ScoredAccepted accepted;
  ScoredRejects rejects;
};

Applications make_applications(size_t accepted, size_t rejected, uint64_t seed, bool weighted = false) {
  Random random(seed, "applications");
  Applications a;
  for (size_t i = 0; i < accepted + rejected; ++i) {
    const double p = 1 / (1 + std::exp(2 - random.normal() - (i < accepted ? 0 : 1)));
    const double w = weighted ? 0.5 + random.uniform() : 1;
    const auto row = static_cast<uint32_t>(i);
    if (i < accepted) {
      a.accepted.rows.rows.push_back(row);
      a.accepted.rows.target.push_back(static_cast<uint8_t>(random.uniform() < p));
      if (weighted) a.accepted.rows.weight.push_back(w);
      a.accepted.score.push_back(p);
    } else {
      a.rejects.rows.push_back(row);
      if (weighted) a.rejects.weight.push_back(w);
      a.rejects.score.push_back(p);
    }
  }
  return a;
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// Weight of the inferred rows, and of the bad ones among them.
std::pair<double, double> inferred_weight(const Inferred& inferred, size_t accepted) {
  double total = 0;
  double bad = 0;
  for (size_t i = accepted; i < inferred.rows.rows.size(); ++i) {
    total += inferred.rows.weight[i];
    bad += inferred.rows.weight[i] * inferred.rows.target[i];
  }
  return {total, bad};
}

TEST(RejectInference, FuzzySharesEachRowOutBetweenBadAndGood) {
  const Applications a = make_applications(50, 40, 1, true);
  const Inferred inferred = infer_rejects(a.accepted, a.rejects, {RejectMethod::kFuzzy, 3, 20}, 1);
  ASSERT_EQ(inferred.rows.rows.size(), 50U + 80U);
  std::map<uint32_t, std::pair<double, double>> weights;  // good, bad
  for (size_t i = 50; i < inferred.rows.rows.size(); ++i) {
    auto& [good, bad] = weights[inferred.rows.rows[i]];
    (inferred.rows.target[i] != 0 ? bad : good) += inferred.rows.weight[i];
  }
  for (size_t i = 0; i < 40; ++i) {
    const auto [good, bad] = weights.at(a.rejects.rows[i]);
    EXPECT_NEAR(good + bad, a.rejects.weight[i], 1e-12);
    EXPECT_NEAR(bad / good, 3 * a.rejects.score[i] / (1 - a.rejects.score[i]), 1e-9);
  }
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(inferred.rows.target[i], a.accepted.rows.target[i]);
    EXPECT_EQ(inferred.rows.weight[i], a.accepted.rows.weight[i]);
  }
}

TEST(RejectInference, HardCutOffCallsTheRiskiestBadAndAsManyAsTheProbabilitiesPromise) {
  const Applications a = make_applications(50, 400, 2);
  const Inferred inferred = infer_rejects(a.accepted, a.rejects, {RejectMethod::kHardCutoff, 1, 20}, 1);
  const auto [total, bad] = inferred_weight(inferred, 50);
  EXPECT_EQ(total, 400);
  EXPECT_NEAR(bad, sum(a.rejects.score), 0.5);
  double least_bad = 1;
  double most_good = 0;
  for (size_t i = 50; i < inferred.rows.rows.size(); ++i) {
    const double p = a.rejects.score[inferred.rows.rows[i] - 50];
    if (inferred.rows.target[i] != 0) least_bad = std::min(least_bad, p);
    else most_good = std::max(most_good, p);
  }
  EXPECT_GT(least_bad, most_good);
  EXPECT_DOUBLE_EQ(inferred.summary["cut_off"].get<double>(), least_bad);
}

TEST(RejectInference, HardCutOffKeepsEqualScoresTogether) {
  Applications a = make_applications(10, 30, 3);
  std::fill(a.rejects.score.begin(), a.rejects.score.end(), 0.3);
  const auto [total, bad] = inferred_weight(infer_rejects(a.accepted, a.rejects, {RejectMethod::kHardCutoff, 1, 20}, 1), 10);
  EXPECT_EQ(total, 30);
  EXPECT_EQ(bad, 0);
}

// In a band the share of bads is the accepted one's, drawn to the mean score by 20 rows, with its odds raised: worked out anew here.
TEST(RejectInference, ParcellingGivesEachBandTheBadRateOfItsAcceptedRows) {
  Applications a;
  for (uint32_t i = 0; i < 300; ++i) {
    a.accepted.rows.rows.push_back(i);
    a.accepted.score.push_back(i % 2 == 0 ? 0.2 : 0.6);
    a.accepted.rows.target.push_back(i % 2 == 0 ? i % 10 == 0 : i % 4 == 1);  // .2 and .5 of 150 each
  }
  for (uint32_t i = 0; i < 400; ++i) {
    a.rejects.rows.push_back(300 + i);
    a.rejects.score.push_back(i % 2 == 0 ? 0.2 : 0.6);
  }
  for (const double factor : {1.0, 2.0}) {
    const Inferred inferred = infer_rejects(a.accepted, a.rejects, {RejectMethod::kParcelling, factor, 2}, 5);
    double bad[2] = {0, 0};
    for (size_t i = 300; i < inferred.rows.rows.size(); ++i) bad[inferred.rows.rows[i] % 2] += inferred.rows.target[i];
    const auto rate = [&](double bads, double score) {
      const double r = (bads + 20 * score) / (150 + 20);
      return factor * r / (factor * r + 1 - r);
    };
    EXPECT_NEAR(bad[0] / 200, rate(30, 0.2), 1.0 / 200);
    EXPECT_NEAR(bad[1] / 200, rate(75, 0.6), 1.0 / 200);
  }
}

TEST(RejectInference, ParcellingIsTheSameForOneSeedAndAnotherForAnother) {
  const Applications a = make_applications(200, 300, 4);
  const RejectOptions options{RejectMethod::kParcelling, 1, 10};
  EXPECT_EQ(infer_rejects(a.accepted, a.rejects, options, 8).rows.target, infer_rejects(a.accepted, a.rejects, options, 8).rows.target);
  EXPECT_NE(infer_rejects(a.accepted, a.rejects, options, 8).rows.target, infer_rejects(a.accepted, a.rejects, options, 9).rows.target);
}

TEST(RejectInference, AugmentationMakesAcceptedRowsWeighAsMuchAsAllApplications) {
  for (const bool weighted : {false, true}) {
    const Applications a = make_applications(600, 500, 6, weighted);
    const Inferred inferred = infer_rejects(a.accepted, a.rejects, {RejectMethod::kAugmentation, 1, 10}, 1);
    EXPECT_EQ(inferred.rows.rows, a.accepted.rows.rows);
    const double all = (weighted ? sum(a.accepted.rows.weight) : 600) + (weighted ? sum(a.rejects.weight) : 500);
    EXPECT_NEAR(sum(inferred.rows.weight), all, 1e-9);
    // A riskier row never counts for less: rejected applications are riskier here.
    double low = 0;
    double high = 0;
    for (size_t i = 0; i < 600; ++i) {
      const double factor = inferred.rows.weight[i] / (weighted ? a.accepted.rows.weight[i] : 1.0);
      if (a.accepted.score[i] < 0.08) low = std::max(low, factor);
      if (a.accepted.score[i] > 0.5) high = std::max(high, factor);
    }
    EXPECT_GT(high, low);
  }
}

TEST(RejectInference, AugmentationOfRejectsBeyondEveryAcceptedRowLosesNone) {
  Applications a = make_applications(100, 80, 7);
  for (double& score : a.rejects.score) score = 0.9999;
  const Inferred inferred = infer_rejects(a.accepted, a.rejects, {RejectMethod::kAugmentation, 1, 10}, 1);
  EXPECT_NEAR(sum(inferred.rows.weight), 180, 1e-9);
  EXPECT_GT(inferred.summary["largest_factor"].get<double>(), 2);
  EXPECT_LT(inferred.summary["effective_rows"].get<double>(), 100);
}

TEST(RejectInference, RefusesWhatMakesNoSense) {
  Task with;
  with.rejects = {1, 2};
  const Task without;
  EXPECT_THROW(check_reject_options({RejectMethod::kFuzzy, 1, 20}, without), Error);
  EXPECT_THROW(check_reject_options({RejectMethod::kFuzzy, 0, 20}, with), Error);
  EXPECT_THROW(check_reject_options({RejectMethod::kFuzzy, std::nan(""), 20}, with), Error);
  EXPECT_THROW(check_reject_options({RejectMethod::kAugmentation, 2, 20}, with), Error);
  EXPECT_THROW(check_reject_options({RejectMethod::kNone, 2, 20}, with), Error);
  EXPECT_THROW(check_reject_options({RejectMethod::kParcelling, 1, 0}, with), Error);
  EXPECT_NO_THROW(check_reject_options({RejectMethod::kHardCutoff, 2, 20}, with));
  EXPECT_NO_THROW(check_reject_options({}, without));
  EXPECT_EQ(parse_reject_method("hard_cutoff"), RejectMethod::kHardCutoff);
  EXPECT_THROW((void)parse_reject_method("fuzy"), Error);
}

// A simulated bank that turns the riskier half down, by the bureau's score (which the data hold) or by the true risk, with chance in both.
struct RejectingBank {
  Table table;
  Task task;
  Task known;  // every outcome, as if all had been accepted
  Split split;
  std::vector<double> true_pd;
  std::vector<uint8_t> rejected;
  std::vector<uint32_t> later;  // applications after those that train
};

RejectingBank make_bank(size_t rows, bool officer, uint64_t seed, bool keep_outcomes = false) {
  const simulate::Bank bank(seed);
  const Table applications = simulate::make_block(bank, simulate::BankTable::kApplications, 0, 2 * rows);
  Random random(seed, "policy");
  RejectingBank made;
  std::vector<double> risk;
  std::vector<float> outcome;
  for (size_t i = 0; i < 2 * rows; ++i) {
    const simulate::Loan loan = simulate::make_loan(bank, i);
    made.true_pd.push_back(loan.true_pd);
    risk.push_back((officer ? loan.logit : (680 - loan.score) / 60) + random.normal() * (officer ? 1 : 0.5));
    outcome.push_back(loan.bad ? 1.0F : 0.0F);
  }
  std::vector<double> sorted(risk.begin(), risk.begin() + static_cast<std::ptrdiff_t>(rows));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rows / 2), sorted.end());
  const double limit = sorted[rows / 2];
  std::vector<float> seen = outcome;
  std::vector<float> flag;
  for (size_t i = 0; i < 2 * rows; ++i) {
    const bool turned_down = risk[i] > limit;
    made.rejected.push_back(turned_down ? 1 : 0);
    flag.push_back(i < rows && turned_down ? 1.0F : 0.0F);
    if ((turned_down && !keep_outcomes) || i >= rows) seen[i] = kMissing;
    if (i >= rows) {
      made.later.push_back(static_cast<uint32_t>(i));
      outcome[i] = kMissing;
    }
  }
  TableBuilder builder;
  builder.source("bank");
  for (const char* name : {"amount", "term", "rate", "debt_ratio", "age", "employment", "income", "housing", "savings", "score", "utilisation",
                           "inquiries_6m", "open_accounts"}) {
    builder.add(applications.column(name));
  }
  builder.add_numbers("decision", flag).add_numbers("bad", seen).add_numbers("outcome", outcome);
  made.table = builder.build();
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  spec.ignore = {"outcome"};
  spec.reject_flag = "decision";
  spec.reject_value = "1";
  made.task = make_task(made.table, spec);
  TaskSpec all = spec;
  all.target = "outcome";
  all.ignore = {"bad", "decision"};
  all.reject_flag.clear();
  all.reject_value.clear();
  made.known = make_task(made.table, all);
  made.split = make_split(made.table, made.task, {.folds = 3}, seed);
  return made;
}

FittedPipeline fit_bank(const RejectingBank& bank, const Task& task, const RejectOptions& reject, const ModelEntry& entry = bound_logistic()) {
  PipelineOptions options;
  options.search = false;
  options.inner_folds = 3;
  options.reject = reject;
  return fit_pipeline(entry, {}, bank.table, task, bank.split, task.rows, options, Context({.seed = 4, .threads = 1}));
}

// What a fit makes of the later applications that the policy would turn down.
struct OnRejected {
  double mean_pd = 0;
  double true_pd = 0;
  double squared_error = 0;
};

OnRejected on_rejected(const RejectingBank& bank, const FittedPipeline& fitted) {
  const auto p = score(fitted.plan, bank.table, bank.later);
  OnRejected result;
  double count = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (bank.rejected[bank.later[i]] == 0) continue;
    const double truth = bank.true_pd[bank.later[i]];
    result.mean_pd += p[i];
    result.true_pd += truth;
    result.squared_error += (p[i] - truth) * (p[i] - truth);
    ++count;
  }
  return {result.mean_pd / count, result.true_pd / count, result.squared_error / count};
}

TEST(RejectInference, KeepsRejectsOutOfEveryFoldAndSaysSo) {
  const RejectingBank bank = make_bank(800, false, 3);
  EXPECT_EQ(bank.task.rejects.size() + bank.task.rows.size(), 800U + 800U - bank.task.missing_target);
  for (const Fold& fold : bank.split.folds) {
    for (const auto* rows : {&fold.train, &fold.test}) {
      for (const uint32_t row : *rows) EXPECT_FALSE(std::binary_search(bank.task.rejects.begin(), bank.task.rejects.end(), row));
    }
  }
  CompareOptions options;
  options.pipeline.search = false;
  options.pipeline.reject.method = RejectMethod::kFuzzy;
  const Context context({.seed = 1, .threads = 1});
  const Comparison comparison = run_comparison({{bound_logistic(), {}}}, bank.table, bank.task, bank.split, options, context);
  RunFacts facts;
  facts.resamples = 10;
  const Json document = comparison_document(comparison, bank.table, bank.task, bank.split, {}, facts, context);
  EXPECT_EQ(document["task"]["rejects"].get<size_t>(), bank.task.rejects.size());
  const Json& model = document["models"][0];
  ASSERT_EQ(model["reject_inference"].size(), 3U);
  EXPECT_EQ(model["reject_inference"][0]["method"], "fuzzy");
  EXPECT_GT(model["reject_inference"][0]["rejects_bad_rate"].get<double>(), model["reject_inference"][0]["accepted_bad_rate"].get<double>());
  size_t scored = 0;
  for (const auto& band : model["cut_offs"]["bands"]) scored += band["n"].get<size_t>();
  EXPECT_EQ(scored, bank.task.rows.size());
  const auto said = std::any_of(document["warnings"].begin(), document["warnings"].end(), [](const Json& w) { return w["kind"] == "rejects"; });
  EXPECT_TRUE(said);
}

TEST(RejectInference, NeverReadsTheTargetOfARejectedApplication) {
  const RejectingBank struck_out = make_bank(500, false, 5);
  const RejectingBank kept = make_bank(500, false, 5, true);
  EXPECT_GT(kept.task.rejects_with_target, 0U);
  EXPECT_EQ(kept.task.rejects_with_target, kept.task.rejects.size());
  for (const auto method : {RejectMethod::kAugmentation, RejectMethod::kParcelling, RejectMethod::kFuzzy, RejectMethod::kHardCutoff}) {
    const auto a = fit_bank(struck_out, struck_out.task, {method, 1, 20});
    const auto b = fit_bank(kept, kept.task, {method, 1, 20});
    EXPECT_EQ(score(a.plan, struck_out.table, struck_out.later), score(b.plan, kept.table, kept.later)) << reject_method_name(method);
  }
}

TEST(RejectInference, ServesAModelThatStopsEarlyToo) {
  const RejectingBank bank = make_bank(500, false, 6);
  const auto none = fit_bank(bank, bank.task, {}, study_test::descent_entry());
  const auto hard = fit_bank(bank, bank.task, {RejectMethod::kHardCutoff, 4, 20}, study_test::descent_entry());
  EXPECT_NE(score(none.plan, bank.table, bank.later), score(hard.plan, bank.table, bank.later));
  EXPECT_EQ(hard.details["reject_inference"]["method"], "hard_cutoff");
}

// With chance and the score alone deciding, rejected applications are like accepted ones of the same features: a model of accepted rows
// needs no correction, and fuzzy inference with factor 1 hands the model's own opinion back to it.
TEST(RejectInference, FuzzyWithFactorOneChangesLittle) {
  const RejectingBank bank = make_bank(3000, false, 11);
  const auto none = on_rejected(bank, fit_bank(bank, bank.task, {}));
  const auto fuzzy = on_rejected(bank, fit_bank(bank, bank.task, {RejectMethod::kFuzzy, 1, 20}));
  EXPECT_NEAR(fuzzy.mean_pd, none.mean_pd, 0.15 * none.mean_pd);
}

// Where an officer saw what the data do not hold, a model of accepted rows is far too kind to the rejected, no method with factor 1 knows
// it, and one with the factor of the bank at hand is nearer to the truth.
TEST(RejectInference, NeedsTheFactorWhereThePolicyKnewMoreThanTheData) {
  const RejectingBank bank = make_bank(3000, true, 12);
  const auto none = on_rejected(bank, fit_bank(bank, bank.task, {}));
  ASSERT_LT(none.mean_pd, 0.7 * none.true_pd);
  for (const auto method : {RejectMethod::kFuzzy, RejectMethod::kParcelling}) {
    const auto one = on_rejected(bank, fit_bank(bank, bank.task, {method, 1, 20}));
    EXPECT_LT(one.mean_pd, 0.75 * one.true_pd) << reject_method_name(method);
    const auto raised = on_rejected(bank, fit_bank(bank, bank.task, {method, 4, 20}));
    EXPECT_LT(std::fabs(raised.mean_pd - raised.true_pd), std::fabs(none.mean_pd - none.true_pd)) << reject_method_name(method);
    EXPECT_LT(raised.squared_error, none.squared_error) << reject_method_name(method);
  }
  const auto all = on_rejected(bank, fit_bank(bank, bank.known, {}));
  EXPECT_LT(all.squared_error, none.squared_error);
}

}  // namespace
}  // namespace obligor
