#ifndef DYNOFA_DAEMON_MANAGER_CLUSTER_TRACKER_H_
#define DYNOFA_DAEMON_MANAGER_CLUSTER_TRACKER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/dispatch/slowdown_book.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::manager {

/// What is known of each cluster: the last reading, what was asked of its knobs and what they
/// answered, and how busy it was. How fast it runs compared to its profile is in the book, which
/// hears from here what the load of others explains. Passive; belongs to the manager's sequence,
/// the book's side of the loop.
class ClusterTracker {
 public:
  /// `slowdowns` must outlive the tracker.
  explicit ClusterTracker(dispatch::SlowdownBook& slowdowns) : slowdowns_(slowdowns) {}

  /// Starts over with the clusters of a board.
  void SetBoard(const hardware::BoardInfo& board);

  /// Without a board that answers, nothing can be written: every cluster becomes read-only, with
  /// this reason.
  void LoseBoard(const std::string& reason);

  /// True if a cluster or its device is gone or back, limited otherwise, or taken by others to
  /// another extent than at the last reading: reasons to decide at once.
  bool Update(const hardware::BoardReading& reading);
  void Update(const hardware::ApplyResult& result);
  void Observe(const dispatch::Outcome& outcome);

  /// Other costs hold: forgets how the clusters ran compared to the old ones.
  void RestartSlowdowns() { slowdowns_.RestartAll(); }

  /// Whether the cluster's device is away: its knobs cannot even be read, let alone written.
  bool IsAway(const std::string& cluster) const;

  /// Ends a window of `length`: returns how busy inferences kept each cluster in it.
  std::vector<hardware::ClusterLoad> EndWindow(base::Duration length);

  /// With the slow-downs of that time.
  std::vector<policies::ClusterState> States(base::TimePoint now) const;
  std::vector<ClusterView> Views(base::TimePoint now) const;
  /// Clock of each cluster as last read back, kHz.
  std::map<std::string, std::int64_t> Frequencies() const;

 private:
  struct Cluster {
    ClusterView view;
    bool away = false;
    /// What became of the last setting; none since the device was away.
    std::optional<hardware::SettingOutcome> outcome;
    base::Duration busy{};
    base::Duration busy_threads{};  ///< the same, each thread counted
  };

  /// What is shown as the reason: that the last setting was refused, what the last reading said, or
  /// what the last setting came to, if the knobs still are as it left them.
  static std::string WhyLimited(const Cluster& cluster);
  /// How much slower a run with one thread is expected to be beside others that take `load` of
  /// the cluster: CPUs that they leave free are as good as all. The model of an emulated board
  /// speaks of a cluster as a whole.
  double SlowdownBeside(const Cluster& cluster, double load) const;
  /// Notes the load of others and tells the book what it explains.
  void SetForeignLoad(Cluster& cluster, double load);

  dispatch::SlowdownBook& slowdowns_;
  bool emulated_ = false;
  std::map<std::string, Cluster> clusters_;
  std::vector<std::string> order_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_CLUSTER_TRACKER_H_
