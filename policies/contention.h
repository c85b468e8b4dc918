#ifndef DYNOFA_POLICIES_CONTENTION_H_
#define DYNOFA_POLICIES_CONTENTION_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

namespace dynofa::policies {

/// One session's use of a cluster that runs one inference at a time.
struct Demand {
  double service_ms = 0.0;  ///< compute time of one inference
  double rate_hz = 0.0;     ///< inferences per second
  /// How its requests are spaced: 0 evenly (a camera), 1 independently (Poisson), above 1 in
  /// bursts. Of the size of the squared coefficient of variation of the times between them.
  double variation = 0.0;
};

/// Utilisation from which on a cluster counts as overloaded.
inline constexpr double kOverload = 0.95;

/// The longest of some runs; knows a few, so that some of them can be taken off.
class LongestRuns {
 public:
  void Add(double ms) {
    if (known_ > 0 && ms < ms_[known_ - 1] && !all_) return;
    if (known_ == kMost) {
      all_ = false;
      if (ms <= ms_.back()) return;
      --known_;
    }
    std::size_t at = known_++;
    for (; at > 0 && ms_[at - 1] < ms; --at) ms_[at] = ms_[at - 1];
    ms_[at] = ms;
  }

  /// Takes off a run that was added. False if the two longest are not known any more.
  bool Remove(double ms) {
    const auto end = ms_.begin() + known_;
    const auto found = std::find(ms_.begin(), end, ms);
    if (found == end) return true;
    std::copy(found + 1, end, found);
    ms_[--known_] = 0.0;
    return all_ || known_ >= 2;
  }

  /// 0 if there are not as many.
  double longest_ms() const { return ms_[0]; }
  double second_ms() const { return ms_[1]; }

 private:
  static constexpr std::size_t kMost = 6;

  std::array<double, kMost> ms_{};  ///< descending
  std::size_t known_ = 0;
  bool all_ = true;  ///< are these all runs?
};

/// What several demands make of a cluster. Keeps sums only, so that a demand is added, and the
/// wait of one of them is told, in constant time.
///
/// A request waits for the run in progress and for what is queued. Streams that are evenly spaced
/// queue no more than one request each; the others' queue has the exponential tail of the
/// diffusion of G/D/1 (Whitt, The Queueing Network Analyzer, 1983, section 4: the streams'
/// variations add up weighted by load), a little on the safe side, as for M/D/1.
class Queue {
 public:
  void Add(const Demand& demand) {
    if (demand.rate_hz <= 0.0) return;
    Sum(demand, 1.0);
    steepest_ms_ = std::max(steepest_ms_, demand.service_ms * std::max(1.0, demand.variation));
    longest_.Add(demand.service_ms);
  }

  /// Takes off a demand that was added. False if what is left must be added up anew.
  bool Remove(const Demand& demand) {
    if (demand.rate_hz <= 0.0) return true;
    Sum(demand, -1.0);
    return longest_.Remove(demand.service_ms);
  }

  /// Share of the cluster's time that the demands take; above 1 the queue grows without end.
  double utilisation() const { return busy_; }
  bool overloaded() const { return busy_ >= kOverload; }

  /// Response time, queue included, that all but `late_share` of the requests of `own`, one of the
  /// demands that were added (or one without a rate), stay below, ms; infinity if overloaded.
  double ResponseMs(const Demand& own, double late_share) const;

  /// An upper bound of any demand's response time if all are evenly spaced (one run of each), else
  /// infinity.
  double EvenResponseMs() const {
    return uneven_ > kNothing ? std::numeric_limits<double>::infinity() : each_ms_;
  }

  /// A closer upper bound of any demand's response time, quick to ask for many of them.
  class Bound {
   public:
    /// `log_late_share`: natural logarithm of the late share, that at least kLeastLateShare.
    double WaitMs(double log_late_share) const {
      return std::max(longest_ms_, slope_ms_ * (log_busy_ - log_late_share));
    }
    double ResponseMs(double service_ms, double log_late_share) const {
      return std::min(even_ms_, service_ms + WaitMs(log_late_share));
    }

   private:
    friend class Queue;
    double even_ms_ = 0.0;
    double longest_ms_ = 0.0;
    double slope_ms_ = 0.0;
    double log_busy_ = 0.0;
  };
  /// REQUIRES: not overloaded.
  Bound WaitBound() const;

  /// Late shares below this count as this.
  static constexpr double kLeastLateShare = 1e-4;

 private:
  /// Loads below this are what rounding leaves when a share is taken off.
  static constexpr double kNothing = 1e-9;

  void Sum(const Demand& demand, double sign) {
    const double busy = sign * demand.service_ms * demand.rate_hz / 1e3;
    busy_ += busy;
    each_ms_ += sign * demand.service_ms;
    busy_ms_ += busy * demand.service_ms * std::max(1.0, demand.variation);
    uneven_ += busy * std::min(1.0, demand.variation);
    uneven_ms_ += busy * demand.service_ms * demand.variation;
  }

  /// The wait that all but `late_share` do not exceed where a queue drains at 1 - busy_, `mean_ms`
  /// is the mean run found there, and a request finds it at work with this chance.
  double TailMs(double mean_ms, double found_busy, double late_share) const;

  double busy_ = 0.0;
  double each_ms_ = 0.0;      ///< one run of each demand
  double busy_ms_ = 0.0;      ///< runs, weighted by load, as if nothing were evenly spaced
  double uneven_ = 0.0;       ///< load of what is not evenly spaced
  double uneven_ms_ = 0.0;    ///< its runs, weighted by load and variation
  double steepest_ms_ = 0.0;  ///< no demand adds more to a tail
  LongestRuns longest_;
};

/// Utilisation of all `demands` together.
double Utilisation(std::span<const Demand> demands);

/// Response time that `percentile` percent of the requests of demand `own` stay below, ms.
double ResponseMs(std::span<const Demand> demands, std::size_t own, double percentile);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CONTENTION_H_
