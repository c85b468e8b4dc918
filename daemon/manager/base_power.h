#ifndef DYNOFA_DAEMON_MANAGER_BASE_POWER_H_
#define DYNOFA_DAEMON_MANAGER_BASE_POWER_H_

#include "daemon/base/clock.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/hardware/board.h"

namespace dynofa::manager {

/// Estimates what the board draws apart from idle clusters and dynofa's own inferences: memory,
/// carrier, other programs. Takes from each reading of the board's power the idle power of its
/// clusters and what the inferences of the last window took. Passive; belongs to the manager's
/// sequence.
class BasePower {
 public:
  void Observe(const dispatch::Outcome& outcome) { window_mj_ += outcome.energy_mj.value_or(0.0); }

  /// Ends a window of observations of `length`.
  void EndWindow(base::Duration length);

  /// Readings without a power of the board change nothing.
  void Update(const hardware::BoardReading& reading);

  /// W; 0 as long as nothing is known.
  double watt() const { return watt_; }

 private:
  double window_mj_ = 0.0;
  double inference_w_ = 0.0;
  double watt_ = 0.0;
  bool known_ = false;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_BASE_POWER_H_
