#include "core/parallel.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor {
namespace {

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

TEST(Parallel, TheLowestFailingItemIsTheOneThatIsTold) {
  const Context context({.seed = 1, .threads = 4});
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> running{0};
    try {
      parallel_for(context, 64, [&](size_t i) {
        ++running;
        if (i == 3) std::this_thread::sleep_for(std::chrono::microseconds(50));  // later ones fail before it
        --running;
        if (i >= 3) throw Error(ErrorCode::kData, std::to_string(i));
      });
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "3");
      EXPECT_EQ(running.load(), 0);  // all that ran have ended before it is told
    }
  }
}

TEST(Parallel, ACancelStopsWhatWasNotBegun) {
  for (const int threads : {1, 2, 4}) {
    const Context context({.seed = 1, .threads = threads});
    std::atomic<size_t> begun{0};
    try {
      parallel_for(context, 10'000, [&](size_t i) {
        context.check_cancelled();
        ++begun;
        if (i == 20) context.cancel();
      });
      FAIL() << "it ran to the end";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    }
    EXPECT_GE(begun.load(), 21U);
    EXPECT_LT(begun.load(), 10'000U);
    // Contexts made of a cancelled one are cancelled, a new one is not.
    EXPECT_TRUE(context.with_seed(2).cancelled());
    EXPECT_FALSE(Context({.seed = 1, .threads = 1}).cancelled());
  }
}

TEST(Parallel, AnItemThatWaitsForACancelIsWokenByAnotherThread) {
  const Context context({.seed = 1, .threads = 2});
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    context.cancel();
  });
  EXPECT_THROW(parallel_for(context, 4,
                            [&](size_t) {
                              for (;;) context.check_cancelled();
                            }),
               Error);
  stopper.join();
}

TEST(Parallel, SeveralCallersTakeTurns) {
  const Context context({.seed = 1, .threads = 2});
  std::atomic<size_t> sum{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) parallel_for(context, 20, [&](size_t i) { sum += i; });
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 4U * 50U * 190U);
}

TEST(Parallel, UsesNoMoreThreadsThanTheContextHas) {
  const Context context({.seed = 1, .threads = 3});
  std::mutex mutex;
  std::set<std::thread::id> seen;
  parallel_for(context, 300, [&](size_t) {
    EXPECT_TRUE(ThreadPool::inside());
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_LE(seen.size(), 3U);
  EXPECT_FALSE(ThreadPool::inside());
}

}  // namespace
}  // namespace obligor
