#include "study/compare.h"

#include <chrono>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "core/file.h"
#include "study/document.h"
#include "study/study_test_data.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;
using study_test::bound_logistic;
using study_test::descent_entry;
using study_test::entry_of;
using study_test::Loans;
using study_test::make_loans;

constexpr uint64_t kSeed = 11;

Comparison compare(const std::vector<ModelRequest>& requests, const Loans& loans, const CompareOptions& options, int threads = 1,
                   uint64_t seed = kSeed) {
  return run_comparison(requests, loans.table, loans.task, loans.split, options, Context({.seed = seed, .threads = threads}));
}

// The document without what a clock or the machine says.
Json timeless(const Comparison& comparison, const Loans& loans, int threads = 1) {
  RunFacts facts;
  facts.resamples = 20;
  Json document = comparison_document(comparison, loans.table, loans.task, loans.split, {}, facts, Context({.seed = kSeed, .threads = threads}));
  for (const char* key : {"started", "seconds", "peak_memory_bytes", "machine"}) document.erase(key);
  for (auto& model : document["models"]) {
    model.erase("fit_seconds");
    model.erase("score_rows_per_second");
  }
  return document;
}

const std::vector<ModelRequest>& two_models() {
  static const std::vector<ModelRequest> requests{{bound_logistic(), {{"numbers", "standard"}}}, {descent_entry(), {}}};
  return requests;
}

// A listener that stops the run once so many jobs are done, as Ctrl-C would.
class StopAfter final : public ProgressSink {
 public:
  StopAfter(int64_t jobs, std::shared_ptr<std::atomic<bool>>* flag) : jobs_(jobs), flag_(flag) {}
  void begin(int64_t /*task*/, std::string_view /*label*/, int64_t /*total*/) override {}
  void update(int64_t /*task*/, int64_t done, std::string_view /*note*/) override {
    if (done >= jobs_) (*flag_)->store(true);
  }
  void end(int64_t /*task*/) override {}

 private:
  int64_t jobs_;
  std::shared_ptr<std::atomic<bool>>* flag_;
};

TEST(Comparison, ResumedRunSaysWhatAnUnbrokenOneSays) {
  const Loans loans = make_loans(240, kSeed);
  const Json whole = timeless(compare(two_models(), loans, {}), loans);
  for (const int64_t jobs : {1, 2, 5}) {
    CompareOptions options;
    options.run_folder = study_test::scratch();
    std::shared_ptr<std::atomic<bool>> flag;
    const Context context({.seed = kSeed, .threads = 1, .progress = std::make_shared<StopAfter>(jobs, &flag)});
    flag = context.cancel_flag();
    const Comparison broken = run_comparison(two_models(), loans.table, loans.task, loans.split, options, context);
    EXPECT_TRUE(broken.stopped);
    size_t finished = 0;
    for (const auto& model : broken.models) finished += model.jobs.size();
    EXPECT_EQ(finished, static_cast<size_t>(jobs));
    options.resume = true;
    const Comparison resumed = compare(two_models(), loans, options);
    EXPECT_FALSE(resumed.stopped);
    EXPECT_EQ(dump_json(timeless(resumed, loans)), dump_json(whole)) << "stopped after " << jobs;
    EXPECT_EQ(out_of_fold_csv(resumed, loans.table, loans.split), out_of_fold_csv(compare(two_models(), loans, {}), loans.table, loans.split));
  }
}

TEST(Comparison, ResumeFitsOnlyWhatIsMissing) {
  static std::atomic<int> fits;
  fits = 0;
  const ModelEntry counted = entry_of("counted", [](const FitInput& input, const Params& params, const Context& context) {
    ++fits;
    return fit_logistic(input, make_params(logistic_entry().params, {}, "counted"), (void(params), context));
  });
  const Loans loans = make_loans(150, kSeed, 4);
  CompareOptions options;
  options.run_folder = study_test::scratch();
  (void)compare({{counted, {}}}, loans, options);
  EXPECT_EQ(fits, 4);
  options.resume = true;
  (void)compare({{counted, {}}}, loans, options);
  EXPECT_EQ(fits, 4);
  fs::remove(options.run_folder / "counted-2.json");
  write_file(options.run_folder / "counted-3.json", "{\"model\": \"counted\", \"fold\"");  // cut short by a crash
  const Comparison resumed = compare({{counted, {}}}, loans, options);
  EXPECT_EQ(fits, 6);
  EXPECT_TRUE(resumed.models[0].ok);
  options.resume = false;  // a start without it begins anew
  (void)compare({{counted, {}}}, loans, options);
  EXPECT_EQ(fits, 10);
}

