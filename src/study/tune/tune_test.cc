#include "study/tune/tune.h"

#include <atomic>
#include <cmath>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

std::vector<ParamSpec> specs() {
  return {real_param("rate", 0.5, 0.01, 1, "", true), integer_param("leaves", 30, 2, 64, ""), real_param("share", 0.9, 0, 1, ""),
          choice_param("coding", "a", {"a", "b", "c"}, "")};
}

SearchSpace space() {
  const std::vector<TuneRange> ranges{
      {"rate", 0.01, 1, true, {}}, {"leaves", 2, 64, false, {}}, {"share", 0, 1, false, {}}, {"coding", 0, 0, false, {"a", "b", "c"}}};
  return {specs(), ranges, {}};
}

// A smooth hill of AUC; the folds differ in level, and a little in shape. At its top 0.8.
double hill(const ParamValues& set, size_t fold) {
  const Params params = make_params(specs(), set, "hill");
  const double a = std::log(params.real("rate") / 0.05);
  const double b = (static_cast<double>(params.integer("leaves")) - 12) / 25;
  const double c = params.real("share") - 0.4;
  const double level = params.text("coding") == "b" ? 0 : -0.02;
  return 0.8 - 0.01 * a * a - 0.03 * b * b - 0.05 * c * c + level + 0.01 * static_cast<double>(fold) +
         0.002 * std::sin(9 * c + static_cast<double>(fold));
}

TuneOptions options(int trials, TuneMethod method = TuneMethod::kBayes) {
  TuneOptions options;
  options.trials = trials;
  options.method = method;
  options.fold_weight = {1, 1, 1, 1, 1};
  return options;
}

TuneResult run(const TuneOptions& options, uint64_t seed = 1, int threads = 1) {
  const Context context({.seed = seed, .threads = threads});
  return tune(
      space(), {{}, {{"rate", "0.2"}}}, [](const auto& set, int, size_t fold) { return hill(set, fold); }, options, context);
}

std::string text(const TuneResult& result) {
  std::string all;
  for (const auto& trial : result.trials) {
    Json json = trial_json(trial);
    json.erase("seconds");
    all += dump_json(json, -1) + "\n";
  }
  return all;
}

double best(const TuneResult& result) {
  double value = 0;
  for (const auto& trial : result.trials) {
    if (trial.status == TrialStatus::kOk) value = std::max(value, trial.value);
  }
  return value;
}

fs::path scratch() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto path = fs::path(::testing::TempDir()) / (std::string("obligor_tune_") + info->name() + ".jsonl");
  fs::remove(path);
  return path;
}

TEST(Tuning, SameSeedSameTrialsWhateverTheThreads) {
  const std::string once = text(run(options(18)));
  EXPECT_EQ(text(run(options(18))), once);
  EXPECT_EQ(text(run(options(18), 1, 3)), once);
  EXPECT_NE(text(run(options(18), 2)), once);
}

TEST(Tuning, FewerTrialsAreTheFirstOfMore) {
  const std::string more = text(run(options(16)));
  const std::string fewer = text(run(options(11)));
  EXPECT_EQ(more.substr(0, fewer.size()), fewer);
}

TEST(Tuning, StartsWithTheDefaultAndTheCandidates) {
  const auto result = run(options(8));
  EXPECT_TRUE(result.trials[0].set.empty());
  EXPECT_EQ(result.trials[0].origin, TrialOrigin::kDefault);
  EXPECT_EQ(result.trials[1].set, (ParamValues{{"rate", "0.2"}}));
  EXPECT_EQ(result.trials[1].origin, TrialOrigin::kCandidate);
  EXPECT_EQ(result.trials[2].origin, TrialOrigin::kDesign);
  EXPECT_EQ(result.trials[6].origin, TrialOrigin::kModel);
  EXPECT_EQ(result.ended, "trials");
}

