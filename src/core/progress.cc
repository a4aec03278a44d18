#include "core/progress.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>

#include <fmt/format.h>
#include <unistd.h>

namespace obligor {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<int64_t> g_next_task{1};

class SilentProgress final : public ProgressSink {
 public:
  void begin(int64_t /*task*/, std::string_view /*label*/, int64_t /*total*/) override {}
  void update(int64_t /*task*/, int64_t /*done*/, std::string_view /*note*/) override {}
  void end(int64_t /*task*/) override {}
};

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return whole < 60 ? fmt::format("{}s", whole) : fmt::format("{}m{:02}s", whole / 60, whole % 60);
}

// Bars are redrawn at most ten times a second; plain lines are printed for each update that carries a note, and at
// most once in five seconds otherwise.
class StderrProgress final : public ProgressSink {
 public:
  void begin(int64_t task, std::string_view label, int64_t total) override {
    const std::lock_guard lock(mutex_);
    tasks_[task] = {std::string(label), total, 0, Clock::now(), {}, {}};
  }

  void update(int64_t task, int64_t done, std::string_view note) override {
    const std::lock_guard lock(mutex_);
    auto& state = tasks_[task];
    state.done = done;
    if (!note.empty()) state.note = note;
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - state.drawn).count();
    const bool last = state.total > 0 && done >= state.total;
    if (terminal_ ? (since >= 0.1 || last) : (!note.empty() || since >= 5.0)) {
      state.drawn = now;
      draw(state, note);
    }
  }

  void end(int64_t task) override {
    const std::lock_guard lock(mutex_);
    if (terminal_) std::fputs("\r\033[K", stderr);
    tasks_.erase(task);
  }

 private:
  struct Task {
    std::string label;
    int64_t total = 0;
    int64_t done = 0;
    Clock::time_point started;
    Clock::time_point drawn;
    std::string note;
  };

  void draw(const Task& task, std::string_view note) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - task.started).count();
    const std::string count = task.total > 0 ? fmt::format("{}/{}", task.done, task.total) : fmt::format("{}", task.done);
    if (!terminal_) {
      fmt::print(stderr, "{} {} {} ({})\n", task.label, count, note, duration_text(seconds));
      return;
    }
    std::string bar;
    if (task.total > 0) {
      constexpr int kWidth = 24;
      const int filled = static_cast<int>(std::min<int64_t>(kWidth, task.done * kWidth / task.total));
      for (int i = 0; i < kWidth; ++i) bar += i < filled ? "━" : "╌";
    }
    std::string left;
    if (task.total > 0 && task.done > 0 && task.done < task.total) {
      left = fmt::format(", about {} left", duration_text(seconds / static_cast<double>(task.done) * static_cast<double>(task.total - task.done)));
    }
    fmt::print(stderr, "\r\033[K{} {} {} {}{}  {}", task.label, bar, count, duration_text(seconds), left, task.note.substr(0, 60));
    std::fflush(stderr);
  }

  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::mutex mutex_;
  std::map<int64_t, Task> tasks_;
};

}  // namespace

struct ProgressTask::State {
  int64_t id = 0;
  std::atomic<int64_t> done{0};
};

ProgressTask::ProgressTask(std::shared_ptr<ProgressSink> sink, std::string_view label, int64_t total)
    : sink_(std::move(sink)), state_(std::make_unique<State>()) {
  state_->id = g_next_task.fetch_add(1);
  sink_->begin(state_->id, label, total);
}

ProgressTask::ProgressTask(ProgressTask&& other) noexcept = default;

ProgressTask::~ProgressTask() {
  if (state_) sink_->end(state_->id);
}

void ProgressTask::advance(int64_t steps, std::string_view note) {
  const int64_t done = state_->done.fetch_add(steps) + steps;
  sink_->update(state_->id, done, note);
}

std::shared_ptr<ProgressSink> make_stderr_progress() { return std::make_shared<StderrProgress>(); }
std::shared_ptr<ProgressSink> make_silent_progress() { return std::make_shared<SilentProgress>(); }

}  // namespace obligor
