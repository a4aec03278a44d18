#include "study/pipeline.h"

#include <numeric>

#include "core/file.h"
#include "plan/io.h"
#include "study/study_test_data.h"
#include "table/guard.h"

namespace obligor {
namespace {

using study_test::bad_is_yes;
using study_test::Book;
using study_test::bound_logistic;
using study_test::descent_entry;
using study_test::Loans;
using study_test::make_book;
using study_test::to_loans;
using study_test::tuned_descent_entry;
using study_test::with_other_rows;

constexpr uint64_t kSeed = 7;

// Everything that a fit leaves behind, as bytes.
std::string everything(const FittedPipeline& fitted) {
  const PlanFiles files = save_plan(fitted.plan);
  Json rest{{"params", fitted.params}, {"notes", fitted.notes}, {"details", fitted.details}, {"inner_auc", fitted.inner_auc}};
  rest["tuning"] = fitted.tuning;
  if (!fitted.tuning.is_null()) {
    for (auto& trial : rest["tuning"]["trials"]) trial.erase("seconds");
  }
  for (const auto& feature : fitted.importance) rest["importance"].push_back({feature.feature, feature.share});
  for (const auto& member : fitted.learning) rest["learning"].push_back({member.member, member.learning.train_loss, member.learning.valid_loss});
  return files.graph + files.weights + dump_json(rest);
}

FittedPipeline fit(const ModelEntry& entry, const Loans& loans, const Split& split, int threads = 1) {
  const Context context({.seed = kSeed, .threads = threads});
  return fit_pipeline(entry, {}, loans.table, loans.task, split, split.folds[0].train, {}, context);
}

class FittedOnTrainOnly : public testing::TestWithParam<ModelEntry> {};

TEST_P(FittedOnTrainOnly, TestTargetsChangeNothingThatWasFitted) {
  const Book book = make_book(240, kSeed);
  const Loans loans = to_loans(book, bad_is_yes(), {}, kSeed);
  const Loans other = to_loans(with_other_rows(book, loans.split.folds[0].test, false), bad_is_yes(), {}, kSeed);
  EXPECT_NE(loans.task.target, other.task.target);
  EXPECT_EQ(everything(fit(GetParam(), loans, loans.split)), everything(fit(GetParam(), other, loans.split)));
}

TEST_P(FittedOnTrainOnly, TestFeaturesChangeNothingThatWasFitted) {
  const Book book = make_book(240, kSeed);
  const Loans loans = to_loans(book, bad_is_yes(), {}, kSeed);
  const Loans other = to_loans(with_other_rows(book, loans.split.folds[0].test, true), bad_is_yes(), {}, kSeed);
  EXPECT_NE(loans.table.column("zip").dictionary(), other.table.column("zip").dictionary());
  EXPECT_EQ(everything(fit(GetParam(), loans, loans.split)), everything(fit(GetParam(), other, loans.split)));
}

TEST_P(FittedOnTrainOnly, OneTrainingTargetDoesChangeIt) {
  const Book book = make_book(240, kSeed);
  const Loans loans = to_loans(book, bad_is_yes(), {}, kSeed);
  const std::vector<uint32_t> one{loans.split.folds[0].train[5]};
  const Loans other = to_loans(with_other_rows(book, one, false), bad_is_yes(), {}, kSeed);
  EXPECT_NE(everything(fit(GetParam(), loans, loans.split)), everything(fit(GetParam(), other, loans.split)));
}

TEST_P(FittedOnTrainOnly, AnOutOfTimeSplitLooksAtNoLaterRow) {
  const Book book = make_book(240, kSeed);
  TaskSpec task = bad_is_yes();
  task.time = "opened";
  SplitSpec spec;
  spec.kind = SplitKind::kOutOfTime;
  const Loans loans = to_loans(book, task, spec, kSeed);
  Book later = with_other_rows(book, loans.split.folds[0].test, true);
  later.opened = book.opened;
  const Loans other = to_loans(later, task, spec, kSeed);
  ASSERT_EQ(loans.split.folds[0].train, other.split.folds[0].train);
  EXPECT_EQ(everything(fit(GetParam(), loans, loans.split)), everything(fit(GetParam(), other, other.split)));
}

TEST_P(FittedOnTrainOnly, SameSeedSameBytesForOneAndTwoThreads) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const std::string once = everything(fit(GetParam(), loans, loans.split, 1));
  EXPECT_EQ(once, everything(fit(GetParam(), loans, loans.split, 1)));
  EXPECT_EQ(once, everything(fit(GetParam(), loans, loans.split, 2)));
}

TEST_P(FittedOnTrainOnly, TheDataAreLeftAsTheyWere) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Loans same = study_test::make_loans(240, kSeed);
  (void)fit(GetParam(), loans, loans.split);
  for (size_t c = 0; c < loans.table.columns().size(); ++c) {
    for (size_t r = 0; r < loans.table.rows(); ++r) ASSERT_EQ(loans.table.columns()[c].cell_text(r), same.table.columns()[c].cell_text(r));
  }
  EXPECT_EQ(loans.task.target, same.task.target);
  EXPECT_EQ(loans.split.folds[0].train, same.split.folds[0].train);
}

