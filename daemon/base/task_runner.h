#ifndef DYNOFA_DAEMON_BASE_TASK_RUNNER_H_
#define DYNOFA_DAEMON_BASE_TASK_RUNNER_H_

#include <functional>
#include <memory>
#include <string>

#include "daemon/base/clock.h"

namespace dynofa::base {

/// Runs tasks one after another, in the order of their due times (posting order breaks ties).
/// Whatever is only touched on one runner needs no lock.
class TaskRunner {
 public:
  using Task = std::function<void()>;

  virtual ~TaskRunner() = default;

  /// Thread-safe. A task posted after the runner stopped is dropped.
  virtual void Post(Task task) = 0;
  virtual void PostDelayed(Duration delay, Task task) = 0;

  /// True on the thread that runs the tasks.
  virtual bool RunsTasksOnCurrentThread() const = 0;
};

/// A runner with a thread of its own. The destructor finishes the task that runs, drops the
/// rest and joins.
class ThreadTaskRunner final : public TaskRunner {
 public:
  /// `name` is the thread's name in the kernel (at most 15 bytes are kept).
  static std::unique_ptr<ThreadTaskRunner> Create(const std::string& name);
  ~ThreadTaskRunner() override;

  void Post(Task task) override;
  void PostDelayed(Duration delay, Task task) override;
  bool RunsTasksOnCurrentThread() const override;

 private:
  class Impl;
  explicit ThreadTaskRunner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_TASK_RUNNER_H_
