#ifndef DYNOFA_DAEMON_BASE_DOORBELL_H_
#define DYNOFA_DAEMON_BASE_DOORBELL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "daemon/base/task_runner.h"

namespace dynofa::base {

/// Runs a task on a runner for threads that must not wait for it: posting takes the runner's lock,
/// ringing takes none. A thread of its own, asleep until it rings, does the posting.
class Doorbell {
 public:
  /// `task` runs on `runner` once after each Ring(), or once for several that came before it ran.
  /// `runner` must outlive the bell. A task that was posted may run after the bell is gone.
  Doorbell(TaskRunner& runner, TaskRunner::Task task);
  ~Doorbell();

  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// Any thread; takes no lock and no memory.
  void Ring();

 private:
  void Loop();

  TaskRunner& runner_;
  const TaskRunner::Task task_;
  /// Set by a ring that nobody has answered; shared with posted tasks, which clear it.
  const std::shared_ptr<std::atomic<bool>> rung_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<std::uint32_t> events_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_DOORBELL_H_