INSTANTIATE_TEST_SUITE_P(Pipeline, FittedOnTrainOnly, testing::Values(bound_logistic(), descent_entry(), tuned_descent_entry(9)),
                         [](const auto& tested) { return tested.param.name; });

TEST(LeakGuards, WhatTheyDropDoesNotDependOnTheTarget) {
  Book book = make_book(240, kSeed);
  const auto dropped = [&] {
    const Loans loans = to_loans(book, bad_is_yes(), {}, kSeed);
    std::vector<std::string> columns;
    for (const auto& guard : leak_guards(loans.table, loans.task, loans.split)) {
      if (guard.drop) columns.push_back(guard.column);
    }
    return columns;
  };
  for (size_t i = 0; i < book.rows(); ++i) book.zip[i] = "id" + std::to_string(i);
  book.exposure.assign(book.rows(), 1.0F);
  const auto before = dropped();
  std::rotate(book.bad.begin(), book.bad.begin() + 17, book.bad.end());
  EXPECT_THAT(before, testing::UnorderedElementsAre("zip", "exposure"));
  EXPECT_EQ(dropped(), before);
}

TEST(Pipeline, MembersOfTheInnerFoldsAreAveraged) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  PipelineOptions options;
  options.inner_folds = 4;
  options.search = false;
  const auto fitted = fit_pipeline(descent_entry(), {}, loans.table, loans.task, loans.split, loans.split.folds[0].train, options, context);
  EXPECT_EQ(fitted.plan.meta["members"], 4);
  EXPECT_EQ(fitted.learning.size(), 4U);
  EXPECT_GT(fitted.inner_auc, 0.6);
  double share = 0;
  for (const auto& feature : fitted.importance) share += feature.share;
  EXPECT_NEAR(share, 1, 1e-12);
}

ModelEntry small_blend(const std::string& models) {
  ModelEntry entry;
  entry.name = "blend";
  entry.params = {text_param("models", models, "its parts")};
  entry.traits.early_stopping = true;
  entry.parts = {bound_logistic(), descent_entry()};
  return entry;
}

