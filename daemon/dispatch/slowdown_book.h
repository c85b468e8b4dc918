#ifndef DYNOFA_DAEMON_DISPATCH_SLOWDOWN_BOOK_H_
#define DYNOFA_DAEMON_DISPATCH_SLOWDOWN_BOOK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/latest.h"
#include "daemon/dispatch/slowdown.h"

namespace dynofa::dispatch {

/// How much slower than profiled each cluster runs, and each subnet on it: the one estimate by
/// which requests are adapted and decisions made.
///
/// The request path writes it as runs finish. The loop reads it, and tells in turn what it knows of
/// the clusters and no run shows: what the load of others explains, and when what was seen does not
/// hold any more. Neither side waits for the other, nor takes a lock: both channels are a
/// base::Latest for each cluster.
///
/// The common factor of a cluster on which nothing runs fades to what is explained, times what its
/// profile has shown to be wrong in the long run, so that the cluster can be chosen again, and is
/// not where its profile is too rosy.
class SlowdownBook {
 public:
  /// The clusters with an executor; nothing is known of any other.
  explicit SlowdownBook(const std::vector<std::string>& clusters);

  // The request path's side: one thread at a time.

  /// A run of the subnet has finished on the cluster.
  void Observe(const std::string& cluster, const std::string& model, const std::string& subnet,
               double expected_ms, double measured_ms, base::TimePoint now);

  /// What the profiled time of a run is to be multiplied with.
  struct Expected {
    double slowdown = 1.0;
    /// By what share of that single runs differ from it.
    double spread = 0.0;
  };
  /// Of the subnet, if it runs there now; {1, 0} if nothing is known.
  Expected Of(const std::string& cluster, const std::string& model, const std::string& subnet,
              base::TimePoint now);

  // The loop's side: its sequence only. What it tells holds for its own reads at once, and for the
  // request path from the next call on.

  struct View {
    double slowdown = 1.0;
    /// By policies::ResidualKey, on top of `slowdown`; 1 for every other subnet.
    std::map<std::string, double> residuals;
  };
  View Read(const std::string& cluster, base::TimePoint now);

  /// The slow-down to be expected of the cluster if nothing is known of its runs.
  void Explain(const std::string& cluster, double slowdown);
  /// Other conditions hold on the cluster: what its last runs have shown is forgotten.
  void Restart(const std::string& cluster);
  /// Other profiles hold: also what their errors and single subnets have shown, on every cluster.
  void RestartAll();

 private:
  /// From the loop.
  struct Told {
    double explained = 1.0;
    std::uint64_t restarts = 0;
    std::uint64_t profiles = 0;
  };
  /// From the request path.
  struct Seen {
    double slowdown = 1.0;
    ProfileBias bias;
    /// When the last run finished; none since the last restart.
    std::optional<base::TimePoint> last_run;
    /// Each subnet keeps its place, so that copies allocate only for new ones.
    std::vector<std::pair<std::string, double>> residuals;
    /// Up to which of the loop's restarts this takes them into account.
    std::uint64_t restarts = 0;
    std::uint64_t profiles = 0;

    void SetResidual(const std::string& key, double factor);
  };
  struct Cluster {
    // The request path's.
    Slowdown common;
    SlowdownResiduals residuals;
    Seen seen;
    // The loop's.
    Told told;
    // Between them.
    base::Latest<Told> down;
    base::Latest<Seen> up;
  };

  Cluster* Find(const std::string& id);
  /// The factor of a cluster on which nothing has run for long.
  static double AtRest(const Told& told, const ProfileBias& bias, base::TimePoint now) {
    return told.explained * bias.At(now);
  }
  /// Takes up what the loop has told.
  static const Told& Adopt(Cluster& cluster);

  /// Its keys never change.
  std::map<std::string, Cluster, std::less<>> clusters_;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_SLOWDOWN_BOOK_H_