TEST(Comparison, AModelThatFailsIsReportedAndTheRestGoOn) {
  const Loans loans = make_loans(150, kSeed);
  const auto failing = entry_of(
      "failing", [](const FitInput&, const Params&, const Context&) -> FitResult { throw Error(ErrorCode::kNumeric, "the matrix is singular"); });
  const auto crashing = entry_of("crashing", [](const FitInput&, const Params&, const Context&) -> FitResult { throw std::bad_alloc(); });
  const auto diverging = entry_of("diverging", [](const FitInput& input, const Params&, const Context&) {
    FitResult result;
    result.model = std::make_unique<study_test::Descent>(std::vector<double>(input.train.width + 1, std::nan("")));
    return result;
  });
  for (const int threads : {1, 2}) {
    const Comparison comparison = compare({{failing, {}}, {bound_logistic(), {}}, {crashing, {}}, {diverging, {}}}, loans, {}, threads);
    EXPECT_FALSE(comparison.stopped);
    EXPECT_FALSE(comparison.models[0].ok);
    EXPECT_EQ(comparison.models[0].reason, "the matrix is singular");
    EXPECT_TRUE(comparison.models[1].ok);
    EXPECT_THAT(comparison.models[2].reason, testing::HasSubstr("bad_alloc"));
    EXPECT_THAT(comparison.models[3].reason, testing::HasSubstr("not a probability"));
    const Json document = timeless(comparison, loans);
    EXPECT_EQ(document["best"], "logistic");
    EXPECT_EQ(document["models"][0]["status"], "ok");
    for (size_t m = 1; m < 4; ++m) {
      EXPECT_EQ(document["models"][m]["status"], "failed");
      EXPECT_FALSE(document["models"][m]["reason"].get<std::string>().empty());
    }
  }
}

TEST(Comparison, AModelThatFailsOnOneFoldIsFailedAsAWhole) {
  const Loans loans = make_loans(150, kSeed);
  const auto sometimes = entry_of("sometimes", [](const FitInput& input, const Params&, const Context& context) {
    if (context.seed() == derive_seed(kSeed, "sometimes", 1)) throw Error(ErrorCode::kNumeric, "not on this fold");
    return fit_logistic(input, make_params(logistic_entry().params, {}, "sometimes"), context);
  });
  const Comparison comparison = compare({{sometimes, {}}}, loans, {});
  EXPECT_FALSE(comparison.models[0].ok);
  EXPECT_EQ(comparison.models[0].jobs.size(), 2U);
  EXPECT_EQ(comparison.models[0].reason, "not on this fold");
  EXPECT_TRUE(timeless(comparison, loans)["best"].is_null());
}

TEST(Comparison, AWrongParameterIsRefusedBeforeAnythingIsFitted) {
  static std::atomic<int> fits;
  fits = 0;
  const auto counted = entry_of("counted", [](const FitInput&, const Params&, const Context&) -> FitResult {
    ++fits;
    throw Error(ErrorCode::kNumeric, "unused");
  });
  const Loans loans = make_loans(150, kSeed);
  EXPECT_THROW((void)compare({{counted, {}}, {bound_logistic(), {{"strenght", "2"}}}}, loans, {}), Error);
  EXPECT_EQ(fits, 0);
}

