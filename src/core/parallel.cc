#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace obligor {
namespace {

thread_local bool t_inside = false;

// One call of run(): the items still to hand out, and the first failure.
struct Job {
  const std::function<void(size_t)>* body = nullptr;
  size_t items = 0;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::exception_ptr error;
  size_t error_item = std::numeric_limits<size_t>::max();

  void work() {
    t_inside = true;
    for (size_t i = next.fetch_add(1); i < items && !failed.load(std::memory_order_relaxed); i = next.fetch_add(1)) {
      try {
        (*body)(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failed.store(true, std::memory_order_relaxed);
        if (i < error_item) {
          error_item = i;
          error = std::current_exception();
        }
      }
    }
    t_inside = false;
  }
};

}  // namespace

struct ThreadPool::Impl {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;
  Job* job = nullptr;
  uint64_t generation = 0;
  int busy = 0;
  bool stop = false;
  std::mutex one_run;  // one parallel loop at a time; a second caller waits its turn

  void loop() {
    uint64_t seen = 0;
    while (true) {
      Job* mine = nullptr;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation != seen; });
        if (stop) return;
        seen = generation;
        mine = job;
        if (mine == nullptr) continue;
        ++busy;
      }
      mine->work();
      {
        const std::lock_guard lock(mutex);
        --busy;
      }
      idle.notify_all();
    }
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  for (int i = 1; i < threads; ++i) impl_->workers.emplace_back([this] { impl_->loop(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
  }
  impl_->wake.notify_all();
  for (auto& worker : impl_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

bool ThreadPool::inside() { return t_inside; }

void ThreadPool::run(size_t items, const std::function<void(size_t)>& body) {
  if (items == 0) return;
  if (t_inside || impl_->workers.empty() || items == 1) {
    for (size_t i = 0; i < items; ++i) body(i);
    return;
  }
  const std::lock_guard one(impl_->one_run);
  Job job;
  job.body = &body;
  job.items = items;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->job = &job;
    ++impl_->generation;
  }
  impl_->wake.notify_all();
  job.work();
  {
    std::unique_lock lock(impl_->mutex);
    impl_->job = nullptr;
    impl_->idle.wait(lock, [&] { return impl_->busy == 0; });
  }
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace obligor
