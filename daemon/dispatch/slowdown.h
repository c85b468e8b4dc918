#ifndef DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_
#define DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_

namespace dynofa::dispatch {

/// Online estimate of how much slower a cluster runs than its profile says: one factor for all
/// subnets, as in ALERT (ATC 2020), here an exponentially weighted mean of measured over expected
/// time. 1 = as profiled. Starts at 1.
class Slowdown {
 public:
  /// Takes one run into account. Runs without an expectation are ignored; a single ratio counts
  /// for at most kMaxRatio, so that one stall does not empty the ladder.
  void Observe(double expected_ms, double measured_ms);

  /// Forgets what was seen: the estimate becomes `value`.
  void Restart(double value) { value_ = value; }

  /// Moves slowly towards `value`, for a time in which nothing runs.
  void Drift(double value) { value_ += kDriftWeight * (value - value_); }

  double value() const { return value_; }

  static constexpr double kMinRatio = 0.1;
  static constexpr double kMaxRatio = 10.0;
  /// Weight of the newest run: about the last five count.
  static constexpr double kWeight = 0.2;
  static constexpr double kDriftWeight = 0.02;

 private:
  double value_ = 1.0;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_SLOWDOWN_H_
