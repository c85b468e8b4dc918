#ifndef DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_
#define DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace dynofa::dispatch {

/// Online estimate of how much slower a cluster runs than its profile says: measured over expected
/// time, 1 = as profiled. One factor for all subnets, as in ALERT (ATC 2020): what slows a cluster
/// down slows every subnet down alike, so each run of any of them tells about all.
///
/// A mean of the last runs that forgets faster after a step: a run that is far from the estimate
/// on the same side as the one before it counts for more. So noise is averaged over about ten runs,
/// and a step is followed within three; a single stall counts like noise.
/// slowdown_comparison_test.cc compares this with ALERT's Kalman filter and with a plain mean.
class Slowdown {
 public:
  /// Takes one run into account. Runs without an expectation are ignored; a single ratio counts
  /// for at most kMaxRatio, so that one stall does not empty the ladder.
  void Observe(double expected_ms, double measured_ms);

  /// Forgets what was seen: the estimate becomes `value`.
  void Restart(double value) {
    value_ = value;
    run_of_surprises_ = 0;
  }

  /// Moves that share of the way, 0 to 1, to `value`, for a time in which nothing ran.
  void Drift(double value, double share) { value_ += share * (value - value_); }

  double value() const { return value_; }

  static constexpr double kMinRatio = 0.1;
  static constexpr double kMaxRatio = 10.0;
  /// Weight of the newest run: about the last ten count.
  static constexpr double kWeight = 0.1;
  /// Weight of a run that is a surprise in the same direction as the one before it.
  static constexpr double kSurpriseWeight = 0.6;
  /// Share of the estimate by which a surprising run differs from it.
  static constexpr double kSurprise = 0.15;

 private:
  double value_ = 1.0;
  /// Surprising runs in a row, counted below 0 if they were faster than estimated.
  int run_of_surprises_ = 0;
};

/// How wrong the profile of a cluster is as a whole: by what factor it was slower than load
/// explains, in the mean over a long time in which it worked. A neighbour that comes later moves it
/// little. One that was there from the start cannot be told from an error, so what is known of a
/// cluster that is not used is forgotten over minutes.
class ProfileBias {
 public:
  /// A run has ended at `now`; the cluster's slow-down is `beyond` times what load explains.
  void Observe(double beyond, base::TimePoint now);

  /// 1 as long as nothing is known.
  double At(base::TimePoint now) const;

 private:
  /// What share of what was known is left, 0 to 1.
  double Left(base::TimePoint now) const;

  double value_ = 1.0;
  /// Time of work that it is the mean of, s.
  double known_s_ = 0.0;
  base::TimePoint last_run_{};
};

/// What a cluster's one factor leaves over, by subnet: a neighbour that fills the memory bus hits a
/// large subnet harder than a small one, and a profile errs for each subnet in its own way.
///
/// Each subnet has a factor on top of the cluster's, learnt slowly from its own runs, with the
/// spread of what they show. It counts only as far as it stands out from that: under a governor
/// that moves the clock, runs differ for reasons of their own.
class SlowdownResiduals {
 public:
  struct Residual {
    double factor = 1.0;
    /// Mean square of how far single runs are from the factor.
    double variance = kFirstVariance;

    /// The factor as far as it is to be believed: its distance from 1, times the share that the
    /// square of that distance has in itself and the variance.
    double Believed() const;
  };
  using Residuals = std::map<std::string, Residual, std::less<>>;

  /// Takes one run of the subnet with that key into account, while the cluster's factor was
  /// `cluster_slowdown`.
  void Observe(std::string_view key, double expected_ms, double measured_ms,
               double cluster_slowdown);

  /// Null if nothing is known of the subnet. Good until the next call that is not const.
  const Residual* Find(std::string_view key) const;
  /// The factor of a subnet as far as it is to be believed; 1 as long as nothing is known.
  double Of(std::string_view key) const;

  const Residuals& all() const { return residuals_; }
  void Restart() { residuals_.clear(); }

  /// Weight of the newest run: slow against the cluster's factor, so that what hits all subnets
  /// goes there.
  static constexpr double kWeight = 0.05;
  /// A residual is a correction, not a second slow-down.
  static constexpr double kLeast = 0.5;
  static constexpr double kMost = 2.0;
  /// A new residual is not believed before some twenty runs agree.
  static constexpr double kFirstVariance = 0.04;
  /// Subnets that are remembered; a model has a few dozen.
  static constexpr std::size_t kMaxSubnets = 512;

 private:
  Residuals residuals_;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_