TEST(Comparison, StopsPromptlyWhenCancelled) {
  const Loans loans = make_loans(240, kSeed);
  for (const int threads : {1, 2}) {
    const Context context({.seed = kSeed, .threads = threads});
    std::chrono::steady_clock::time_point asked;
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      asked = std::chrono::steady_clock::now();
      context.cancel();
    });
    // A billion epochs: it would run for days.
    const Comparison comparison = run_comparison({{descent_entry(), {{"epochs", "1000000000"}}}}, loans.table, loans.task, loans.split, {}, context);
    const auto ended = std::chrono::steady_clock::now();
    stopper.join();
    EXPECT_TRUE(comparison.stopped);
    EXPECT_LT(ended - asked, std::chrono::seconds(2));
    EXPECT_THAT(comparison.models[0].reason, testing::HasSubstr("stopped on request: 0 of 3"));
  }
}

TEST(Comparison, SameSeedSameDocumentForOneAndTwoThreads) {
  const Loans loans = make_loans(240, kSeed);
  const std::string one = dump_json(timeless(compare(two_models(), loans, {}, 1), loans, 1));
  EXPECT_EQ(one, dump_json(timeless(compare(two_models(), loans, {}, 2), loans, 2)));
  EXPECT_NE(one, dump_json(timeless(compare(two_models(), loans, {}, 1, kSeed + 1), loans, 1)));
}

TEST(Comparison, AModelsResultDoesNotDependOnWhichModelsRunBesideIt) {
  const Loans loans = make_loans(240, kSeed);
  const Comparison alone = compare({{descent_entry(), {}}}, loans, {});
  const Comparison beside = compare(two_models(), loans, {});
  for (size_t f = 0; f < 3; ++f) EXPECT_EQ(alone.models[0].jobs[f].probability, beside.models[1].jobs[f].probability);
}

TEST(Comparison, TestTargetsChangeNoScoreOfAHoldOut) {
  SplitSpec spec;
  spec.kind = SplitKind::kHoldOut;
  auto book = study_test::make_book(240, kSeed);
  const Loans loans = to_loans(book, study_test::bad_is_yes(), spec, kSeed);
  for (const uint32_t row : loans.split.folds[0].test) book.bad[row] = book.bad[row] == "yes" ? "no" : "yes";
  Loans other = to_loans(book, study_test::bad_is_yes(), spec, kSeed);
  other.split = loans.split;
  const Comparison before = compare(two_models(), loans, {});
  const Comparison after = compare(two_models(), other, {});
  for (size_t m = 0; m < 2; ++m) {
    const JobResult& a = before.models[m].jobs[0];
    const JobResult& b = after.models[m].jobs[0];
    EXPECT_EQ(a.probability, b.probability);
    EXPECT_EQ(a.threshold, b.threshold);
    EXPECT_EQ(a.inner_auc, b.inner_auc);
    EXPECT_EQ(dump_json(a.params), dump_json(b.params));
  }
  EXPECT_NE(dump_json(timeless(before, loans)["models"]), dump_json(timeless(after, other)["models"]));
}

TEST(OutOfFold, HasEachTestRowOnceForEachModelByItsSourceRow) {
  Loans loans = make_loans(200, kSeed);
  const Comparison comparison = compare(two_models(), loans, {});
  std::istringstream text(out_of_fold_csv(comparison, loans.table, loans.split));
  std::string line;
  std::getline(text, line);
  EXPECT_EQ(line, "row,fold,model,p");
  std::set<std::pair<std::string, uint32_t>> seen;
  size_t lines = 0;
  while (std::getline(text, line)) {
    ++lines;
    std::istringstream cells(line);
    std::string row;
    std::string fold;
    std::string model;
    std::string p;
    std::getline(cells, row, ',');
    std::getline(cells, fold, ',');
    std::getline(cells, model, ',');
    std::getline(cells, p, ',');
    const auto number = static_cast<uint32_t>(std::stoul(row));
    EXPECT_TRUE(seen.emplace(model, number).second) << line;
    const auto& test = loans.split.folds[std::stoul(fold)].test;
    EXPECT_TRUE(std::binary_search(test.begin(), test.end(), number)) << line;
    EXPECT_GE(std::stod(p), 0);
    EXPECT_LE(std::stod(p), 1);
  }
  EXPECT_EQ(lines, 2 * loans.task.rows.size());
  EXPECT_EQ(seen.size(), lines);
}

