#ifndef DYNOFA_DAEMON_DISPATCH_FORESIGHT_H_
#define DYNOFA_DAEMON_DISPATCH_FORESIGHT_H_

namespace dynofa::dispatch {

/// How well the ends of runs on a cluster are foreseen while they are under way. Not under a
/// governor that moves the clock: it rises during a run, whose begin then foretells a late end that
/// never comes. Thread-compatible.
class Foresight {
 public:
  /// A run of which the begin let `foreseen_ms` expect took `actual_ms`; ignored if that is not
  /// above 0.
  void Observe(double foreseen_ms, double actual_ms);

  /// May a run be given up for what is foreseen of it? Not before some twenty were foreseen well.
  bool Reliable() const { return mean_square_ <= kReliable * kReliable; }

  /// Weight of the newest run.
  static constexpr double kWeight = 0.1;
  /// Typical errors, as shares of the run: of one that nothing is known of, and a reliable one.
  static constexpr double kFirst = 0.2;
  static constexpr double kReliable = 0.07;
  /// A single error counts for at most this.
  static constexpr double kMost = 0.3;

 private:
  double mean_square_ = kFirst * kFirst;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_FORESIGHT_H_