TEST(Tuning, ClimbsAHillThatRandomTrialsDoNot) {
  double bayes = 0;
  double random = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    bayes += best(run(options(30), seed)) / 8;
    random += best(run(options(30, TuneMethod::kRandom), seed)) / 8;
  }
  const double top = 0.82;  // 0.8 and the folds' mean level
  EXPECT_GT(bayes, top - 0.002);
  EXPECT_GT(bayes - random, 0.003);
}

TEST(Tuning, NoPointIsTriedTwice) {
  const auto result = run(options(30));
  std::map<Point, int> counts;
  for (const auto& trial : result.trials) EXPECT_EQ(++counts[trial.point], 1) << trial.number;
}

// Five trials of four folds that differ from the best by exactly known scatter.
std::vector<Trial> finished_trials() {
  std::vector<Trial> trials(5);
  for (size_t t = 0; t < trials.size(); ++t) {
    const double off = t == 0 ? 0 : -0.01;
    const double swing = t == 0 ? 0 : 0.003;
    trials[t].fold_auc = {0.80 + off + swing, 0.70 + off - swing, 0.75 + off + swing, 0.78 + off - swing};
    trials[t].value = std::accumulate(trials[t].fold_auc.begin(), trials[t].fold_auc.end(), 0.0) / 4;
  }
  return trials;
}

TEST(Pruning, ByHand) {
  const auto trials = finished_trials();
  // Scatter: 4 trials, squared swings 4 x 0.003^2 each over 3 degrees of freedom each.
  const double scatter = std::sqrt(16 * 0.003 * 0.003 / 12);
  const double after_one = 2 * scatter * std::sqrt(1.0 - 0.25);
  EXPECT_TRUE(hopeless({0.80 - after_one - 1e-6}, trials));
  EXPECT_FALSE(hopeless({0.80 - after_one + 1e-6}, trials));
  const double after_two = 2 * scatter * std::sqrt(0.5 - 0.25);
  EXPECT_TRUE(hopeless({0.80, 0.70 - 2 * after_two - 1e-6}, trials));
  EXPECT_FALSE(hopeless({0.80, 0.70 - 2 * after_two + 1e-6}, trials));
}

TEST(Pruning, NotBeforeFiveHaveFinished) {
  auto trials = finished_trials();
  EXPECT_TRUE(hopeless({0.1}, trials));
  trials[4].status = TrialStatus::kPruned;
  EXPECT_FALSE(hopeless({0.1}, trials));
}

TEST(Pruning, SparesFoldsAndKeepsTheBest) {
  std::atomic<int> fits = 0;
  const Context context({.seed = 3, .threads = 1});
  const auto result = tune(
      space(), {{}},
      [&](const auto& set, int, size_t fold) {
        ++fits;
        return hill(set, fold);
      },
      options(30, TuneMethod::kRandom), context);
  int pruned = 0;
  double highest = 0;
  for (const auto& trial : result.trials) {
    pruned += trial.status == TrialStatus::kPruned ? 1 : 0;
    double sum = 0;
    for (size_t f = 0; f < 5; ++f) sum += hill(trial.set, f) / 5;
    highest = std::max(highest, sum);
    EXPECT_LE(trial.fold_auc.size(), trial.status == TrialStatus::kPruned ? 2U : 5U);
  }
  EXPECT_GT(pruned, 5);
  EXPECT_LE(fits, 150 - 3 * pruned);
  EXPECT_NEAR(best(result), highest, 1e-12);
}

