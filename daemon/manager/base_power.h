#ifndef DYNOFA_DAEMON_MANAGER_BASE_POWER_H_
#define DYNOFA_DAEMON_MANAGER_BASE_POWER_H_

#include <deque>

#include "daemon/base/clock.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/hardware/board.h"

namespace dynofa::manager {

/// Estimates what the board draws apart from idle clusters and dynofa's own inferences: memory,
/// carrier, other programs. Takes from each reading of the board's power the idle power of its
/// clusters and what inferences drew just then.
///
/// Just then: in the very time over which the reading is an average. Requests come evenly and so do
/// readings; a reading of some milliseconds that always falls into a run, or always between two,
/// says nothing of the mean over a tick, however many there are. What ran while a reading was taken
/// is known only when those runs have ended; so a reading waits for a second before it counts.
///
/// Passive; belongs to the manager's sequence.
class BasePower {
 public:
  void Observe(const dispatch::Outcome& outcome);

  /// `asked`: when the reading was asked for. One without a power of the board changes nothing.
  void Update(const hardware::BoardReading& reading, base::TimePoint asked);

  /// W; 0 as long as nothing is known.
  double watt() const;

 private:
  struct Span {
    base::TimePoint begin, end;
  };
  struct Run {
    Span span;
    double watt = 0.0;
  };
  /// A reading, less the idle power of the clusters.
  struct Reading {
    Span span;
    double watt = 0.0;
  };

  /// Mean power of the inferences in a time, W, as far as they have ended.
  double InferencesW(const Span& span) const;
  void Take(const Reading& reading);

  std::deque<Run> runs_;
  std::deque<Reading> waiting_;
  double watt_ = 0.0;
  bool known_ = false;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_BASE_POWER_H_
