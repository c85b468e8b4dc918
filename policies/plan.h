#ifndef DYNOFA_POLICIES_PLAN_H_
#define DYNOFA_POLICIES_PLAN_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "policies/contention.h"
#include "policies/cost_table.h"
#include "policies/snapshot.h"

namespace dynofa::policies {

/// Where a session runs: indices into CostTable::clusters() and the ladder there.
struct Placement {
  std::size_t cluster = 0;
  std::size_t rung = 0;

  friend bool operator==(const Placement&, const Placement&) = default;
};

/// One placement per session of the snapshot (nullopt: no cluster has its model), and one
/// frequency index per cluster of the table.
struct Plan {
  std::vector<std::optional<Placement>> placements;
  std::vector<std::size_t> frequencies;
};

/// What a plan costs. Compared by `violation` first.
struct PlanCost {
  /// How far requirements and the power cap are missed, weighted by priority; 0 = all met.
  double violation = 0.0;
  /// What the objective minimises, in watts or their like.
  double objective = 0.0;

  /// Is this less than `other` by more than `margin` (a share of the objective), where
  /// violations within `tolerance` of each other count as the same?
  bool Better(const PlanCost& other, double margin = 0.0, double tolerance = 1e-9) const;
};

/// Predicts and prices plans on one snapshot. Pure; refers to snapshot and table.
class Planner {
 public:
  Planner(const Snapshot& snapshot, const CostTable& table);

  /// The rungs of a session's model on a cluster that its accuracy floor leaves. If no subnet of
  /// the model reaches the floor anywhere, only the most accurate one is left.
  std::vector<Placement> Choices(std::size_t session) const;

  /// Chooses every cluster's frequency for the placements: fewest violations, then the least
  /// objective. Clusters without sessions get their lowest.
  void ChooseFrequencies(Plan& plan) const;

  /// Goes back to the decided frequency of each cluster in use where the one in `plan` is no
  /// better by more than the margins, so that noise does not move clocks.
  void KeepFrequencies(Plan& plan, double margin, double tolerance) const;

  PlanCost Cost(const Plan& plan) const;

  /// Predicted response time of a placed session as its client sees it, ms; infinity on an
  /// overloaded cluster.
  double ResponseMs(const Plan& plan, std::size_t session) const;

  /// The operating point of a placed session.
  const OperatingPoint& Point(const Plan& plan, std::size_t session) const;

  /// Does the session, where it is placed, meet its latency, accuracy and energy requirement?
  bool Meets(const Plan& plan, std::size_t session) const;

  /// Predicted power of the clusters in use, W; a stand-in of 1 W at full clock where no rail
  /// tells.
  double PowerW(const Plan& plan) const;

  /// Do all points of the snapshot come with a power?
  bool PowerKnown() const;

  const Snapshot& snapshot() const { return snapshot_; }
  const CostTable& table() const { return table_; }

 private:
  struct ClusterCost {
    double violation = 0.0;
    double power_w = 0.0;
    double response_ms = 0.0;  ///< sum over its sessions
  };

  /// Steps clusters down, the one that hurts least per watt first, until the mode's cap holds.
  void FitPowerCap(Plan& plan) const;
  const std::vector<CostTable::Rung>& Ladder(std::size_t session, std::size_t cluster) const {
    return *ladders_[session][cluster];
  }
  double Rate(std::size_t session) const;
  double ActivePowerW(std::size_t cluster, const OperatingPoint& point) const;
  std::vector<std::size_t> SessionsOn(const Plan& plan, std::size_t cluster) const;
  std::vector<Demand> Demands(const Plan& plan, std::span<const std::size_t> sessions) const;
  ClusterCost CostOf(const Plan& plan, std::size_t cluster,
                     std::span<const std::size_t> sessions) const;
  double Violation(std::size_t session, std::size_t cluster, const OperatingPoint& point,
                   double response_ms) const;

  const Snapshot& snapshot_;
  const CostTable& table_;
  /// By session and cluster; looked up once, since pricing asks for them all the time.
  std::vector<std::vector<const std::vector<CostTable::Rung>*>> ladders_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_H_
