// What every piece of work is given: the seed, the thread pool, the device, the way to stop, the way to tell progress.
//
//   Context context({.seed = 1, .threads = 2});
//   parallel_for(context, n, [&](size_t i) { ... });      // core/parallel.h
//   context.check_cancelled();                            // throws Error{kCancelled}
//
// Contract: cheap to copy (shares the pool and the cancel flag). One pool a process; nested parallel work runs inline.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/progress.h"

namespace obligor {

class ThreadPool;
enum class Device { kCpu, kCuda };

struct ContextOptions {
  uint64_t seed = 1;
  int threads = 0;  // 0: one a core
  Device device = Device::kCpu;
  std::shared_ptr<ProgressSink> progress;  // null: silent
};

class Context {
 public:
  explicit Context(ContextOptions options = {});

  [[nodiscard]] uint64_t seed() const { return seed_; }
  [[nodiscard]] int threads() const { return threads_; }
  [[nodiscard]] Device device() const { return device_; }
  [[nodiscard]] ThreadPool& pool() const { return *pool_; }

  // The same context with another seed; how a fold or a model gets a stream of its own.
  [[nodiscard]] Context with_seed(uint64_t seed) const;

  [[nodiscard]] ProgressTask begin(std::string_view label, int64_t total) const { return {progress_, label, total}; }

  void cancel() const { cancelled_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }
  void check_cancelled() const;
  // The flag itself, for a signal handler.
  [[nodiscard]] std::shared_ptr<std::atomic<bool>> cancel_flag() const { return cancelled_; }

 private:
  uint64_t seed_;
  int threads_;
  Device device_;
  std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<ProgressSink> progress_;
  std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace obligor
