#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CLUSTER_GROUP_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CLUSTER_GROUP_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/clock_cluster.h"
#include "daemon/hardware/sysfs/clock_device.h"

namespace dynofa::hardware::sysfs {

/// One or more clocks that are a single cluster to everybody else. Many machines have a policy for
/// each CPU; where they are many, equal neighbours are set alike. Each clock keeps its own records
/// in the journal, so that each goes back to what it was; one whose CPUs are offline is left out
/// as long as another one is there.
///
/// Thread-compatible, as ClockCluster is.
class ClusterGroup {
 public:
  /// `clocks` is not empty; `journal` is theirs and outlives the group.
  ClusterGroup(policies::ClusterInfo info, std::vector<std::unique_ptr<ClockCluster>> clocks,
               journal::Journal& journal)
      : info_(std::move(info)), clocks_(std::move(clocks)), journal_(journal) {}

  const policies::ClusterInfo& info() const { return info_; }
  const std::vector<std::unique_ptr<ClockCluster>>& clocks() const { return clocks_; }

  /// As ClockCluster::Apply, for all clocks that are there. What is in force is that of the
  /// slowest.
  SettingOutcome Apply(const policies::ClusterSetting& setting);

  /// The strictest of what the clocks tell; the frequency is that of the fastest.
  ClusterReading Read();

  /// Whether all clocks were there at the last Read.
  bool complete() const { return complete_; }

  /// No setting is in force any more.
  void NoteReleased() { holding_.reset(); }

 private:
  const policies::ClusterInfo info_;
  const std::vector<std::unique_ptr<ClockCluster>> clocks_;
  journal::Journal& journal_;
  /// The clocks that got the setting in force.
  std::optional<std::set<const ClockCluster*>> holding_;
  bool complete_ = true;
};

/// The policies of a machine's CPUs, put together into clusters: each by itself, or, where there
/// are more than `most`, neighbours with a CPU each, of one package, that offer the same. `package`
/// tells in which one a CPU is.
std::vector<std::vector<ClockDevice>> GroupPolicies(std::vector<ClockDevice> policies,
                                                    std::size_t most,
                                                    const std::function<int(int cpu)>& package);

/// What several of them are to everybody else.
policies::ClusterInfo InfoOfGroup(const std::vector<ClockDevice>& devices);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CLUSTER_GROUP_H_