TEST(Tuning, KeptTrialsAreTakenUpAfterAStop) {
  const std::string whole = text(run(options(14)));
  for (const int stop_at : {1, 6, 12}) {
    TuneOptions kept = options(14);
    kept.file = scratch();
    const Context context({.seed = 1, .threads = 1});
    const auto stopping = [&](const auto& set, int trial, size_t fold) {
      if (trial == stop_at) {
        context.cancel();
        context.check_cancelled();
      }
      return hill(set, fold);
    };
    try {
      (void)tune(space(), {{}, {{"rate", "0.2"}}}, stopping, kept, context);
      FAIL() << "it was not stopped";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    }
    EXPECT_EQ(kept_trials(kept.file).size(), static_cast<size_t>(stop_at));
    // A crash in the middle of a line.
    std::string bytes = read_file(kept.file);
    write_file(kept.file, bytes + "{\"trial\": 99, \"se");
    const auto resumed = run(kept);
    EXPECT_EQ(text(resumed), whole) << stop_at;
    for (const auto& trial : resumed.trials) EXPECT_EQ(trial.taken_up, trial.number < stop_at);
    EXPECT_EQ(kept_trials(kept.file).size(), 14U);
    EXPECT_TRUE(run(kept).trials.back().taken_up);
  }
}

TEST(Tuning, TrialsOfAnotherRunAreMadeAgain) {
  TuneOptions kept = options(9);
  kept.file = scratch();
  (void)run(kept, 5);
  const auto other = run(kept, 1);
  EXPECT_EQ(text(other), text(run(options(9), 1)));
  EXPECT_TRUE(other.trials[1].taken_up);  // the warm start is the same
  EXPECT_FALSE(other.trials[2].taken_up);
  EXPECT_EQ(kept_trials(kept.file).size(), 9U);
}

TEST(Tuning, TheTimeBudgetEndsItAfterTheFirst) {
  TuneOptions short_time = options(30);
  short_time.minutes = 1e-9;
  const auto result = run(short_time);
  EXPECT_EQ(result.trials.size(), 1U);
  EXPECT_EQ(result.ended, "time");
}

TEST(Tuning, ASmallSpaceIsExhausted) {
  const std::vector<TuneRange> ranges{{"coding", 0, 0, false, {"a", "b", "c"}}};
  const SearchSpace small(specs(), ranges, {});
  const Context context({.seed = 1, .threads = 1});
  for (const auto method : {TuneMethod::kBayes, TuneMethod::kRandom}) {
    const auto result = tune(
        small, {{}}, [](const auto& set, int, size_t fold) { return hill(set, fold); }, options(40, method), context);
    EXPECT_EQ(result.trials.size(), 3U);
    EXPECT_EQ(result.ended, "space");
  }
  const SearchSpace none(specs(), {}, {});
  EXPECT_EQ(tune(
                none, {{}}, [](const auto& set, int, size_t fold) { return hill(set, fold); }, options(40), context)
                .trials.size(),
            1U);
}

TEST(Tuning, FailedTrialsAreToldAndTheRestGoOn) {
  const Context context({.seed = 1, .threads = 2});
  const auto failing = [](const ParamValues& set, int trial, size_t fold) -> double {
    if (trial == 2 && fold == 3) throw Error(ErrorCode::kNumeric, "the fit diverged");
    if (trial == 4) return std::nan("");
    return hill(set, fold);
  };
  TuneOptions kept = options(12);
  kept.file = scratch();
  const auto result = tune(space(), {{}}, failing, kept, context);
  EXPECT_EQ(result.trials.size(), 12U);
  EXPECT_EQ(result.trials[2].status, TrialStatus::kFailed);
  EXPECT_EQ(result.trials[2].reason, "the fit diverged");
  EXPECT_EQ(result.trials[4].status, TrialStatus::kFailed);
  EXPECT_EQ(text(tune(space(), {{}}, failing, kept, context)), text(result));
}

TEST(Tuning, WhenAllFailTheFirstReasonIsTheError) {
  const Context context({.seed = 1, .threads = 1});
  const auto failing = [](const ParamValues&, int trial, size_t) -> double {
    throw Error(ErrorCode::kData, trial == 0 ? "no columns" : "something else");
  };
  try {
    (void)tune(space(), {{}}, failing, options(6), context);
    FAIL() << "it gave a result";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_STREQ(error.what(), "no columns");
  }
}

}  // namespace
}  // namespace obligor
