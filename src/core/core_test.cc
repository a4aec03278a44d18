#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/context.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/random.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

TEST(Errors, UnknownNameSuggestsTheNearest) {
  const std::vector<std::string> known{"logistic", "lightgbm", "ann", "dnn"};
  EXPECT_STREQ(unknown_name("model", "lightgmb", known).what(), "unknown model 'lightgmb'; did you mean 'lightgbm'?");
  EXPECT_THAT(unknown_name("model", "zzzzzzzz", known).what(), testing::HasSubstr("known are: logistic, lightgbm, ann, dnn"));
}

TEST(Errors, BadInputExitsWithTwo) {
  EXPECT_EQ(facts(ErrorCode::kInvalid).exit_status, 2);
  EXPECT_EQ(facts(ErrorCode::kData).exit_status, 2);
  EXPECT_EQ(facts(ErrorCode::kIo).exit_status, 1);
}

TEST(Parallel, EveryItemRunsOnceAndNestedLoopsRunInline) {
  const Context context({.seed = 1, .threads = 4});
  std::vector<int> counts(1000);
  parallel_for(context, counts.size(), [&](size_t i) { parallel_for(context, 3, [&](size_t) { ++counts[i]; }); });
  EXPECT_THAT(counts, testing::Each(3));
}

TEST(Parallel, RethrowsAFailure) {
  const Context context({.seed = 1, .threads = 2});
  EXPECT_THROW(parallel_for(context, 100,
                            [](size_t i) {
                              if (i == 7) throw Error(ErrorCode::kData, "seven");
                            }),
               Error);
  // The pool is usable afterwards.
  std::atomic<int> sum{0};
  parallel_for(context, 10, [&](size_t i) { sum += static_cast<int>(i); });
  EXPECT_EQ(sum.load(), 45);
}

TEST(RandomStreams, DependOnSeedAndNameAlone) {
  Random a(1, "x");
  Random b(1, "x");
  Random c(1, "y");
  const uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

TEST(RandomStreams, NormalHasUnitVariance) {
  Random random(3, "normal");
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(RandomStreams, PermutationHoldsEachIndexOnce) {
  auto order = Random(5, "p").permutation(1000);
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(order, expected);
}

TEST(AtomicFiles, LeaveNothingWithoutCommit) {
  const fs::path folder = fs::temp_directory_path() / "obligor-core-test-atomic";
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    AtomicFile file(folder / "a.txt");
    file.write("half");
  }
  EXPECT_TRUE(fs::is_empty(folder));
  write_file(folder / "a.txt", "whole");
  EXPECT_EQ(read_file(folder / "a.txt"), "whole");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
}

TEST(AtomicFiles, AFullDiskIsAnErrorAndTheOldFileStays) {
  // A tiny file-size limit stands in for a full disk: writes past it fail as they do when no space is left.
  const fs::path folder = fs::temp_directory_path() / "obligor-core-test-full";
  fs::remove_all(folder);
  fs::create_directories(folder);
  write_file(folder / "a.txt", "old");
  const auto write_past_the_limit = [&] {
    const rlimit limit{.rlim_cur = 1024, .rlim_max = 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    try {
      write_file(folder / "a.txt", std::string(5U << 20U, 'x'));
    } catch (const Error& error) {
      exit(error.code() == ErrorCode::kIo ? 42 : 1);
    }
    exit(0);
  };
  EXPECT_EXIT(write_past_the_limit(), testing::ExitedWithCode(42), "");
  EXPECT_EQ(read_file(folder / "a.txt"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
}

TEST(JsonDocuments, RefuseDeepNesting) {
  EXPECT_THROW((void)parse_json(std::string(100'000, '['), "test"), Error);
  EXPECT_THROW((void)parse_json("{\"a\":", "test"), Error);
  EXPECT_EQ(json_get<int>(parse_json(R"({"a": 3})", "test"), "a", "test"), 3);
  EXPECT_THROW((void)json_get<int>(parse_json(R"({"a": "x"})", "test"), "a", "test"), Error);
}

}  // namespace
}  // namespace obligor
