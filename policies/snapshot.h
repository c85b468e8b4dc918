#ifndef DYNOFA_POLICIES_SNAPSHOT_H_
#define DYNOFA_POLICIES_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policies/cluster.h"
#include "policies/decision.h"
#include "policies/operating_point.h"
#include "policies/power_mode.h"
#include "policies/requirement.h"

namespace dynofa::policies {

/// What was seen of a session since the last decision. Zero counts mean that nothing is known.
struct Observation {
  std::int64_t completed = 0;
  std::int64_t missed = 0;  ///< late or expired
  /// In time only since a run was given up for a cheaper one (LastChance).
  std::int64_t restarted = 0;
  double p50_ms = 0.0;
  double p99_ms = 0.0;
  double rate_hz = 0.0;  ///< arrivals per second
  /// How unevenly requests come: 0 evenly, 1 independently of each other, up to 3 in bursts;
  /// nullopt before enough were seen.
  std::optional<double> arrival_variation;
  /// What the client waits on top of the response times here (transport), as it says itself.
  double overhead_ms = 0.0;
};

struct SessionState {
  std::string id;
  std::string model;
  Requirement requirement;
  Observation observed;
  /// The default route of a model, for requests without a session: gets an assignment, the
  /// quickest there is, but counts no demand and makes no cluster busy.
  bool standby = false;
};

/// All that a policy may know. Immutable while a policy looks at it.
struct Snapshot {
  /// Seconds since the manager started; policies have no other clock.
  double time_s = 0.0;
  /// When the window of the sessions' observations ended, in the same seconds. Several decisions
  /// may see the same window.
  double observed_at_s = 0.0;
  PowerMode mode;
  std::vector<ClusterState> clusters;
  /// Power that the board draws apart from its clusters, W; 0 if unknown. Counts against caps.
  double base_power_w = 0.0;
  std::vector<SessionState> sessions;
  /// Every operating point of every hosted model as profiled (ClusterState::slowdown is not
  /// applied). Shared, since it changes only with the profile.
  std::shared_ptr<const std::vector<OperatingPoint>> points;
  /// The decision in force; empty before the first one.
  Decision current;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_SNAPSHOT_H_