TEST(Pipeline, ABlendIsTheWeightedMeanOfItsPartsMembers) {
  const Loans loans = study_test::make_loans(300, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  PipelineOptions options;
  options.inner_folds = 3;
  const Rows train = loans.split.folds[0].train;
  const auto fitted = fit_pipeline(small_blend("logistic,descent"), {}, loans.table, loans.task, loans.split, train, options, context);
  const size_t logistic = std::max<size_t>(1, bound_logistic().candidates.size());
  ASSERT_EQ(fitted.params["candidates"].size(), logistic + descent_entry().candidates.size());
  EXPECT_EQ(fitted.params["candidates"][0]["model"], "logistic");
  EXPECT_EQ(fitted.params["candidates"][logistic]["model"], "descent");
  double weight = 0;
  double best = 0;
  for (const auto& row : fitted.params["candidates"]) {
    weight += row["weight"].get<double>();
    best = std::max(best, row["inner_auc"].get<double>());
  }
  EXPECT_NEAR(weight, 1, 1e-12);
  EXPECT_GE(fitted.inner_auc, best);

  // Of one part without a choice it is that part.
  options.search = false;
  const auto one = fit_pipeline(small_blend("descent"), {}, loans.table, loans.task, loans.split, train, options, context);
  const auto alone = fit_pipeline(descent_entry(), {}, loans.table, loans.task, loans.split, train, options, context);
  EXPECT_EQ(score(one.plan, loans.table, train), score(alone.plan, loans.table, train));
}

TEST(Pipeline, ABlendOfWhatIsNotThereOrTwiceIsRefused) {
  const auto refusal = [](const std::string& models) {
    try {
      (void)parts_of(small_blend(models), {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalid);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal("logistic,boosting"), testing::HasSubstr("'boosting'"));
  EXPECT_THAT(refusal("descent,logistic,descent"), testing::HasSubstr("named twice"));
  EXPECT_THAT(refusal(""), testing::HasSubstr("models"));
  EXPECT_EQ(refusal("descent,logistic"), "");
  EXPECT_TRUE(parts_of(descent_entry(), {}).empty());
}

TEST(Pipeline, WhatTheUserGivesWinsOverACandidate) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  const auto fitted = fit_pipeline(descent_entry(), {{"rate", "0.25"}, {"pairs", "1"}}, loans.table, loans.task, loans.split,
                                   loans.split.folds[0].train, {}, context);
  EXPECT_EQ(fitted.params["rate"], 0.25);
  EXPECT_EQ(fitted.params["pairs"], 1);
  EXPECT_FALSE(fitted.params.contains("candidates"));  // the given values made them equal: there was nothing to choose
}

TEST(Pipeline, TheBestTrialsAreChosenFrom) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  PipelineOptions options;
  options.inner_folds = 3;
  options.tune = 14;
  const auto fitted =
      fit_pipeline(tuned_descent_entry(0), {{"rate", "0.4"}}, loans.table, loans.task, loans.split, loans.split.folds[0].train, options, context);
  const Json& trials = fitted.tuning["trials"];
  ASSERT_EQ(trials.size(), 14U);
  EXPECT_EQ(fitted.tuning["ended"], "trials");
  EXPECT_EQ(fitted.tuning["space"].size(), 2U);  // the rate was given
  EXPECT_EQ(fitted.params["rate"], 0.4);
  EXPECT_EQ(trials[0]["by"], "default");
  EXPECT_EQ(trials[1]["by"], "candidate");
  EXPECT_EQ(trials[13]["by"], "model");
  double best = 0;
  for (const auto& trial : trials) {
    if (trial["status"] == "ok") best = std::max(best, trial["inner_auc"].get<double>());
  }
  const Json& chosen = fitted.params["candidates"];
  EXPECT_LE(chosen.size(), 5U);
  EXPECT_EQ(chosen[0]["inner_auc"], best);
  EXPECT_EQ(trials[chosen[0]["trial"].get<size_t>()]["inner_auc"], best);
  double weight = 0;
  for (const auto& row : chosen) weight += row["weight"].get<double>();
  EXPECT_NEAR(weight, 1, 1e-12);
  EXPECT_GE(fitted.inner_auc, best);
}

TEST(Pipeline, TrialsTakenUpGiveTheSameFit) {
  const Loans loans = study_test::make_loans(240, kSeed);
  PipelineOptions options;
  options.inner_folds = 3;
  options.tune = 10;
  const Context context({.seed = kSeed, .threads = 1});
  const auto tuned = [&](const PipelineOptions& with) {
    return fit_pipeline(tuned_descent_entry(0), {}, loans.table, loans.task, loans.split, loans.split.folds[0].train, with, context);
  };
  const std::string whole = everything(tuned(options));
  options.tune_folder = study_test::scratch();
  EXPECT_EQ(everything(tuned(options)), whole);
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(options.tune_folder)) files.push_back(file.path());
  ASSERT_EQ(files.size(), 1U);
  // A run that was stopped after four trials.
  const std::string lines = read_file(files[0]);
  size_t end = 0;
  for (int i = 0; i < 4; ++i) end = lines.find('\n', end) + 1;
  write_file(files[0], lines.substr(0, end));
  EXPECT_EQ(everything(tuned(options)), whole);
  EXPECT_EQ(everything(tuned(options)), whole);  // all of them taken up
}

TEST(Pipeline, AModelWithoutRangesSaysSoAndIsFitted) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  PipelineOptions options;
  options.tune = 10;
  const auto fitted = fit_pipeline(descent_entry(), {}, loans.table, loans.task, loans.split, loans.split.folds[0].train, options, context);
  EXPECT_THAT(fitted.notes, testing::Contains(testing::HasSubstr("no range to tune")));
  EXPECT_TRUE(fitted.tuning.is_null());
}

TEST(Pipeline, AModelThatIsNotAveragedIsRefittedWithTheBestTrial) {
  const Loans loans = study_test::make_loans(240, kSeed);
  const Context context({.seed = kSeed, .threads = 1});
  ModelEntry entry = bound_logistic();
  entry.tune_space = {{"strength", 0.01, 1000, true, {}}};
  entry.candidates.clear();
  PipelineOptions options;
  options.inner_folds = 3;
  options.tune = 8;
  const auto fitted = fit_pipeline(entry, {}, loans.table, loans.task, loans.split, loans.split.folds[0].train, options, context);
  EXPECT_EQ(fitted.plan.meta["members"], 1);
  double best = 0;
  std::string strength;
  for (const auto& trial : fitted.tuning["trials"]) {
    if (trial["status"] != "ok" || trial["inner_auc"].get<double>() <= best) continue;
    best = trial["inner_auc"].get<double>();
    strength = trial["set"].value("strength", "1");
  }
  EXPECT_EQ(fitted.params["strength"], std::stod(strength));
  EXPECT_EQ(fitted.inner_auc, best);
}

TEST(Pipeline, TrainingRowsOfOneClassAreRefused) {
  const Loans loans = study_test::make_loans(240, kSeed);
  std::vector<uint32_t> goods;
  for (const uint32_t row : loans.task.rows) {
    if (loans.task.target[row] == 0) goods.push_back(row);
  }
  const Context context({.seed = kSeed, .threads = 1});
  try {
    (void)fit_pipeline(bound_logistic(), {}, loans.table, loans.task, loans.split, goods, {}, context);
    FAIL() << "it was fitted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_THAT(error.what(), testing::HasSubstr("one class"));
  }
}

}  // namespace
}  // namespace obligor
