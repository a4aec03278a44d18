#include "study/job.h"

#include "core/file.h"
#include "core/json.h"
#include "study/finish.h"
#include "study/study_test_data.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

JobResult one_job(const study_test::Loans& loans) {
  const Context context({.seed = 3, .threads = 1});
  return run_job(study_test::descent_entry(), {}, loans.table, loans.task, loans.split, 1, {}, context);
}

TEST(Jobs, AKeptOneComesBackWhole) {
  const auto loans = study_test::make_loans(150, 3);
  const JobResult job = one_job(loans);
  ASSERT_TRUE(job.ok) << job.reason;
  const auto folder = study_test::scratch();
  keep_job(folder, job);
  const auto kept = kept_job(folder, "descent", 1);
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(kept->ok);
  EXPECT_EQ(kept->probability, job.probability);
  EXPECT_EQ(kept->threshold, job.threshold);
  EXPECT_EQ(kept->fit_seconds, job.fit_seconds);
  EXPECT_EQ(kept->inner_auc, job.inner_auc);
  EXPECT_EQ(kept->notes, job.notes);
  EXPECT_EQ(dump_json(kept->params), dump_json(job.params));
  ASSERT_EQ(kept->learning.size(), job.learning.size());
  for (size_t m = 0; m < job.learning.size(); ++m) {
    EXPECT_EQ(kept->learning[m].member, job.learning[m].member);
    EXPECT_EQ(dump_json(learning_json(kept->learning[m].learning)), dump_json(learning_json(job.learning[m].learning)));
  }
  ASSERT_EQ(kept->importance.size(), job.importance.size());
  for (size_t i = 0; i < job.importance.size(); ++i) {
    EXPECT_EQ(kept->importance[i].feature, job.importance[i].feature);
    EXPECT_EQ(kept->importance[i].share, job.importance[i].share);
  }
  EXPECT_FALSE(kept_job(folder, "descent", 0).has_value());
  EXPECT_FALSE(kept_job(folder, "other", 1).has_value());
}

TEST(Jobs, ACurveWithAValueThatIsNoNumberComesBackToo) {
  JobResult job;
  job.model = "m";
  job.ok = true;
  job.probability = {0.25, 0.5};
  job.learning.push_back({0, {}});
  job.learning[0].learning.epoch = {1, 2};
  job.learning[0].learning.valid_auc = {0.5, std::nan("")};
  const auto folder = study_test::scratch();
  keep_job(folder, job);
  const auto kept = kept_job(folder, "m", 0);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(dump_json(learning_json(kept->learning[0].learning)), dump_json(learning_json(job.learning[0].learning)));
}

TEST(Jobs, ADamagedFileIsNoResult) {
  const auto loans = study_test::make_loans(150, 3);
  const auto folder = study_test::scratch();
  keep_job(folder, one_job(loans));
  const auto path = folder / "descent-1.json";
  const std::string text = read_file(path);
  const std::vector<std::string> damaged{
      "", "null", "[]", text.substr(0, text.size() / 2), "{\"probability\": 3}", "\xff\xfe", std::string(100'000, '[')};
  for (const std::string& content : damaged) {
    write_file(path, content);
    EXPECT_FALSE(kept_job(folder, "descent", 1).has_value()) << content.substr(0, 40);
  }
}

TEST(Jobs, WhatCannotBeKeptIsAnErrorAndLeavesNothing) {
  JobResult job;
  job.model = "m";
  const auto folder = study_test::scratch();
  write_file(folder, "a file where the folder should be");
  try {
    keep_job(folder, job);
    FAIL() << "it was kept";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
  }
  EXPECT_TRUE(fs::is_regular_file(folder));
}

TEST(Jobs, TheThresholdIsTheWeightedBadRateOfTheTrainingRows) {
  TaskSpec spec = study_test::bad_is_yes();
  spec.weight = "exposure";
  const auto book = study_test::make_book(150, 3);
  const auto loans = to_loans(book, spec, {}, 3);
  const JobResult job = one_job(loans);
  double bad = 0;
  double all = 0;
  for (const uint32_t row : loans.split.folds[1].train) {
    all += static_cast<double>(book.exposure[row]);
    if (book.bad[row] == "yes") bad += static_cast<double>(book.exposure[row]);
  }
  EXPECT_NEAR(job.threshold, bad / all, 1e-12);
}

TEST(Bundles, MadeFromAFitScoreAsThePlanAndNameTheirData) {
  const auto loans = study_test::make_loans(150, 3);
  const Context context({.seed = 3, .threads = 1});
  const auto entry = study_test::bound_logistic();
  const auto fitted = fit_pipeline(entry, {}, loans.table, loans.task, loans.split, loans.task.rows, {}, context);
  Json document{{"command", "obligor compare"}, {"split", {{"kind", "kfold"}}}, {"folds", 3}, {"rows", 150}};
  document["models"] = Json::array();
  document["models"].push_back({{"name", "logistic"}, {"metrics", {{"auc", {{"value", 0.7}}}}}});
  const Bundle bundle = make_bundle(fitted, entry, loans.table, loans.task, document, context);
  EXPECT_EQ(score(bundle.plan, loans.table, loans.task.rows), score(fitted.plan, loans.table, loans.task.rows));
  EXPECT_EQ(bundle.metrics["values"]["auc"]["value"], 0.7);
  EXPECT_EQ(bundle.fingerprint["rows"], 150);
  EXPECT_TRUE(bundle.plan.find_output("points").has_value());
  auto book = study_test::make_book(150, 3);
  book.age[0] = 99;
  const auto other = to_loans(book, study_test::bad_is_yes(), {}, 3);
  const Bundle changed = make_bundle(fitted, entry, other.table, other.task, document, context);
  EXPECT_NE(changed.fingerprint["digest"], bundle.fingerprint["digest"]);
}

}  // namespace
}  // namespace obligor