TEST(RunKey, ChangesWithDataParametersSeedSplitAndTask) {
  const Loans loans = make_loans(150, kSeed);
  const std::vector<ModelRequest> requests{{bound_logistic(), {{"strength", "2"}}}};
  const auto key_of = [&](const std::vector<ModelRequest>& asked, const Loans& of, const PipelineOptions& options, uint64_t seed) {
    return run_key(asked, of.table, of.task, of.split, options, seed);
  };
  const std::string key = key_of(requests, loans, {}, kSeed);
  EXPECT_EQ(key, key_of(requests, make_loans(150, kSeed), {}, kSeed));
  std::set<std::string> keys{key};
  const auto differs = [&](const std::string& other, const char* what) { EXPECT_TRUE(keys.insert(other).second) << what; };
  differs(key_of(requests, loans, {}, kSeed + 1), "seed");
  differs(key_of({{bound_logistic(), {{"strength", "3"}}}}, loans, {}, kSeed), "parameter value");
  differs(key_of({{bound_logistic(), {{"mix", "0.2"}}}}, loans, {}, kSeed), "parameter name");
  differs(key_of(requests, loans, {.inner_folds = 4}, kSeed), "inner folds");
  differs(key_of(requests, loans, {.search = false}, kSeed), "search");
  differs(key_of(requests, make_loans(150, kSeed, 4), {}, kSeed), "folds");
  Loans other = loans;
  std::swap(other.split.folds[0], other.split.folds[1]);
  differs(key_of(requests, other, {}, kSeed), "order of folds");
  const auto one_cell = [&](auto change, const char* what) {
    auto book = study_test::make_book(150, kSeed);
    change(book);
    Loans changed = to_loans(book, study_test::bad_is_yes(), {}, kSeed);
    changed.split = loans.split;
    differs(key_of(requests, changed, {}, kSeed), what);
  };
  one_cell([](auto& book) { book.age[3] += 1; }, "a number");
  one_cell([](auto& book) { book.age[3] = kMissing; }, "a missing number");
  one_cell([](auto& book) { book.opened[3] += 1; }, "a date");
  one_cell([](auto& book) { book.zip[3] = "elsewhere"; }, "a category");
  one_cell([](auto& book) { book.bad[3] = book.bad[3] == "yes" ? "no" : "yes"; }, "the target");
  const auto task_of = [&](auto change, const char* what) {
    TaskSpec spec = study_test::bad_is_yes();
    change(spec);
    Loans changed = to_loans(study_test::make_book(150, kSeed), spec, {}, kSeed);
    changed.split = loans.split;
    differs(key_of(requests, changed, {}, kSeed), what);
  };
  task_of([](TaskSpec& spec) { spec.ignore = {"exposure"}; }, "features");
  task_of([](TaskSpec& spec) { spec.weight = "exposure"; }, "weights");
  task_of([](TaskSpec& spec) { spec.group = "exposure"; }, "group");
  task_of([](TaskSpec& spec) { spec.positive = "no"; }, "positive class");
  other = loans;
  other.split.kind = SplitKind::kGrouped;  // the inner folds follow its rules
  differs(key_of(requests, other, {}, kSeed), "kind of split");
}

TEST(RunKey, AMissingTextIsNotAnEmptyOne) {
  const auto key_of = [](std::vector<uint8_t> missing) {
    Loans loans = make_loans(2 * 60, kSeed);
    TextData text;
    text.offsets.assign(121, 0);
    text.missing.assign(120, 0);
    std::copy(missing.begin(), missing.end(), text.missing.begin());
    loans.table = loans.table.with_column(Column("note", std::move(text)));
    return run_key({{bound_logistic(), {}}}, loans.table, loans.task, loans.split, {}, kSeed);
  };
  EXPECT_NE(key_of({0, 0}), key_of({0, 1}));
}

}  // namespace
}  // namespace obligor
