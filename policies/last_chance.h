#ifndef DYNOFA_POLICIES_LAST_CHANCE_H_
#define DYNOFA_POLICIES_LAST_CHANCE_H_

#include <optional>

namespace dynofa::policies {

/// A run that is about to begin, and the cheapest level that could answer in its place: primary and
/// alternate of a deadline mechanism (Liestman and Campbell, "A fault-tolerant scheduling problem",
/// IEEE TSE 12(11), 1986).
struct LastChance {
  /// From the begin of the run to the time at which its request is due, ms.
  double slack_ms = 0.0;
  /// What the run, and the alternate in its place, are expected to take, ms.
  double expected_ms = 0.0;
  double alternate_ms = 0.0;
  /// False: the run is only watched, for as long as it is not known how well ends are foreseen.
  bool armed = true;

  /// The run is to be looked at this long after its begin, ms: with less time to go the alternate
  /// would be late on a cluster that has become half as fast; after less too little has run to tell
  /// anything.
  double LookAfterMs() const;
  /// And from then on this often, ms.
  double PauseMs() const { return expected_ms / 16.0; }

  /// Is there a time to look at which the alternate, as expected, would not be late?
  bool Exists() const { return LatestMs(1.0) > LookAfterMs(); }

  /// The last time after the begin of the run at which the alternate is in time if things take
  /// `slower` times what was expected, with a little to spare, ms.
  double LatestMs(double slower) const;
};

/// Looks at one run while it is under way and says when to change to the alternate. What ran until
/// then is lost, so the change comes at the last moment: by then most is known of the run, and
/// most runs are in time on their own. Thread-compatible.
class LastChanceWatch {
 public:
  explicit LastChanceWatch(const LastChance& chance) : chance_(chance) {}

  /// The run has taken `elapsed_ms`, in which `share` of it (0 to 1) came to its end. True if it is
  /// time to change: the run would be late, the alternate, as slow as the run is lately, would not,
  /// and at the next look it would.
  bool GiveUp(double elapsed_ms, double share);

  /// What the run would take all in all, as of the last look, ms.
  double projected_ms() const { return projected_ms_; }
  /// The same as of the first look; nullopt before. Tells how far the begin of runs can be trusted:
  /// of those that are given up later the end is never known.
  std::optional<double> foreseen_ms() const { return foreseen_ms_; }

 private:
  LastChance chance_;
  double elapsed_ms_ = 0.0;
  double share_ = 0.0;
  /// How much slower than expected the run is, the more recent the more it counts; 0 before the
  /// first look.
  double slower_ = 0.0;
  double projected_ms_ = 0.0;
  std::optional<double> foreseen_ms_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_LAST_CHANCE_H_
