// Progress of long work, told to whoever listens: a terminal bar, plain lines, or nobody.
//
//   auto task = context.progress().begin("compare", jobs);   // total steps, 0 when unknown
//   task.advance(1, "dnn fold 3: auc 0.781");
//
// Contract: advance() is thread-safe and cheap (the listener limits how often it draws). A task ends with its lifetime.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace obligor {

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void begin(int64_t task, std::string_view label, int64_t total) = 0;
  virtual void update(int64_t task, int64_t done, std::string_view note) = 0;
  virtual void end(int64_t task) = 0;
};

class ProgressTask {
 public:
  ProgressTask(std::shared_ptr<ProgressSink> sink, std::string_view label, int64_t total);
  ~ProgressTask();
  ProgressTask(ProgressTask&& other) noexcept;
  ProgressTask(const ProgressTask&) = delete;
  ProgressTask& operator=(const ProgressTask&) = delete;
  ProgressTask& operator=(ProgressTask&&) = delete;

  void advance(int64_t steps, std::string_view note = {});

 private:
  struct State;
  std::shared_ptr<ProgressSink> sink_;
  std::unique_ptr<State> state_;
};

// A sink for stderr: live bars when it is a terminal, one plain line a step otherwise.
[[nodiscard]] std::shared_ptr<ProgressSink> make_stderr_progress();
// A sink that says nothing.
[[nodiscard]] std::shared_ptr<ProgressSink> make_silent_progress();

}  // namespace obligor
