#ifndef DYNOFA_DAEMON_ENGINE_PACE_H_
#define DYNOFA_DAEMON_ENGINE_PACE_H_

#include <optional>
#include <span>
#include <vector>

#include "daemon/base/clock.h"

namespace dynofa::engine {

/// What share of a subnet's usual time is through at the end of each of its parts, learned from
/// runs of it on one number of threads: multiply-accumulates say little about time. Shares outlive
/// a change of the clock, which stretches all parts of a run about alike. Thread-compatible.
class Pace {
 public:
  /// Counts a run that begins; true if it should be learned from: the first sixteen that can be,
  /// then every sixteenth.
  bool Due();

  /// Notes a whole run without disturbance: when its parts ended, all but the last, and when it
  /// did itself, from its begin on. The first of them only says how many parts there are, since it
  /// finds cold caches and makes what the others find; so does one with another number of parts.
  /// Each later one moves the shares by a half, a third, and so on down to a sixteenth of the
  /// difference. One whose ends do not lie between 0 and `whole` in order is left out.
  void Learn(std::span<const base::Duration> ends, base::Duration whole);

  /// The share, above 0 and below 1 and rising with `done`, when `done` parts (1 or more) are
  /// through; nothing while that is not known.
  std::optional<double> ShareAfter(int done) const;

 private:
  int learned_ = 0;             // runs that the shares are made of, counted up to kRuns
  int unused_ = 0;              // runs since the last one that was due
  std::vector<double> shares_;  // of the ends of all parts but the last
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PACE_H_
