#include "core/context.h"

#include <algorithm>
#include <thread>

#include "core/error.h"
#include "core/parallel.h"

namespace obligor {

Context::Context(ContextOptions options)
    : seed_(options.seed),
      threads_(options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
      device_(options.device),
      pool_(std::make_shared<ThreadPool>(threads_)),
      progress_(options.progress ? std::move(options.progress) : make_silent_progress()),
      cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

Context Context::with_seed(uint64_t seed) const {
  Context other = *this;
  other.seed_ = seed;
  return other;
}

void Context::check_cancelled() const {
  if (cancelled()) throw Error(ErrorCode::kCancelled, "stopped on request");
}

}  // namespace obligor
