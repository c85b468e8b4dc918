#ifndef DYNOFA_POLICIES_COST_TABLE_H_
#define DYNOFA_POLICIES_COST_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
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
    /// Threads that one inference may have.
    int max_threads = 0;
  };

  /// One subnet on one cluster: its point at each of the cluster's frequencies, with the threads
  /// that PickThreads() chooses.
  struct Rung {
    std::string subnet;
    double accuracy = 0.0;
    std::vector<const OperatingPoint*> points;
  };

  explicit CostTable(const Snapshot& snapshot);

  const std::vector<Cluster>& clusters() const { return clusters_; }

  /// The Pareto subnets of `model` on a cluster, cheapest first; empty if it has none there.
  const std::vector<Rung>& Ladder(const std::string& model, std::size_t cluster) const;

  /// Compute time on the cluster as it is (slow-down applied), ms.
  double LatencyMs(std::size_t cluster, const OperatingPoint& point) const {
    return point.latency_ms * clusters_[cluster].state->slowdown;
  }

 private:
  void AddCluster(const ClusterState& state, const PowerMode& mode);
  void AddPoints(const std::vector<OperatingPoint>& points);

  std::vector<Cluster> clusters_;
  std::map<std::pair<std::string, std::size_t>, std::vector<Rung>> ladders_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_COST_TABLE_H_
