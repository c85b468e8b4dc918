#ifndef DYNOFA_POLICIES_CONTENTION_H_
#define DYNOFA_POLICIES_CONTENTION_H_

#include <algorithm>
#include <cstddef>
#include <span>

namespace dynofa::policies {

/// One session's use of a cluster that runs one inference at a time.
struct Demand {
  double service_ms = 0.0;  ///< compute time of one inference
  double rate_hz = 0.0;     ///< inferences per second
};

/// Utilisation from which on a cluster counts as overloaded.
inline constexpr double kOverload = 0.95;

/// What several demands make of a cluster. Keeps sums only, so that a demand is added, and the
/// wait of one of them is told, in constant time.
///
/// A session's own requests are taken as evenly spaced (a camera), so it waits only for others:
/// at most for the rest of the run in progress, and for what they have queued. The queue is that
/// of M/D/1 with the others' utilisation, its tail taken as exponential.
class Queue {
 public:
  void Add(const Demand& demand) {
    if (demand.rate_hz <= 0.0) return;
    busy_ += demand.service_ms * demand.rate_hz / 1e3;
    rate_hz_ += demand.rate_hz;
    if (demand.service_ms > longest_ms_) {
      second_ms_ = longest_ms_;
      longest_ms_ = demand.service_ms;
    } else if (demand.service_ms > second_ms_) {
      second_ms_ = demand.service_ms;
    }
  }

  /// Share of the cluster's time that the demands take; above 1 the queue grows without end.
  double utilisation() const { return busy_; }
  bool overloaded() const { return busy_ >= kOverload; }

  /// Response time, queue included, that all but `late_share` of the requests of `own`, one of the
  /// demands that were added (or one without a rate), stay below, ms; infinity if overloaded.
  double ResponseMs(const Demand& own, double late_share) const;

  /// An upper bound of what any demand waits, quick to ask for many of them.
  class Bound {
   public:
    /// `log_late_share`: natural logarithm of the late share, that at least kLeastLateShare.
    double WaitMs(double log_late_share) const {
      return std::max(longest_ms_, slope_ms_ * (log_busy_ - log_late_share));
    }

   private:
    friend class Queue;
    double longest_ms_ = 0.0;
    double slope_ms_ = 0.0;
    double log_busy_ = 0.0;
  };
  /// REQUIRES: not overloaded.
  Bound WaitBound() const;

  /// Late shares below this count as this.
  static constexpr double kLeastLateShare = 1e-4;

 private:
  double busy_ = 0.0;
  double rate_hz_ = 0.0;
  double longest_ms_ = 0.0;
  double second_ms_ = 0.0;
};

/// Utilisation of all `demands` together.
double Utilisation(std::span<const Demand> demands);

/// Response time that `percentile` percent of the requests of demand `own` stay below, ms.
double ResponseMs(std::span<const Demand> demands, std::size_t own, double percentile);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CONTENTION_H_
