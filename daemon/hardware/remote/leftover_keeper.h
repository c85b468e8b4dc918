#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_LEFTOVER_KEEPER_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_LEFTOVER_KEEPER_H_

#include <atomic>
#include <memory>

#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware::remote {

/// Has a driver put back now and then what it could not put back when it should have: of a device
/// that is away, or that refuses. Costs nothing while there is nothing of the kind. LookAfter and
/// NeedsLook belong to one thread; the driver works on a thread of its own, so that a write that
/// hangs in the kernel holds up nobody.
class LeftoverKeeper {
 public:
  /// `driver` must outlive the keeper.
  LeftoverKeeper(BoardDriver& driver, base::Duration interval)
      : driver_(driver), interval_(interval) {}

  /// A release has been asked for, and has been answered: what it leaves is not known in between.
  void BeginRelease() { ++releasing_; }
  void EndRelease() { --releasing_; }

  /// Whether LookAfter should be called within the interval.
  bool NeedsLook() const { return releasing_ > 0 || driver_.HasLeftovers(); }
  base::Duration interval() const { return interval_; }

  void LookAfter();

  /// Whether the driver is being used.
  bool working() const { return working_; }

 private:
  BoardDriver& driver_;
  const base::Duration interval_;
  const base::SteadyClock clock_;
  base::TimePoint looked_{};
  std::atomic<int> releasing_{0};
  std::atomic<bool> working_{false};
  std::unique_ptr<base::ThreadTaskRunner> runner_;  // once it is needed
};

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_LEFTOVER_KEEPER_H_
