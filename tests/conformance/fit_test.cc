// Fitting: repeatable, from the training rows alone, its inputs left as they were, and stopped when asked.
#include <chrono>
#include <thread>

#include "conformance.h"
#include "plan/io.h"

namespace obligor::conformance {
namespace {

std::string bytes_of(const FittedPipeline& fitted) {
  const PlanFiles files = save_plan(fitted.plan);
  return files.graph + files.weights + dump_json(fitted.params) + dump_json(fitted.details);
}

TEST_P(Conformance, SameSeedSameBytes) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  const std::string once = bytes_of(fit_small(entry(), loans, one_thread()));
  EXPECT_EQ(once, bytes_of(fit_small(entry(), loans, one_thread())));
  EXPECT_EQ(once, bytes_of(fit_small(entry(), loans, Context({.seed = kSeed, .threads = 2}))));
}

TEST_P(Conformance, TestRowsChangeNothingThatWasFitted) {
  const Book book = study_test::make_book(300, kSeed);
  const Loans loans = loans_of(book);
  for (const bool features_too : {false, true}) {
    Loans other = loans_of(with_other_rows(book, loans.split.folds[0].test, features_too));
    other.split = loans.split;
    EXPECT_EQ(bytes_of(fit_small(entry(), loans, one_thread())), bytes_of(fit_small(entry(), other, one_thread())));
  }
}

TEST_P(Conformance, LeavesItsInputsAsTheyWere) {
  const Loans loans = loans_of(study_test::make_book(300, kSeed));
  const Fit fit(entry(), loans, small(entry()));
  EXPECT_TRUE(fit.inputs_untouched());
  (void)fit.predict(fit.train().batch());
  EXPECT_TRUE(fit.inputs_untouched());
}

// Nets draw batches at random and some trees measure themselves on folds: for them a weight only has to matter.
TEST_P(Conformance, WeightTwoIsTheRowTwice) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  const Numbers plain = numbers_for(300, 4);
  Numbers once = plain;
  Numbers twice = plain;
  once.weight.assign(300, 1.0);
  for (size_t r = 0; r < 100; ++r) {
    once.weight[r] = 2.0;
    for (size_t c = 0; c < plain.width; ++c) twice.x.push_back(plain.x[r * plain.width + c]);
    twice.y.push_back(plain.y[r]);
  }
  ParamValues values = small(entry());
  for (auto& value : without_sampling(entry())) values.push_back(std::move(value));
  const Params params = make_params(entry().params, values, entry().name);
  const auto scores = [&](const Numbers& numbers) {
    return entry().fit(numbers.input(), params, one_thread()).model->predict(plain.input().train).values;
  };
  const auto weighted = scores(once);
  EXPECT_GT(distance(weighted, scores(plain)), 1e-4) << "weights say nothing";
  if (entry().traits.deterministic_convex || (entry().traits.trees && !chooses_by_folds(entry()))) {
    EXPECT_LT(distance(weighted, scores(twice)), kTolerance);
  }
}

TEST_P(Conformance, ACancelBeforehandStopsItAtOnce) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  const Context context = one_thread();
  context.cancel();
  try {
    const Numbers numbers = numbers_for(300, 4);
    (void)entry().fit(numbers.input(entry().traits.early_stopping ? 100 : 0), make_params(entry().params, {}, entry().name), context);
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

// The name is what the slow shard of CMakeLists.txt selects.
TEST_P(Conformance, SlowCancelInTheMiddleIsPrompt) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  const Numbers numbers = numbers_for(20'000, 20);
  const Params params = make_params(entry().params, endless(entry()), entry().name);
  const Context context = one_thread();
  std::chrono::steady_clock::time_point asked;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
    asked = std::chrono::steady_clock::now();
    context.cancel();
  });
  bool cancelled = false;
  try {
    (void)entry().fit(numbers.input(entry().traits.early_stopping ? 5'000 : 0), params, context);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled) << error.what();
    cancelled = true;
  }
  const auto ended = std::chrono::steady_clock::now();
  stopper.join();
  // A fit that came to its end by itself before it was asked is as good.
  if (cancelled || ended > asked) {
    EXPECT_LT(ended - asked, std::chrono::seconds(3));
  }
}

}  // namespace
}  // namespace obligor::conformance
