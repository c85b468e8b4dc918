#ifndef DYNOFA_POLICIES_COST_TABLE_H_
#define DYNOFA_POLICIES_COST_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/snapshot.h"

namespace dynofa::policies {

/// A snapshot's operating points, cut down to what the power mode, heat and availability allow
/// and arranged for looking up. Refers to the snapshot, which must outlive it.
class CostTable {
 public:
  /// A cluster that may be used, with the frequencies allowed now, ascending: {0} where the clock
  /// has no steps, the present step alone where it cannot be set.
  struct Cluster {
    const ClusterState* state = nullptr;
    std::vector<std::int64_t> frequencies_khz;
    /// Power while on and idle, W, at each of these.
    std::vector<double> idle_power_w;
    /// Threads that one inference may have.
    int max_threads = 0;
  };

  /// What one inference takes on the cluster as it is (slow-down applied).
  struct Cost {
    double service_ms = 0.0;
    /// Power above idle while it runs, W; a stand-in where it is unknown: 1 W at full clock.
    double active_power_w = 0.0;
  };

  /// One subnet on one cluster: its point at each of the cluster's frequencies, with the threads
  /// that PickThreads() chooses, and what it costs there.
  struct Rung {
    std::string_view subnet;
    double accuracy = 0.0;
    std::vector<const OperatingPoint*> points;
    std::vector<Cost> costs;
    /// Energy above idle of one inference, mJ, at each frequency.
    std::vector<double> energy_mj;
  };

  /// The subnets of one model on one cluster that no other beats in accuracy and in latency at
  /// every frequency; the quickest at the highest first.
  using Ladder = std::vector<Rung>;

  explicit CostTable(const Snapshot& snapshot);

  const std::vector<Cluster>& clusters() const { return clusters_; }

  /// The ladders of `model` by cluster, empty ones where it cannot run; nullptr if it has no
  /// points at all.
  const std::vector<Ladder>* Ladders(std::string_view model) const;

  /// Do all points of the snapshot come with a power?
  bool power_known() const { return power_known_; }

 private:
  struct Model {
    std::string_view name;
    std::vector<Ladder> ladders;
  };

  void AddCluster(const ClusterState& state, const PowerMode& mode);
  void AddPoints(const std::vector<OperatingPoint>& points);

  std::vector<Cluster> clusters_;
  std::vector<Model> models_;
  bool power_known_ = false;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_COST_TABLE_H_
