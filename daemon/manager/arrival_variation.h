#ifndef DYNOFA_DAEMON_MANAGER_ARRIVAL_VARIATION_H_
#define DYNOFA_DAEMON_MANAGER_ARRIVAL_VARIATION_H_

#include <optional>

#include "daemon/base/clock.h"

namespace dynofa::manager {

/// How unevenly the requests of a session come.
///
/// The local variation of the times between them (Shinomoto, Shima and Tanji, Neural Computation
/// 15, 2003): 3 ((a - b) / (a + b))^2 over neighbouring times a and b, 0 for a regular stream and 1
/// for a Poisson process whatever its rate; unlike the coefficient of variation it does not mistake
/// a change of the rate for irregularity. Averaged over the last hundred requests or so.
class ArrivalVariation {
 public:
  /// `arrival`: of one request after the other. One that is earlier than its predecessor counts as
  /// together with it.
  void Add(base::TimePoint arrival);

  /// In [0, 3]; nullopt before enough was seen.
  std::optional<double> value() const;

 private:
  std::optional<base::TimePoint> last_;
  double gap_s_ = -1.0;
  int pairs_ = 0;
  double mean_ = 0.0;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_ARRIVAL_VARIATION_H_
