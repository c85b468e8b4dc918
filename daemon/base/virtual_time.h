#ifndef DYNOFA_DAEMON_BASE_VIRTUAL_TIME_H_
#define DYNOFA_DAEMON_BASE_VIRTUAL_TIME_H_

#include <cstdint>
#include <map>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"

namespace dynofa::base {

/// Clock and task runner on a virtual time line: time moves only by Advance and RunUntil, and
/// tasks run inside those calls on the calling thread. For tests and simulations.
class VirtualTime final : public Clock, public TaskRunner {
 public:
  TimePoint Now() const override { return now_; }

  void Post(Task task) override { PostDelayed(Duration::zero(), std::move(task)); }
  void PostDelayed(Duration delay, Task task) override;
  bool RunsTasksOnCurrentThread() const override { return true; }

  /// Runs every task due up to `until`, each at its own time, and leaves the clock at `until`.
  void RunUntil(TimePoint until);
  void Advance(Duration step) { RunUntil(now_ + step); }
  /// Runs what is due now.
  void RunDue() { RunUntil(now_); }

 private:
  TimePoint now_{};
  std::uint64_t posted_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> tasks_;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_VIRTUAL_TIME_H_
