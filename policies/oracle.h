#ifndef DYNOFA_POLICIES_ORACLE_H_
#define DYNOFA_POLICIES_ORACLE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "policies/plan.h"
#include "policies/policy.h"

namespace dynofa::policies {

/// A stretch of a trace in which nothing changes. `snapshot` is what a policy would see in it;
/// its `current` is not looked at.
struct Interval {
  Snapshot snapshot;
  double seconds = 0.0;
};

struct OracleOptions {
  /// Energy that a session's move to another cluster costs, J. The default is what `hierarchical`
  /// takes for it over the two seconds for which a change dwells.
  double move_j = 0.1;
  /// Energy that a change of the clock of a cluster in use costs, J: what it draws while the
  /// hardware settles.
  double clock_j = 0.002;
  /// Frequencies that are tried per cluster, evenly spread over the allowed ones, the lowest and
  /// the highest among them; 0: all. The result is exact for these.
  std::size_t max_steps = 0;
  /// Joint plans that an interval may have; beyond that the case is not a small one.
  std::size_t max_joint_plans = 20'000'000;
};

struct OracleResult {
  /// One for each interval.
  std::vector<Decision> decisions;
  /// What is missed, in the ranks of PlanCost, weighted with the seconds.
  Misses missed;
  /// The mode's objective over time plus what switching costs: with the objective `energy`, joule.
  double cost_j = 0.0;
};

/// The best that any policy could do on a trace that it knows beforehand: over all sequences of
/// joint plans (place, subnet and frequency of all sessions), the one that misses least and, of
/// those, costs least, the costs of switching included. Power caps are never exceeded as long as a
/// plan keeps them. Exact for its discretisation: dynamic programming over the intervals. Nobody
/// is promised anything: priorities alone rank what is missed.
///
/// nullopt if an interval has more than `max_joint_plans`. Pure.
std::optional<OracleResult> SolveOracle(std::span<const Interval> trace,
                                        const OracleOptions& options = {});

/// Plays the decisions of SolveOracle back as a policy, so that they can be run like any other's.
/// The interval is found by Snapshot::time_s. Sessions are matched by their order in the snapshot
/// (their ids differ from run to run); where count or models differ, since the loop has not yet
/// seen a change or has seen it early, the interval next in time that matches is taken. Without
/// one it decides as `hierarchical`.
class OraclePolicy final : public Policy {
 public:
  /// `trace` and `decisions` are as long as each other; `start_s` is the time of the first.
  OraclePolicy(std::vector<Interval> trace, std::vector<Decision> decisions, double start_s = 0.0);

  std::string_view name() const override { return "oracle"; }
  Decision Decide(const Snapshot& snapshot) const override;

 private:
  const std::vector<Interval> trace_;
  const std::vector<Decision> decisions_;
  std::vector<double> starts_s_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_ORACLE_H_
