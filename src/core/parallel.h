// parallel_for on the pool of a Context.
//
//   parallel_for(context, columns.size(), [&](size_t c) { fit_column(c); });
//
// Contract: the caller takes part; items are handed out one by one in index order; a call made from inside a worker runs
// inline, so that nested loops neither deadlock nor oversubscribe. The exception of the lowest failing index is rethrown
// after all running items end. Results must not depend on which thread ran which item.
#pragma once

#include <cstddef>
#include <functional>

#include "core/context.h"

namespace obligor {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const;
  void run(size_t items, const std::function<void(size_t)>& body);
  // True on a thread that is running an item of some pool.
  [[nodiscard]] static bool inside();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline void parallel_for(const Context& context, size_t items, const std::function<void(size_t)>& body) { context.pool().run(items, body); }

}  // namespace obligor
